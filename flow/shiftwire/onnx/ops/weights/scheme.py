"""How the weights of one scheme are read from the ONNX contract, and written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.ir.weights import Weights
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.weights import narrowest, read_bias
from shiftwire.onnx.context.writer import Inputs, Writer
from shiftwire.ops.weights.coded import Coded

WeightReader = Callable[[View, Graph], tuple[Weights, Bias, str]]
"""Weights channels first, their bias, and what the layer reads."""
WeightWriter = Callable[[Writer, Any, str], Inputs]
"""Inputs and attributes that say the scheme's own weights, channels first, for a layer of a name."""


def as_it_is(weights: Any) -> Weights:
    """The weights themselves."""
    assert isinstance(weights, Weights)
    return weights


@dataclass(frozen=True, slots=True)
class OnnxWeights:
    """A scheme in the contract; `sayable` are the nearest weights, channels first, that it can say exactly."""

    scheme: type[Weights]
    read: WeightReader
    write: WeightWriter
    sayable: Callable[[Any], Weights] = as_it_is


def codes_reader(scheme: Callable[[Any, int], Weights]) -> WeightReader:
    """Of codes on a grid, `weight` and `weight_frac`, and a bias."""

    def read(view: View, graph: Graph) -> tuple[Weights, Bias, str]:
        codes = view.integers(1, "weight")
        weights = scheme(codes, view.frac("weight_frac"))
        return weights, read_bias(view, 2, len(codes)), graph.source(view.inputs[0])

    return read


def write_codes(writer: Writer, weights: Coded, name: str) -> Inputs:
    """Codes on a grid."""
    return [writer.constant(f"{name}_weight", narrowest(np.asarray(weights.codes)))], {"weight_frac": weights.grid}
