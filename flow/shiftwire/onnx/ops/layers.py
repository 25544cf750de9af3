"""Readers of the contract's layers: Shift, Adder and Int, dense and convolution, Affine and Threshold."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.weights import Weights
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.numbers.interval import require_width
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.reading.graph import Graph
from shiftwire.onnx.reading.view import View
from shiftwire.ops.affine import Affine
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Threshold
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift

MAX_EXPONENT = 127
"""Exponents are int8."""


def read_window(view: View, kernel: tuple[int, ...]) -> Window:
    """Window of a convolution or a pool; ONNX lists all begins, then all ends."""
    axes = len(kernel)
    view.insist_ones("dilations", axes)
    view.insist("auto_pad", "NOTSET", default="NOTSET")
    pads = view.wholes("pads", 2 * axes, [0] * 2 * axes)
    return Window(kernel, view.wholes("strides", axes, [1] * axes), pads[:axes], pads[axes:])


def _shift_weights(view: View) -> ShiftWeights:
    sign, exponent = view.integers(1, "sign"), view.integers(2, "exponent")
    low, high = view.whole("exponent_min"), view.whole("exponent_max")
    if sign.shape != exponent.shape:
        raise InputError(
            f"sign {sign.shape} and exponent {exponent.shape} differ in shape; give both (terms, out, ...)"
        )
    outside = (sign != 0) & ((exponent < low) | (exponent > high))
    if outside.any():
        at = np.argwhere(outside)[0]
        raise InputError(
            f"the exponent {exponent[tuple(at)]} at {at.tolist()} is outside the window {low}..{high}; "
            "widen exponent_min and exponent_max or clamp the weights"
        )
    if np.abs(np.where(sign != 0, exponent, 0)).max() > MAX_EXPONENT:
        raise InputError(
            f"an exponent of {exponent.flat[np.abs(exponent).argmax()]} is outside -127..127; rescale the layer"
        )
    if np.abs(sign).max() > 1:
        raise InputError(f"a sign of {sign.flat[np.abs(sign).argmax()]} is none of -1, 0, 1")
    return ShiftWeights(sign.astype(np.int8), np.where(sign != 0, exponent, 0).astype(np.int8))


def _bias(view: View, position: int, outputs: int) -> Bias:
    codes = view.integers(position, "bias")
    if codes.shape != (outputs,):
        raise InputError(f"a bias of shape {codes.shape} does not fit {outputs} outputs; give one for each")
    return Bias(codes, view.frac("bias_frac"))


def _shift(view: View, graph: Graph) -> tuple[Weights, Bias, str]:
    weights = Shift(_shift_weights(view))
    return weights, _bias(view, 3, weights.shape[0]), graph.source(view.inputs[0])


def _adder(view: View, graph: Graph) -> tuple[Weights, Bias, str]:
    """Weights and input meet on the finer of their grids; a coarser input is first made finer, which is exact."""
    codes, grid = view.integers(1, "weight"), view.frac("weight_frac")
    source = graph.source(view.inputs[0])
    x = graph.tensors[source].format
    if grid > x.frac:
        finer = Fixed(x.bits + grid - x.frac, grid, x.signed)
        source = graph.append(Requantize(finer, Rounding.FLOOR, Overflow.SATURATE), (source,), f"{view.output}_align")
        return Adder(codes, grid), Bias.none(len(codes)), source
    require_width(float(np.abs(codes).max()) * 2.0 ** (x.frac - grid))
    return Adder(codes << (x.frac - grid), x.frac), Bias.none(len(codes)), source


def _int(view: View, graph: Graph) -> tuple[Weights, Bias, str]:
    codes = view.integers(1, "weight")
    return Int(codes, view.frac("weight_frac")), _bias(view, 2, len(codes)), graph.source(view.inputs[0])


Lane = Callable[[View, Graph], tuple[Weights, Bias, str]]


def _dense(lane: Lane) -> Callable[[View, Graph], None]:
    def read(view: View, graph: Graph) -> None:
        weights, bias, source = lane(view, graph)
        _require_rank(weights.shape, 2, "(out, in)")
        graph.known[view.output] = graph.append(Dense(weights, bias), (source,), view.output)

    return read


def _conv(lane: Lane) -> Callable[[View, Graph], None]:
    def read(view: View, graph: Graph) -> None:
        weights, bias, source = lane(view, graph)
        _require_rank(weights.shape, len(graph.tensors[source].shape) + 1, "(out, channels / group, kernel...)")
        window = read_window(view, weights.shape[2:])
        op = Conv(_channels_last(weights), bias, window, view.whole("group", 1, lowest=1))
        graph.known[view.output] = graph.append(op, (source,), view.output)

    return read


def _require_rank(shape: tuple[int, ...], rank: int, wanted: str) -> None:
    if len(shape) != rank:
        raise InputError(f"weights of shape {shape} do not fit the input; give {wanted}")


def _channels_last(weights: Weights) -> Weights:
    """(out, channels, kernel...) to (out, kernel..., channels)."""
    match weights:
        case Shift(ShiftWeights(sign, exponent)):
            return Shift(ShiftWeights(np.moveaxis(sign, 2, -1), np.moveaxis(exponent, 2, -1)))
        case Adder(codes, grid):
            return Adder(np.moveaxis(codes, 1, -1), grid)
        case Int(codes, grid):
            return Int(np.moveaxis(codes, 1, -1), grid)
    raise InputError(f"weights of kind {weights.kind} have no channels")


def _affine(view: View, graph: Graph) -> None:
    scale = _shift_weights(view)
    _require_rank(scale.sign.shape, 2, "(terms, channels)")
    graph.emit(view, Affine(scale, _bias(view, 3, scale.sign.shape[1])), view.inputs[0])


def _threshold(view: View, graph: Graph) -> None:
    """Thresholds move to the input's grid, rounded up, and into its range; both are exact."""
    x = graph.tensor(view.inputs[0]).format
    rows = view.constant(1, "thresholds")
    if rows.dtype.kind not in "iu" or rows.ndim != 2:
        raise InputError(f"thresholds of type {rows.dtype} and shape {rows.shape}, wanted integers (channels, steps)")
    drop = view.frac("threshold_frac") - x.frac
    on_grid = np.array([[_reached(int(code), drop, x) for code in row] for row in rows], np.int64)
    base, step = view.integers(2, "base"), view.integers(3, "step")
    graph.emit(view, Threshold(on_grid, base, step, x.frac, view.frac("frac")), view.inputs[0])


def _reached(threshold: int, drop: int, x: Fixed) -> int:
    """The smallest code of x that reaches a threshold; one above the highest where none does."""
    moved = -(-threshold >> drop) if drop > 0 else threshold << -drop
    return min(max(moved, x.lo), x.hi + 1)


DENSE_READERS = {"ShiftDense": _dense(_shift), "AdderDense": _dense(_adder), "IntDense": _dense(_int)}
CONV_READERS = {"ShiftConv": _conv(_shift), "AdderConv": _conv(_adder), "IntConv": _conv(_int)}
AFFINE_READERS = {"Affine": _affine, "Threshold": _threshold}
