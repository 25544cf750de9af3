"""Readers of Gemm and Conv whose weights the file quantises."""

from __future__ import annotations

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.numbers.fixed import Codes, Values
from shiftwire.numbers.float_quantizer import Floats
from shiftwire.onnx.ops.arithmetic import values_of
from shiftwire.onnx.ops.layers import read_window
from shiftwire.onnx.reading.graph import Graph
from shiftwire.onnx.reading.parameter import Parameter, weights_of
from shiftwire.onnx.reading.pending import Linear, Pending
from shiftwire.onnx.reading.view import View
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense

BIAS_GRID = 8
"""How much finer than the sums a bias may be to be built as it is; a finer one waits for the next quantiser."""

BIAS_REACH = 24
"""How many powers of two a bias's scale may be above the sums' own."""


def _gemm(view: View, graph: Graph) -> None:
    weight = _weight(view, graph)
    view.insist("transA", 0, default=0)
    view.insist("alpha", 1.0, default=1.0)
    view.insist("beta", 1.0, default=1.0)
    if not view.flag("transB", 0):
        raise InputError("its weights are computed in the graph or not quantised as (out, in); export it again")
    if weight.codes.ndim != 2:
        raise InputError(f"weights of shape {weight.codes.shape} do not fit the input; give (out, in)")
    name, pending = graph.scaled(view.inputs[0])
    codes, scale, grid = weight.by_channel(pending.scale)
    total = _frac(graph, name, grid)
    bias, step = _bias(view, graph, scale, total, len(codes))
    op = Dense(weights_of(codes, grid, graph.integer_weights), bias)
    _put(view, graph, graph.append(op, (name,), view.output), scale, step)


def _conv(view: View, graph: Graph) -> None:
    weight = _weight(view, graph)
    name, pending = graph.scaled(view.inputs[0])
    spatial = len(graph.tensors[name].shape) - 1
    if weight.codes.ndim != spatial + 2:
        raise InputError(f"weights of shape {weight.codes.shape} do not fit {spatial} spatial axes")
    view.wholes("kernel_shape", spatial, list(weight.codes.shape[2:]))
    groups = view.whole("group", 1, lowest=1)
    codes, scale, grid = _grouped(weight, pending.scale, groups)
    window = read_window(view, codes.shape[2:])
    bias, step = _bias(view, graph, scale, _frac(graph, name, grid), len(codes))
    op = Conv(weights_of(np.moveaxis(codes, 1, -1), grid, graph.integer_weights), bias, window, groups)
    _put(view, graph, graph.append(op, (name,), view.output), scale, step)


def _grouped(weight: Parameter, scale: Values, groups: int) -> tuple[Codes, Values, int]:
    """A depthwise filter reads one channel alone, so it takes that channel's scale whatever it is."""
    if scale.ndim and weight.codes.shape[1] == 1:
        repeats = len(weight.codes) // groups
        return Parameter(weight.codes, weight.scale * np.repeat(scale, repeats)).by_channel(np.ones(()))
    if scale.ndim and groups > 1:
        raise InputError("a grouped convolution cannot take another scale for each channel; use one for the tensor")
    return weight.by_channel(scale)


def _weight(view: View, graph: Graph) -> Parameter:
    if len(view.inputs) > 1 and view.inputs[1] in graph.parameters:
        return graph.parameters[view.inputs[1]]
    if len(view.inputs) > 1 and view.is_constant(1):
        raise InputError(
            f"its '{view.inputs[1]}' is a float tensor; convert takes files whose weights and activations are all "
            "quantised, so train with quantised layers (shiftwire-train, Brevitas) or run shiftwire quantize on it"
        )
    raise InputError("its weights are computed in the graph; make them an initialiser behind a Quant node")


def _frac(graph: Graph, name: str, grid: int) -> int:
    """Grid of the sums."""
    return graph.tensors[name].format.frac + grid


def _bias(view: View, graph: Graph, scale: Values, frac: int, outputs: int) -> tuple[Bias, Linear | None]:
    """A bias on the grid of the sums is built; any other waits as a float addition."""
    if len(view.inputs) < 3 or not view.inputs[2]:
        return Bias.none(outputs), None
    values, codes = _bias_values(view, graph, np.broadcast_to(scale, (outputs,)), frac)
    if codes is not None:
        return Bias(codes, frac), None
    if not scale.ndim and scale == 1:
        fine = np.ldexp(values.astype(np.float64), frac + BIAS_GRID)
        if (fine == np.rint(fine)).all() and np.abs(fine).max() < 2.0**53:
            return Bias(fine.astype(np.int64), frac + BIAS_GRID), None
    return Bias.none(outputs), Linear(np.ones(outputs, np.float32), values)


def _bias_values(view: View, graph: Graph, scale: Values, frac: int) -> tuple[Floats, Codes | None]:
    """Values of the bias (out,), and its codes where its quantiser has the scale (out,) of the sums in float32."""
    found = graph.parameters.get(view.inputs[2])
    values = view.constant(2, "bias").astype(np.float32).ravel() if found is None else values_of(found).ravel()
    if values.shape != scale.shape:
        raise InputError(f"a bias of shape {values.shape} does not fit {len(scale)} outputs; give one for each")
    if found is None:
        return values, None
    unit = np.ldexp(scale, -frac).astype(np.float32)
    ratio = np.broadcast_to(found.scale, values.shape).astype(np.float32) / unit
    is_whole = ((np.frexp(ratio)[0] == 0.5) & (ratio >= 1) & (ratio < 2.0**BIAS_REACH)).all()
    return values, found.codes.ravel() * ratio.astype(np.int64) if is_whole else None


def _put(view: View, graph: Graph, name: str, scale: Values, step: Linear | None) -> None:
    pending = Pending(scale)
    graph.put(view, name, pending if step is None else pending.then(step))


WEIGHTED_READERS = {("", "Gemm"): _gemm, ("", "Conv"): _conv}
