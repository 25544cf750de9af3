"""Templates of adder layers in the contract."""

from __future__ import annotations

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.ir.weights import Weights
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.numbers.interval import require_width
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.view import View
from shiftwire.onnx.ops.weights.scheme import OnnxWeights, write_codes
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.weights.adder import Adder


def _read(view: View, graph: Graph) -> tuple[Weights, Bias, str]:
    return on_one_grid(view, graph, Adder(view.integers(1, "weight"), view.frac("weight_frac")))


def on_one_grid(view: View, graph: Graph, weights: Adder) -> tuple[Weights, Bias, str]:
    """Weights and input meet on the finer of their grids; a coarser input is first made finer, which is exact."""
    codes, grid = weights.codes, weights.grid
    source = graph.source(view.inputs[0])
    x = graph.tensors[source].format
    if grid > x.frac:
        finer = Fixed(x.bits + grid - x.frac, grid, x.signed)
        source = graph.append(Requantize(finer, Rounding.FLOOR, Overflow.SATURATE), (source,), f"{view.output}_align")
        return weights, Bias.none(len(codes)), source
    if grid == x.frac:
        return weights, Bias.none(len(codes)), source
    require_width(float(np.abs(codes).max()) * 2.0 ** (x.frac - grid))
    return Adder(codes << (x.frac - grid), x.frac), Bias.none(len(codes)), source


ADDER = OnnxWeights(Adder, _read, write_codes)
