"""Every weight scheme of the contract: a new one is a line here."""

from __future__ import annotations

from shiftwire.ir.bias import Bias
from shiftwire.ir.weights import Weights
from shiftwire.onnx.context.weights import write_bias
from shiftwire.onnx.context.writer import Inputs, Writer
from shiftwire.onnx.ops.weights.adder import ADDER
from shiftwire.onnx.ops.weights.binary import BINARY
from shiftwire.onnx.ops.weights.circulant import CIRCULANT
from shiftwire.onnx.ops.weights.factored import FACTORED, FACTORED_ADDER
from shiftwire.onnx.ops.weights.integer import INTEGER
from shiftwire.onnx.ops.weights.scheme import OnnxWeights
from shiftwire.onnx.ops.weights.shift import SHIFT

SCHEMES: tuple[OnnxWeights, ...] = (SHIFT, ADDER, INTEGER, FACTORED, FACTORED_ADDER, BINARY, CIRCULANT)
KINDS: dict[str, OnnxWeights] = {scheme.scheme.kind: scheme for scheme in SCHEMES}
"""By the first part of the names of a scheme's layers."""


def sayable(weights: Weights) -> Weights:
    """The nearest weights, channels first, that the contract can say exactly."""
    return KINDS[weights.kind].sayable(weights)


def write_weights(writer: Writer, weights: Weights, bias: Bias, name: str) -> Inputs:
    """Inputs behind x and attributes of a layer of any scheme, weights channels first."""
    names, attributes = KINDS[weights.kind].write(writer, weights, name)
    biases, bias_attributes = write_bias(writer, bias, name) if weights.has_bias else ([], {})
    return names + biases, attributes | bias_attributes
