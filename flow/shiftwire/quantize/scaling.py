"""Scale and bias per channel, fitted to the calibration samples, as k powers of two: what batch norm becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Op, Tensor
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding, Values
from shiftwire.numbers.shift_weights import ShiftWeights, signed_digits
from shiftwire.numbers.signed_digits import fewest_powers, power
from shiftwire.ops.affine import Affine
from shiftwire.ops.requantize import Requantize
from shiftwire.quantize.formats import covering
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.options import Options
from shiftwire.quantize.terms import greedy_terms, weight_values

GUARD_BITS = 4
"""Bits below an activation's step that a sum keeps before it is scaled."""
LAST_GUARD_BITS = 6
"""The same in front of the network's output, which is not rounded any more."""
EXACT_BITS = 24
"""Scaled sums stay this narrow where they can, so that float32 repeats them and a residual added to them."""
MOST_BITS = 48
"""Sums are never moved beyond this width."""
FEWEST_EXPONENTS = 10
"""What a scale needs to be worth its terms."""
MARGIN = 2
"""Sums may reach this many times their calibration range before they saturate."""
FAR_BITS = 24
"""How much finer than an activation's step sums may be to be built as they are; finer bits are never seen."""
BUDGET_SHARE = Fraction(1, 4)
"""Of an error budget, for the scale of a channel: beside a filter that takes all of it, 3 % more of the error."""
FITTED = 1024
"""Values a channel from which on a slope is fitted; fewer would fit their noise."""


@dataclass(frozen=True, eq=False)
class TensorCodes:
    """A tensor and its codes (N, ...) on the calibration samples."""

    tensor: Tensor
    codes: Codes

    @property
    def values(self) -> Values:
        """What the codes mean, (N, ...) float64."""
        return self.tensor.format.decode(self.codes)


@dataclass(frozen=True, eq=False)
class Step:
    """One op of a chain and what it makes of the calibration samples."""

    op: Op
    output: TensorCodes

    @classmethod
    def after(cls, op: Op, x: TensorCodes) -> Step:
        """The op on a tensor, evaluated at once; raises InputError for a tensor that it cannot read."""
        return cls(op, TensorCodes(op.infer(x.tensor), op.evaluate((x.tensor,), x.codes)))


def bias_on(values: Values, frac: int) -> Bias:
    """Biases (out,) rounded to the grid 2**-frac."""
    return Bias(np.rint(np.ldexp(values, frac)).astype(np.int64), frac)


def fine_bias(values: Values, frac: int, finest: int, infer: Callable[[Bias], Tensor]) -> Bias:
    """Biases (out,) on the grid 2**-frac of the sums; where that is far coarser than what is kept, on a finer one.

    Sums of a dead layer behind large values are coarse, or nothing at all, and the biases are what its outputs are.
    That is as fine as leaves outputs of EXACT_BITS; `infer` gives the output.
    """
    plain = bias_on(values, frac)
    if frac >= finest - LAST_GUARD_BITS:
        return plain
    largest, bits = float(np.abs(values).max()), infer(plain).format.bits
    for grid in range(min(finest, frac + MOST_BITS - bits), frac, -1):
        if largest < 2.0 ** (EXACT_BITS - grid) and infer(bias := bias_on(values, grid)).format.bits <= EXACT_BITS:
            return bias
    return plain


def channel_mean(values: Values) -> Values:
    """Mean over everything but the last axis."""
    mean: Values = values.reshape(-1, values.shape[-1]).mean(axis=0)
    return mean


def affine_steps(
    sums: TensorCodes, right: Values, scale: Values, options: Options, is_last: bool, *, most_bits: int = MOST_BITS
) -> tuple[Step, ...]:
    """As `_affine_steps`; of sums that would end in more than `most_bits` so many of the finest bits are cut first."""
    spared, most_spared = 0, sums.tensor.format.bits
    while True:
        steps = _affine_steps(sums, right, scale, options, is_last, spared=spared)
        excess = steps[-1].output.tensor.format.bits - most_bits
        if excess <= 0 or spared > most_spared:
            return steps
        spared += excess


def _affine_steps(
    sums: TensorCodes, right: Values, scale: Values, options: Options, is_last: bool, *, spared: int
) -> tuple[Step, ...]:
    """Ops that turn sums into scale * sum + bias, nearest to the float values `right` (N, ..., C).

    The slope is refitted where there are values enough, since sums of rounded inputs and weights are not the float
    ones; the bias makes the mean right. Bits of the sum far below an activation's step are cut off first, which is
    a wire, and so are those beyond any range seen; the bias makes up for what the floor loses.
    """
    steps: list[Step] = []
    finest = finest_step(right, options, is_last)
    slope = _seen(sums, fitted_slope(sums.values, right, scale), finest)
    cut = _cut(sums, slope, finest - spared)
    if cut != sums.tensor.format:
        steps.append(Step.after(Requantize(cut, Rounding.FLOOR, Overflow.SATURATE), sums))
        sums = steps[-1].output
    room = max(EXACT_BITS - cut.signed_bits, FEWEST_EXPONENTS)
    terms = scale_terms(slope, min(options.affine_exponents, room), options)
    flat = ShiftWeights(terms.sign[..., 0], terms.exponent[..., 0])
    bias = channel_mean(right - weight_values(flat) * sums.values)
    frac = sums.tensor.format.frac - flat.exponent_range[0]
    fine = fine_bias(bias, frac, finest, lambda bias: Affine(flat, bias).infer(sums.tensor))
    return (*steps, Step.after(Affine(flat, fine), sums))


def scale_terms(slope: Values, exponents: int, options: Options) -> ShiftWeights:
    """Slopes (C,) as powers of two (terms, C, 1): as near as so many come, or the fewest that keep the error budget.

    A filter and its scale share the budget; a scale takes no more of it than BUDGET_SHARE.
    """
    greedy = greedy_terms(slope[:, None], options.affine_terms, exponents, Method.LINEAR)
    if options.error_budget is None:
        return greedy
    lowest = greedy.exponent_range[1] - exponents + 1
    share = Fraction(options.error_budget) * BUDGET_SHARE
    values = weight_values(greedy)[:, 0]
    for channel, value in enumerate(slope.tolist()):
        exact = abs(Fraction(value))
        few = fewest_powers(exact * (1 - share), exact * (1 + share)) if exact else None
        if (
            few is not None
            and len(few) <= options.affine_terms
            and lowest <= few[-1][1] <= few[0][1] < lowest + exponents
        ):
            values[channel] = np.sign(value) * float(sum(sign * power(exponent) for sign, exponent in few))
    return signed_digits(np.ldexp(values, -lowest).astype(np.int64)[:, None], -lowest)


def finest_step(right: Values, options: Options, is_last: bool) -> int:
    """Fraction bits that values in front of the rounding to an activation, or of the output, are worth."""
    bits = options.act_bits + (LAST_GUARD_BITS if is_last else GUARD_BITS)
    return covering(float(right.min()), float(right.max()), bits).frac


def is_far_below(format: Fixed, finest: int) -> bool:
    """Whether sums are so much finer than what is kept of them that a bias on their grid would be all zeros."""
    return format.frac - finest > FAR_BITS


def _seen(sums: TensorCodes, slope: Values, finest: int) -> Values:
    """Slopes of the channels that can reach half a step of 2**-finest; the others are 0, as their sums are."""
    axes = tuple(range(sums.codes.ndim - 1))
    reach = MARGIN * np.abs(sums.values).max(axis=axes)
    seen: Values = np.where(np.abs(slope) * reach < 2.0 ** -(finest + 1), 0, slope)
    return seen


def _cut(sums: TensorCodes, slope: Values, finest: int) -> Fixed:
    """The format of sums that are worth scaling: down to 2**-finest behind the slope, MARGIN times their own range."""
    format = sums.tensor.format
    steepest = float(np.abs(slope).max())
    if steepest <= 0:
        return Fixed(1, finest, signed=False) if is_far_below(format, finest) else format
    drop = max(int(np.floor(format.frac - finest - np.log2(steepest))), 0)
    lo, hi = (MARGIN * int(code) >> drop for code in (sums.codes.min(), sums.codes.max()))
    near = Fixed.covering(lo, hi, format.frac - drop)
    far = Fixed(max(format.bits - drop, 1), format.frac - drop, format.signed)
    return near if near.signed_bits < far.signed_bits else far


def coarser(format: Fixed, frac: int) -> Fixed:
    """The range of a format, rounded, on the coarser grid 2**-frac."""
    low, high = (int(code) >> format.frac - frac for code in (format.lo, format.hi))
    return Fixed.covering(low, high + 1, frac)


def near_format(x: TensorCodes, finest: int, bits: int) -> Fixed:
    """The format of at most so many bits, no finer than the codes are, for all that they can be.

    Where that would be coarser than 2**-finest, for MARGIN times their own range.
    """
    own = x.tensor.format
    if own.signed_bits <= bits:
        return own
    if own.signed_bits - max(own.frac - finest, 0) >= bits:
        own = Fixed.covering(MARGIN * int(x.codes.min()), MARGIN * int(x.codes.max()), own.frac)
    return own if own.signed_bits <= bits else coarser(own, own.frac - (own.signed_bits - bits) - 1)


def near_branches(branches: Mapping[str, TensorCodes], finest: int) -> dict[str, Fixed]:
    """Formats of branches, by name, whose join float32 repeats: on no finer grid than leaves it EXACT_BITS."""
    formats = {name: x.tensor.format for name, x in branches.items()}
    if _joined_bits(formats.values()) <= EXACT_BITS:
        return formats
    near = {name: near_format(x, finest, EXACT_BITS - 1) for name, x in branches.items()}
    frac = max(format.frac for format in near.values()) - max(_joined_bits(near.values()) + 1 - EXACT_BITS, 0)
    return {name: coarser(format, frac) if format.frac > frac else format for name, format in near.items()}


def _joined_bits(formats: Iterable[Fixed]) -> int:
    """At most, of two on the finer grid, added or side by side."""
    formats = list(formats)
    return max(each.signed_bits - each.frac for each in formats) + max(each.frac for each in formats) + 1


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
