"""Weights and biases of the contract, read and written: signs and exponents, or codes on a grid."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.weights import Weights
from shiftwire.numbers.factored import Factors
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding
from shiftwire.numbers.interval import require_width
from shiftwire.numbers.shift_weights import ShiftWeights, Signs
from shiftwire.numbers.smart_exchange import basis_codes
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.writer import Inputs, Writer
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.binary import Binary
from shiftwire.ops.weights.factored import Factored, FactoredAdder
from shiftwire.ops.weights.factors import OfFactors
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift

MAX_EXPONENT = 127
"""Exponents are int8."""


def _terms(sign: Codes, exponent: Codes) -> tuple[Signs, Signs]:
    """Both as int8, exponents of no term 0."""
    used = np.where(sign != 0, exponent, 0)
    if np.abs(used).max() > MAX_EXPONENT:
        raise InputError(f"an exponent of {used.flat[np.abs(used).argmax()]} is outside -127..127; rescale the layer")
    if np.abs(sign).max() > 1:
        raise InputError(f"a sign of {sign.flat[np.abs(sign).argmax()]} is none of -1, 0, 1")
    return sign.astype(np.int8), used.astype(np.int8)


def shift_weights(view: View) -> ShiftWeights:
    """Signs and exponents from inputs 1 and 2; raises InputError for exponents outside the range the node names."""
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
            f"the exponent {exponent[tuple(at)]} at {at.tolist()} is outside the range {low}..{high}; "
            "widen exponent_min and exponent_max or clamp the weights"
        )
    return ShiftWeights(*_terms(sign, exponent))


def read_bias(view: View, position: int, outputs: int) -> Bias:
    """A bias (out,) on the grid that `bias_frac` names; raises InputError for another shape."""
    codes = view.integers(position, "bias")
    if codes.shape != (outputs,):
        raise InputError(f"a bias of shape {codes.shape} does not fit {outputs} outputs; give one for each")
    return Bias(codes, view.frac("bias_frac"))


def _shift(view: View, graph: Graph) -> tuple[Weights, Bias, str]:
    weights = Shift(shift_weights(view))
    return weights, read_bias(view, 3, weights.shape[0]), graph.source(view.inputs[0])


def _adder(view: View, graph: Graph) -> tuple[Weights, Bias, str]:
    """Weights and input meet on the finer of their grids; a coarser input is first made finer, which is exact."""
    return _on_one_grid(view, graph, Adder(view.integers(1, "weight"), view.frac("weight_frac")))


def _on_one_grid(view: View, graph: Graph, weights: Adder) -> tuple[Weights, Bias, str]:
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


def _int(view: View, graph: Graph) -> tuple[Weights, Bias, str]:
    codes = view.integers(1, "weight")
    return Int(codes, view.frac("weight_frac")), read_bias(view, 2, len(codes)), graph.source(view.inputs[0])


def _factors(view: View) -> tuple[Factors, tuple[int, ...]]:
    """Inputs 1 to 3 and the shape of a filter."""
    sign, exponent = view.integers(1, "sign"), view.integers(2, "exponent")
    if sign.shape != exponent.shape:
        raise InputError(
            f"sign {sign.shape} and exponent {exponent.shape} differ in shape; give both (out, matrices, rows, 3)"
        )
    frac, shape = view.frac("basis_frac"), view.attribute("shape")
    if not isinstance(shape, list) or not shape or not all(type(size) is int and size > 0 for size in shape):
        raise InputError(f"attribute shape = {shape} is not handled; give that of one filter, (in) or (channels, ...)")
    basis = basis_codes(np.ldexp(view.integers(3, "basis").astype(np.float64), -frac), frac)
    return Factors(*_terms(sign, exponent), basis.astype(np.int8), frac, prod(shape)), tuple(shape)


def _factored(view: View, graph: Graph) -> tuple[Weights, Bias, str]:
    factors, shape = _factors(view)
    return Factored.of(factors, shape), read_bias(view, 4, len(factors.sign)), graph.source(view.inputs[0])


def _factored_adder(view: View, graph: Graph) -> tuple[Weights, Bias, str]:
    """Factors, unless their weights meet a finer input: then hardware takes the weights themselves."""
    factors, shape = _factors(view)
    weights = FactoredAdder.of(factors, view.frac("weight_frac"), shape)
    return _on_one_grid(view, graph, weights)


def _binary(view: View, graph: Graph) -> tuple[Weights, Bias, str]:
    codes = view.integers(1, "weight")
    return Binary(codes, view.frac("weight_frac")), read_bias(view, 2, len(codes)), graph.source(view.inputs[0])


WeightReader = Callable[[View, Graph], tuple[Weights, Bias, str]]


def require_rank(shape: tuple[int, ...], rank: int, wanted: str) -> None:
    """Raise InputError, with the axes wanted, for weights of another number of axes."""
    if len(shape) != rank:
        raise InputError(f"weights of shape {shape} do not fit the input; give {wanted}")


def channels_last_weights(weights: Weights) -> Weights:
    """(out, channels, kernel...) to (out, kernel..., channels)."""
    match weights:
        case Shift(ShiftWeights(sign, exponent)):
            return Shift(ShiftWeights(np.moveaxis(sign, 2, -1), np.moveaxis(exponent, 2, -1)))
        case Factored() | FactoredAdder():
            return weights.with_moved(0, -1)
        case Adder(codes, grid):
            return Adder(np.moveaxis(codes, 1, -1), grid)
        case Int(codes, grid):
            return Int(np.moveaxis(codes, 1, -1), grid)
        case Binary(codes, grid):
            return Binary(np.moveaxis(codes, 1, -1), grid)
    raise InputError(f"weights of kind {weights.kind} have no channels")


WEIGHT_READERS: dict[str, WeightReader] = {
    "Shift": _shift, "Adder": _adder, "Int": _int, "Factored": _factored, "FactoredAdder": _factored_adder,
    "Binary": _binary,
}  # fmt: skip
"""By the first part of the names of a scheme's layers."""


def narrowest(codes: Codes) -> npt.NDArray[Any]:
    """The smallest of the contract's integer types that holds the codes."""
    bits = Fixed.covering(int(codes.min()), int(codes.max()), 0).signed_bits
    kinds = [(8, np.int8), (16, np.int16), (32, np.int32)]
    return codes.astype(next((kind for limit, kind in kinds if bits <= limit), np.int64))


def write_terms(
    writer: Writer, weights: ShiftWeights, name: str, axis: int | None = None
) -> tuple[list[str], dict[str, int]]:
    """Initialisers and exponent range of shift weights; `axis` is where the channels stand in the flow."""
    arrays = [weights.sign, weights.exponent]
    if axis is not None:
        arrays = [np.moveaxis(array, -1, axis) for array in arrays]
    names = [writer.constant(f"{name}_{kind}", a) for kind, a in zip(("sign", "exponent"), arrays, strict=True)]
    low, high = weights.exponent_range
    return names, {"exponent_min": low, "exponent_max": high}


def write_bias(writer: Writer, bias: Bias, name: str) -> Inputs:
    """As the contract has it: int32 codes where they fit, and `bias_frac`."""
    narrow = bias.codes.astype(np.int32 if np.abs(bias.codes).max() < 1 << 31 else np.int64)
    return [writer.constant(f"{name}_bias", narrow)], {"bias_frac": bias.frac}


def write_weights(writer: Writer, weights: Weights, bias: Bias, name: str, is_conv: bool) -> Inputs:
    """Inputs behind x and attributes of a layer of any scheme; weights go channels first."""
    biases, bias_attributes = write_bias(writer, bias, name) if weights.has_bias else ([], {})
    match weights:
        case Shift(terms):
            names, attributes = write_terms(writer, terms, name, 2 if is_conv else None)
        case Factored():
            names, attributes = _write_factors(writer, weights, name, is_conv)
        case FactoredAdder():
            names, attributes = _write_factors(writer, weights, name, is_conv)
            attributes["weight_frac"] = weights.grid
        case Adder(codes, grid) | Int(codes, grid) | Binary(codes, grid):
            array = np.moveaxis(codes, -1, 1) if is_conv else codes
            names, attributes = [writer.constant(f"{name}_weight", narrowest(array))], {"weight_frac": grid}
    return names + biases, attributes | bias_attributes


def in_order(weights: Weights, is_conv: bool) -> Weights:
    """The weights as the contract can say them: factors whose numbers were permuted are codes."""
    if not isinstance(weights, Factored | FactoredAdder) or _first(weights, is_conv).is_in_order:
        return weights
    return (Int if isinstance(weights, Factored) else Adder)(weights.codes, weights.grid)


def _first(weights: OfFactors, is_conv: bool) -> OfFactors:
    """Channels first."""
    return weights.with_moved(-1, 0) if is_conv else weights


def _write_factors(writer: Writer, weights: OfFactors, name: str, is_conv: bool) -> tuple[list[str], dict[str, Any]]:
    factors = weights.factors
    arrays = {"sign": factors.sign, "exponent": factors.exponent, "basis": factors.basis}
    names = [writer.constant(f"{name}_{role}", array) for role, array in arrays.items()]
    return names, {"basis_frac": factors.basis_frac, "shape": list(_first(weights, is_conv).places.shape)}
