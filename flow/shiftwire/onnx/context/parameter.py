"""Weights and biases that the file quantizes: whole codes and a scale, as QONNX computes them."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.weights import Weights
from shiftwire.numbers.fixed import MAX_FRAC, Codes, Values
from shiftwire.numbers.float_quantizer import Floats
from shiftwire.numbers.shift_weights import WIDEST_EXPONENT_RANGE, signed_digits
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift


class IntegerWeights(enum.Enum):
    """What becomes of weights that are no powers of two: exact sums of powers of two, or multipliers."""

    TERMS = "terms"
    MULTIPLY = "multiply"


@dataclass(frozen=True, eq=False)
class Parameter:
    """value = codes * scale; codes of any shape (out, ...), scale () or (out,), float64."""

    codes: Codes
    scale: Values

    def by_channel(self, factor: Values) -> tuple[Codes, Values, int]:
        """Codes, scale and grid of the weight times `factor` (), (in,): exact, one scale wherever possible.

        The scale is () or (out,); codes are in units of 2**-grid times it. `factor` of several inputs is taken in
        where all are one scale times powers of two.
        """
        codes, inputs = self._with_inputs(factor)
        scale = self.scale * inputs
        if scale.ndim and len(set(np.frexp(scale)[0].tolist())) == 1:
            exponent = np.frexp(scale)[1]
            spread = int(exponent.max() - exponent.min())
            if spread <= WIDEST_EXPONENT_RANGE // 2:
                codes = codes << _rows(exponent - exponent.min(), codes).astype(np.int64)
                scale = scale.min()
        exponent = int(np.frexp(np.min(scale))[1]) - 1
        return codes, np.ldexp(scale, -exponent), -exponent

    def times(self, factor: Values) -> Parameter:
        """The same times constants that broadcast, one or one an output; a negative one turns the codes."""
        row = _by_output(factor, self.codes)
        sign: Codes = np.sign(row).astype(np.int64)
        codes: Codes = self.codes * (sign.reshape(-1, *[1] * (self.codes.ndim - 1)) if sign.ndim else sign)
        return Parameter(codes, self.scale * np.where(row == 0, 1.0, np.abs(row)))

    def plus(self, offset: Values) -> Parameter:
        """The same with constants added that are whole numbers of its steps; raises InputError for others."""
        scale = _rows(self.scale, self.codes) if self.scale.ndim else self.scale
        steps = np.rint(offset / scale)
        if ((steps * scale).astype(np.float32) != offset.astype(np.float32)).any():
            raise InputError(
                "it adds to quantized weights what is no whole number of their steps, so that they are on no grid any "
                "more; add it in front of their quantizer"
            )
        return Parameter(self.codes + steps.astype(np.int64), self.scale)

    def _with_inputs(self, factor: Values) -> tuple[Codes, Values]:
        if not factor.ndim:
            return self.codes, factor
        mantissa, exponent = np.frexp(factor)
        if (mantissa != mantissa[0]).any() or np.ptp(exponent) > WIDEST_EXPONENT_RANGE // 2:
            raise InputError(
                "its input has another scale in each channel, and they differ by more than powers of two, so no "
                "integer weight can take them in; use one scale for the whole tensor in front of this layer"
            )
        shifts = (exponent - exponent.min()).astype(np.int64)
        return self.codes << shifts.reshape(1, -1, *[1] * (self.codes.ndim - 2)), np.asarray(factor.min())


def _by_output(factor: Values, codes: Codes) -> Values:
    """Constants that broadcast to weights as () or (out,); raises InputError where they vary along another axis."""
    full = np.broadcast_to(factor, codes.shape)
    rows = full.reshape(len(codes), -1)
    if (rows != rows[:, :1]).any():
        raise InputError(
            f"a factor of shape {factor.shape} scales quantized weights along another axis than their outputs, which "
            "no scale behind the layer can do; give one for the whole tensor or for each output"
        )
    return np.asarray(rows[0, 0]) if (rows == rows[0, 0]).all() else rows[:, 0].copy()


def _rows(row: Values, like: Codes) -> Values:
    return row.reshape(-1, *[1] * (like.ndim - 1))


def weights_of(codes: Codes, grid: int, choice: IntegerWeights) -> Weights:
    """Shift weights of as many terms as the codes' signed digits need; multipliers only where asked for."""
    if abs(grid) >= MAX_FRAC:
        raise InputError(f"its weights are multiples of 2^{-grid}, finer than any tensor is; rescale the layer")
    is_shift = bool((np.abs(codes) & (np.abs(codes) - 1) == 0).all())
    if choice is IntegerWeights.MULTIPLY and not is_shift:
        return Int(codes, grid)
    return Shift(signed_digits(codes, grid))


def scales_along(scale: Floats, shape: tuple[int, ...], axis: int) -> Values:
    """Scales () or (C,) in float64; raises InputError where they vary along another axis than `axis`."""
    if not scale.ndim:
        return scale.astype(np.float64)
    full = scale.reshape((1,) * (len(shape) - scale.ndim) + scale.shape)
    if full.ndim != len(shape) or full.size != full.shape[axis] or full.size != shape[axis]:
        raise InputError(
            f"its scale has shape {scale.shape}; only one for the whole tensor or for each "
            f"{'output' if axis == 0 else 'channel'} is handled, so train with such a scale"
        )
    return full.ravel().astype(np.float64)
