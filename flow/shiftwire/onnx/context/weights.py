"""What weights of the contract are made of, read and written: signs and exponents, codes on a grid, biases."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.shift_weights import ShiftWeights, Signs
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.writer import Inputs, Writer

MAX_EXPONENT = 127
"""Exponents are int8."""


def terms(sign: Codes, exponent: Codes) -> tuple[Signs, Signs]:
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
    return ShiftWeights(*terms(sign, exponent))


def read_bias(view: View, position: int, outputs: int) -> Bias:
    """A bias (out,) on the grid that `bias_frac` names; raises InputError for another shape."""
    codes = view.integers(position, "bias")
    if codes.shape != (outputs,):
        raise InputError(f"a bias of shape {codes.shape} does not fit {outputs} outputs; give one for each")
    return Bias(codes, view.frac("bias_frac"))


def require_rank(shape: tuple[int, ...], rank: int, wanted: str) -> None:
    """Raise InputError, with the axes wanted, for weights of another number of axes."""
    if len(shape) != rank:
        raise InputError(f"weights of shape {shape} do not fit the input; give {wanted}")


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
