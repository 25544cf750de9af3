"""Float operations between codes and codes again, as one op: a Threshold, or less where less will do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Op, Tensor
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding, Values
from shiftwire.numbers.float_quantizer import FloatRounding, Floats
from shiftwire.numbers.shift_weights import ShiftWeights, signed_digits
from shiftwire.onnx.context.joined import MOST_PAIRS, Joined, scaled_terms
from shiftwire.onnx.context.lines import LineOps, line_ops
from shiftwire.onnx.context.pending import (
    RELU,
    Cut,
    Linear,
    Pending,
    Rounded,
    Step,
    common_scale,
    is_power,
    normalised,
)
from shiftwire.ops.add import Add
from shiftwire.ops.affine import Affine
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Lookup, Threshold

MAX_STEPS = 1 << 12
"""Most steps of one staircase: each is a comparator, so 12 bits are far beyond what hardware wants."""

MOST_TRIED = 1 << 16
"""Codes of a format that are all tried, to see that float32 rounds none of them."""

AFFINE_TERMS = 8
"""Most powers of two of a factor that is built as it is."""

FAR = 1e30
"""Beyond every range of a quantizer."""

Staircase = Callable[[Codes], Codes]
"""Output codes (C, n) of input codes (C, n), monotone along each row."""

CodesOf = Callable[[Floats], Codes]
"""Codes of values (C, n), clipped and rounded."""

EXACT_MODES = {FloatRounding.FLOOR: Rounding.FLOOR, FloatRounding.HALF_EVEN: Rounding.HALF_EVEN}
"""The roundings that Requantize has for every value."""


def stepped(
    pending: Pending,
    x: Tensor,
    scale: Values,
    codes_of: CodesOf,
    rounding: FloatRounding | None = None,
) -> tuple[tuple[Op, ...], Pending]:
    """The Threshold that makes `codes_of` float32 values (C, n); times `scale` () or (C,) they are the output.

    Where that takes too many steps, and `codes_of` is a `rounding` of a line, the layers of one near it.
    """
    channels = x.shape[-1]
    (mantissa, exponent), step = _grids(scale, channels)

    def stairs(codes: Codes) -> Codes:
        return codes_of(pending.values(codes, x.format.frac))

    ends = stairs(np.broadcast_to(np.array([x.format.lo, x.format.hi]), (channels, 2)))
    if np.ptp(ends) > MAX_STEPS and not scale.ndim:
        worth = np.ldexp(np.broadcast_to(pending.scale, (channels,)), -x.format.frac)
        line = line_ops([(worth, x.format)], pending.steps, float(scale), codes_of, rounding=rounding, frac=-exponent)
        if line is not None:
            return (*line.fronts[0], *line.behind), Pending(mantissa)
    falling = (pending.slope(channels) < 0).astype(np.int64)
    return (threshold(stairs, falling, step, x.format, -exponent),), Pending(mantissa)


def summed(
    joined: Joined,
    ends: Sequence[Tensor],
    scale: float,
    codes_of: CodesOf,
    rounding: FloatRounding | None,
) -> tuple[LineOps, Pending]:
    """Layers of both branches of a sum and behind it: one times few powers of two, then a Threshold.

    Of more pairs of codes than are tried both are lines, where `codes_of` is a `rounding`. Codes count `scale`.
    """
    channels = ends[0].shape[-1]
    mantissa, exponent = normalised(np.float64(np.float32(scale)).reshape(()))
    if joined.pairs > MOST_PAIRS:
        line = line_ops(joined.branches(channels), joined.steps, scale, codes_of, rounding=rounding, frac=-exponent)
        if line is not None:
            return line, Pending(mantissa)
    sums = joined.solved(channels, codes_of)
    own, still = (end.format.frac for end in (ends if sums.is_left else ends[::-1]))
    factor = Affine(ShiftWeights(*scaled_terms(sums.factor, own - still, channels)), Bias.none(channels))
    moved = factor.infer(ends[0 if sums.is_left else 1])
    frac = Add().infer(moved, ends[1 if sums.is_left else 0]).format.frac
    rows, low, high = sums.thresholds(still, frac)
    thresholds = np.broadcast_to(np.array(rows), (channels, high - low)).copy()
    falling = np.broadcast_to(np.array(sums.is_falling), (channels,))
    op = Threshold(thresholds, np.where(falling, high, low), np.where(falling, -1, 1), frac, -exponent)
    return LineOps(((factor,), ()) if sums.is_left else ((), (factor,)), (op,)), Pending(mantissa)


def looked_up(codes: Codes, x: Tensor, scale: Values) -> tuple[Op, Pending]:
    """The op that makes `codes` (C, codes of x) of those of `x`: a Threshold where each channel rises or falls alone.

    Codes times `scale` () or (C,) are the output.
    """
    (mantissa, exponent), step = _grids(scale, x.shape[-1])
    rises = np.diff(codes, axis=1)
    is_monotone = bool(((rises >= 0).all(axis=1) | (rises <= 0).all(axis=1)).all())
    if is_monotone and np.ptp(codes) <= MAX_STEPS:
        falling = (codes[:, -1] < codes[:, 0]).astype(np.int64)
        channel = np.arange(len(codes))[:, None]
        stairs = threshold(lambda at: codes[channel, at - x.format.lo], falling, step, x.format, -exponent)
        return stairs, Pending(mantissa)
    table = codes * step[:, None]
    return Lookup(table[:1] if (table == table[:1]).all() else table, x.format, -exponent), Pending(mantissa)


def _grids(scale: Values, channels: int) -> tuple[tuple[Values, int], Codes]:
    """Mantissa and exponent of a scale, and what one code of each channel is in codes of its grid, (C,)."""
    common = common_scale(scale) if scale.ndim else None
    if common is None:
        return normalised(scale), np.ones(channels, np.int64)
    return normalised(np.asarray(common[0])), np.int64(1) << common[1]


def settled(pending: Pending, x: Tensor) -> tuple[Op, Pending]:
    """What rounds within `pending`, as an op, and the scale behind it; InputError where the steps make no grid."""
    channels = x.shape[-1]
    unit = rounded_unit(pending.steps, channels)
    last = max(at for at, step in enumerate(pending.steps) if isinstance(step, Rounded))
    short = _as_requantize(pending, last, unit)
    if short is not None:
        return short
    scale = np.abs(unit)

    def codes_of(values: Floats) -> Codes:
        codes: Codes = np.rint(values / scale[:, None]).astype(np.int64)
        return codes

    (op,), behind = stepped(pending, x, scale[0].reshape(()) if (scale == scale[0]).all() else scale, codes_of)
    return op, behind


def rounded_unit(steps: tuple[Step, ...], channels: int) -> Values:
    """What the whole number 1 becomes behind the last rounding, (C,)."""
    unit = np.ones(channels)
    last = max(at for at, step in enumerate(steps) if isinstance(step, Rounded))
    for step in steps[last + 1 :]:
        if isinstance(step, Linear):
            unit = unit * step.slopes
            if (np.abs(np.rint(step.offset / unit) - step.offset / unit) > 1e-6).any():
                raise InputError(
                    "it adds what is no whole number of steps to rounded values; quantize them by a quantizer in front "
                    "of this operation"
                )
        elif not isinstance(step, Cut):
            raise InputError("it reads rounded values that a curve has bent; put a quantizer behind the curve")
    return unit


def _as_requantize(pending: Pending, last: int, unit: Values) -> tuple[Op, Pending] | None:
    """The same as a Requantize, where all factors are powers of two and the range is a format's own."""
    rounded = pending.steps[last]
    assert isinstance(rounded, Rounded)
    rounding = EXACT_MODES.get(rounded.rounding)
    is_plain = all(isinstance(step, Cut) for step in pending.steps[:last]) and not pending.scale.ndim
    if rounding is None or not is_plain or not is_power(pending.scale) or not is_power(unit) or np.ptp(unit):
        return None
    if any(step.offset.any() for step in pending.steps[last + 1 :] if isinstance(step, Linear)):
        return None
    far = Pending(np.ones(()), pending.steps).values(np.zeros((len(unit), 2), np.int64), 0)
    ends = np.broadcast_to(np.array([-FAR, FAR], np.float32), far.shape)
    for step in pending.steps:
        ends = step.apply(ends)
    low, high = (float(end) for end in (ends / unit[0]).min(axis=0))
    frac = int(np.frexp(pending.scale)[1]) - 1
    if not -(2.0**31) <= low <= high < 2.0**32 or low != round(low) or high != round(high):
        return None
    to = Fixed.covering(int(low), int(high), frac)
    if (to.lo, to.hi) != (low, high):
        return None
    return Requantize(to, rounding, Overflow.SATURATE), Pending(np.asarray(unit[0] * pending.scale))


def exact_affine(pending: Pending, x: Tensor) -> tuple[Affine, Pending] | None:
    """Factors and offsets that float32 rounds for no code of `x`, where short sums of powers of two say them.

    What stays pending is a scale. None where there is nothing else, as layers take a scale in.
    """
    if not pending.steps or not pending.is_linear:
        return None
    channels = x.shape[-1]
    slope, offset = Pending(np.ones(()), pending.steps).line(channels)
    if not offset.any() and is_power(np.abs(slope)) and (np.abs(slope) == np.abs(slope[0])).all():
        exponent = np.full((1, channels), int(np.frexp(slope[0])[1]) - 1, np.int8)
        turned = Affine(ShiftWeights(np.sign(slope)[None].astype(np.int8), exponent), Bias.none(channels))
        return turned, Pending(pending.scale)
    exact = _exact_line(pending, x) if x.format.bits < MOST_TRIED.bit_length() else None
    return None if exact is None else (exact, Pending.none())


def _exact_line(pending: Pending, x: Tensor) -> Affine | None:
    """Scale and offset of few bits that are right for every code."""
    channels = x.shape[-1]
    slope, offset = pending.line(channels)
    codes = np.broadcast_to(np.arange(x.format.lo, x.format.hi + 1), (channels, x.format.hi - x.format.lo + 1))
    wanted = np.ldexp(codes, -x.format.frac) * slope[:, None] + offset[:, None]
    grids = [_grid(row) for row in (slope, offset)]
    if None in grids or not np.array_equal(pending.values(codes, x.format.frac).astype(np.float64), wanted):
        return None
    places, below = (int(grid or 0) for grid in grids)
    terms = signed_digits(np.ldexp(slope, places).astype(np.int64), places)
    if terms.terms > AFFINE_TERMS:
        return None
    return Affine(terms, Bias(np.ldexp(offset, below).astype(np.int64), below))


def _grid(row: Values) -> int | None:
    """Fraction bits of the coarsest grid that has all numbers; None beyond 24 bits."""
    for frac in range(-8, 25):
        scaled = np.ldexp(row, frac)
        if (scaled == np.rint(scaled)).all() and np.abs(scaled).max() < 1 << 24:
            return frac
    return None


def requantized_behind(pending: Pending) -> bool:
    """Whether nothing but a power of two, and at most a Relu, stands between codes and values."""
    return pending.steps in ((), (RELU,)) and not pending.scale.ndim and is_power(pending.scale)


def threshold(stairs: Staircase, falling: Codes, step: Codes, x: Fixed, frac: int) -> Threshold:
    """The Threshold that does as `stairs` for every code of `x`.

    falling  (C,), 1 where a channel's staircase falls, else 0; step  (C,), what one code of `stairs` is in codes of
    the output, whose grid is 2**-frac.
    """
    channels = len(step)
    ends = stairs(np.broadcast_to(np.array([x.lo, x.hi]), (channels, 2)))
    lowest, highest = int(ends.min()), int(ends.max())
    count = max(highest - lowest, 1)
    if count > MAX_STEPS:
        raise InputError(
            f"a quantizer of {count + 1} levels behind float operations needs {count} thresholds a channel, more than "
            f"{MAX_STEPS}; quantize to fewer bits, or with power-of-two scales and no float operation in front"
        )
    wanted = lowest + 1 + np.arange(count)
    rows = _reached(stairs, falling[:, None] == 1, wanted, x)
    rows = np.where(falling[:, None] == 1, rows[:, ::-1], rows)
    base = np.where(falling == 1, lowest + count, lowest) * step
    return Threshold(rows, base, np.where(falling == 1, -step, step), x.frac, frac)


def _reached(stairs: Staircase, is_falling: Codes, wanted: Codes, x: Fixed) -> Codes:
    """Smallest code (C, steps) from which on a rising row is at least `wanted`, a falling one less than it.

    One above the highest code where none is.
    """
    shape = (len(is_falling), len(wanted))
    low, high = np.full(shape, x.lo), np.full(shape, x.hi + 1)
    while (low < high).any():
        middle = low + ((high - low) >> 1)
        is_there = (stairs(np.minimum(middle, x.hi)) >= wanted) != is_falling
        is_open = low < high
        high = np.where(is_open & is_there, middle, high)
        low = np.where(is_open & ~is_there, middle + 1, low)
    return low


def grid_steps(steps: Sequence[Step]) -> int:
    """How many of them make a grid: up to the last that rounds, the bounds behind it, and the factor behind these."""
    last = max((at for at, step in enumerate(steps) if isinstance(step, Rounded)), default=-1)
    count = last + 1
    while count and count < len(steps) and isinstance(steps[count], Cut):
        count += 1
    behind = steps[count] if count and count < len(steps) else None
    return count + (isinstance(behind, Linear) and not behind.offset.any())


def begins_with(pending: Pending, own: Pending) -> bool:
    """Whether the steps of one are the first of the other."""
    return np.array_equal(pending.scale, own.scale) and pending.steps[: len(own.steps)] == own.steps
