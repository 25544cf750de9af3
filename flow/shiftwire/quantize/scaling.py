"""Scale and bias per channel, fitted to the calibration samples, as k powers of two: what batch norm becomes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shiftwire.fixed import Codes, Fixed, Overflow, Rounding, Values
from shiftwire.network import Op, Tensor
from shiftwire.ops import Affine, Bias, Requantize
from shiftwire.quantize.formats import covering
from shiftwire.quantize.options import Method, Options
from shiftwire.quantize.terms import greedy_terms, weight_values
from shiftwire.shift_weights import ShiftWeights

GUARD_BITS = 4
"""Bits below an activation's step that a sum keeps before it is scaled."""
FITTED = 1024
"""Values a channel from which on a slope is fitted; fewer would fit their noise."""


@dataclass(frozen=True, eq=False)
class Made:
    """A tensor and its codes (N, ...) on the calibration samples."""

    tensor: Tensor
    codes: Codes

    @property
    def values(self) -> Values:
        return self.tensor.format.decode(self.codes)


@dataclass(frozen=True, eq=False)
class Step:
    """One op of a chain and what it makes of the calibration samples."""

    op: Op
    made: Made

    @classmethod
    def after(cls, op: Op, given: Made) -> Step:
        return cls(op, Made(op.infer(given.tensor), op.evaluate((given.tensor,), given.codes)))


def bias_on(values: Values, frac: int) -> Bias:
    """Biases (out,) rounded to the grid 2**-frac."""
    return Bias(np.rint(np.ldexp(values, frac)).astype(np.int64), frac)


def channel_mean(values: Values) -> Values:
    """Mean over everything but the last axis."""
    mean: Values = values.reshape(-1, values.shape[-1]).mean(axis=0)
    return mean


def affine_steps(given: Made, right: Values, scale: Values, options: Options, is_last: bool) -> tuple[Step, ...]:
    """Ops that turn sums into scale * sum + bias, nearest to the float values `right` (N, ..., C).

    The slope is refitted where there are values enough, since sums of rounded inputs and weights are not the float
    ones; the bias makes the mean right. Bits of the sum far below an activation's step are cut off first, which is
    a wire; the bias makes up for what the floor loses.
    """
    steps: list[Step] = []
    slope = fitted_slope(given.values, right, scale)
    held = given.tensor.format
    drop = 0 if is_last else _idle_bits(held, right, slope, options)
    if drop > 0:
        cut = Fixed(held.bits - drop, held.frac - drop, held.signed)
        steps.append(Step.after(Requantize(cut, Rounding.FLOOR, Overflow.WRAP), given))
        given = steps[-1].made
    terms = greedy_terms(slope[:, None], options.affine_terms, options.affine_exponents, Method.LINEAR)
    flat = ShiftWeights(terms.sign[..., 0], terms.exponent[..., 0])
    bias = channel_mean(right - weight_values(flat) * given.values)
    op = Affine(flat, bias_on(bias, given.tensor.format.frac - flat.window[0]))
    return (*steps, Step.after(op, given))


def fitted_slope(sums: Values, right: Values, scale: Values) -> Values:
    """Least squares of `right` on `sums`, channel by channel; the float scale where values are few or alike."""
    x, y = (values.reshape(-1, values.shape[-1]) for values in (sums, right))
    if len(x) < FITTED:
        return scale
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    power = np.square(x).sum(axis=0)
    fitted = (x * y).sum(axis=0) / np.where(power > 0, power, 1)
    is_near = (power > 0) & (np.abs(fitted - scale) < np.abs(scale) / 2)
    slopes: Values = np.where(is_near, fitted, scale)
    return slopes


def _idle_bits(held: Fixed, right: Values, slope: Values, options: Options) -> int:
    """Low bits of a sum that lie GUARD_BITS below the step of an activation on the values `right`."""
    steepest = float(np.abs(slope).max())
    if steepest <= 0:
        return 0
    step = covering(float(right.min()), float(right.max()), options.act_bits).frac
    return min(int(np.floor(held.frac - step - GUARD_BITS - np.log2(steepest))), held.bits - 1)
