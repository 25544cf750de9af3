"""What Gemm and Conv with quantized weights share: their weight, the grid of their sums and their bias."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.numbers.fixed import Codes, Values
from shiftwire.numbers.float_quantizer import Floats
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.parameter import Parameter
from shiftwire.onnx.context.pending import Linear, Pending
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.waiting import values_of

BIAS_GRID = 8
"""How much finer than the sums a bias may be to be built as it is; a finer one waits for the next quantizer."""


CODE, ULPS, FEWEST, SIZES = 255, 2, 8, 3
"""Largest code of a scale that is found, float32 steps of the largest weight that one may be off, fewest weights, and
different sizes that fewer must have: three floats are multiples of one step by chance once in a million times."""

GRID_BITS = 16
"""Bits of weights that are quantized though no operation of the file says so; float32 has 24."""

BIAS_REACH = 24
"""How many powers of two a bias's scale may be above the sums' own."""


def quantized_weight(view: View, graph: Graph) -> Parameter:
    """The second input as codes and scale; raises InputError for a weight that is float, and for a computed one."""
    if len(view.inputs) > 1 and view.inputs[1] in graph.parameters:
        return graph.parameters[view.inputs[1]]
    if len(view.inputs) > 1 and view.is_constant(1):
        parameter = on_a_grid(view.constant(1, "weight"))
        if parameter is not None:
            return parameter
        raise InputError(
            f"its '{view.inputs[1]}' is a float tensor; convert takes files whose weights and activations are all "
            "quantized, so train with quantized layers (shiftwire-train, Brevitas) or run shiftwire quantize "
            "on it (or explore, with --calibrate)"
        )
    raise InputError("its weights are computed in the graph; make them an initialiser behind a Quant node")


def on_a_grid(values: npt.NDArray[Any]) -> Parameter | None:
    """Float weights (out, ...) that are short codes: of one power of two, or of a scale for all or for each output.

    So folded weights of quantization-aware training are told from float ones, which have 24 bits each.
    """
    if values.dtype.kind != "f" or not values.any():
        return None
    exact = _on_power_of_two(values)
    if exact is not None:
        return exact
    rows = values.astype(np.float64).reshape(len(values), -1)
    scale = _step(rows.ravel())
    scales = np.full(len(rows), scale) if scale else np.array([_step(row) if row.any() else 1.0 for row in rows])
    is_told = values.size >= FEWEST or (scale > 0 and len(np.unique(np.abs(values))) >= SIZES)
    if not is_told or not scales.all():
        return None
    codes = np.rint(rows / scales[:, None]).astype(np.int64).reshape(values.shape)
    return Parameter(codes, np.asarray(scale) if scale else scales)


def _on_power_of_two(values: npt.NDArray[Any]) -> Parameter | None:
    low = int(np.frexp(np.abs(values[values != 0]).min())[1]) - 1
    for frac in range(-low, -low + GRID_BITS):
        codes = np.ldexp(values.astype(np.float64), frac)
        if np.abs(codes).max() >= 1 << GRID_BITS:
            return None
        if (codes == np.rint(codes)).all():
            return Parameter(codes.astype(np.int64), np.array(2.0**-frac))
    return None


def _step(row: Values) -> float:
    """The scale of which float32 numbers are whole multiples of at most CODE; 0 where there is none."""
    size = np.abs(row[row != 0])
    least, most = float(size.min()), float(size.max())
    for count in range(1, CODE + 1):
        if most / least * count > CODE + 0.5:
            return 0.0
        step = most / round(most / least * count)
        whole = np.rint(size / step)
        if (np.abs(whole * step - size) <= ULPS * np.spacing(np.float32(most))).all():
            return step
    return 0.0


def sum_frac(graph: Graph, name: str, grid: int) -> int:
    """Grid of the sums."""
    return graph.tensors[name].format.frac + grid


def waiting_bias(view: View, graph: Graph, scale: Values, frac: int, outputs: int) -> tuple[Bias, Linear | None]:
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
    """Values of the bias (out,), and its codes where its quantizer has the scale (out,) of the sums in float32."""
    parameter = graph.parameters.get(view.inputs[2])
    values = view.constant(2, "bias").astype(np.float32).ravel() if parameter is None else values_of(parameter).ravel()
    if values.shape != scale.shape:
        raise InputError(f"a bias of shape {values.shape} does not fit {len(scale)} outputs; give one for each")
    if parameter is None:
        return values, None
    unit = np.ldexp(scale, -frac).astype(np.float32)
    ratio = np.broadcast_to(parameter.scale, values.shape).astype(np.float32) / unit
    is_whole = ((np.frexp(ratio)[0] == 0.5) & (ratio >= 1) & (ratio < 2.0**BIAS_REACH)).all()
    return values, parameter.codes.ravel() * ratio.astype(np.int64) if is_whole else None


def put_sums(view: View, graph: Graph, name: str, scale: Values, step: Linear | None) -> None:
    """Sums become the ONNX node's output: `scale` () or (C,) stays pending, and a bias that was not built behind it."""
    pending = Pending(scale)
    graph.put(view, name, pending if step is None else pending.then(step))
