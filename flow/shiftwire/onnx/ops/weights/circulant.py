"""Circulant blocks of powers of two in the contract."""

from __future__ import annotations

from shiftwire.ir.bias import Bias
from shiftwire.ir.weights import Weights
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.weights import read_bias, shift_weights, write_terms
from shiftwire.onnx.context.writer import Inputs, Writer
from shiftwire.onnx.ops.weights.scheme import OnnxWeights
from shiftwire.ops.weights.circulant import Circulant
from shiftwire.ops.weights.shift import Shift


def _read(view: View, graph: Graph) -> tuple[Weights, Bias, str]:
    weights = Circulant.of(shift_weights(view))
    return weights, read_bias(view, 3, weights.shape[0]), graph.source(view.inputs[0])


def _write(writer: Writer, weights: Circulant, name: str) -> Inputs:
    return write_terms(writer, weights.vectors, name)


def _sayable(weights: Circulant) -> Weights:
    """Vectors whose filters or taps were permuted are sums of powers of two like any others."""
    return weights if weights.is_in_order else Shift(weights.weights)


CIRCULANT = OnnxWeights(Circulant, _read, _write, _sayable)
