"""Float scales and offsets in front of a quantizer of more levels than thresholds, as layers: a line near them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Op
from shiftwire.numbers.fine_lines import Branch, fine_line
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding, Values
from shiftwire.numbers.float_quantizer import FloatRounding, Floats
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.context.pending import Cut, Linear, Step
from shiftwire.ops.affine import Affine
from shiftwire.ops.requantize import Requantize

HALVES = frozenset({FloatRounding.HALF_EVEN, FloatRounding.HALF_UP, FloatRounding.HALF_DOWN})
"""Roundings that are alike but on ties."""

FAR = np.array([-1e30, 1e30], np.float32)
"""Beyond every range of a quantizer."""


@dataclass(frozen=True, slots=True)
class LineOps:
    """For each branch what it passes first, and what makes codes of their sum, which is the only branch where it is."""

    fronts: tuple[tuple[Op, ...], ...]
    behind: tuple[Op, ...]


def line_ops(
    branches: Sequence[tuple[Values, Fixed]],
    steps: Sequence[Step],
    scale: float,
    codes_of: Callable[[Floats], Codes],
    *,
    rounding: FloatRounding | None,
    frac: int,
) -> LineOps | None:
    """Layers that round steps(sum of values) / scale, but for what float32 rounds away; None where that is no line.

    A branch is what one code is worth in each channel, (C,), and its format. `codes_of` clips and rounds the values
    behind the steps, (C, n), to codes on the grid 2**-frac. Raises InputError where no word holds the line.
    """
    channels = len(branches[0][0])
    line = _uncut(steps, channels)
    if line is None or rounding not in HALVES | {FloatRounding.FLOOR}:
        return None
    slope, offset = line
    ends = np.broadcast_to(FAR, (channels, 2))
    for step in steps:
        ends = step.apply(ends)
    limits = np.sort(codes_of(ends), axis=1)
    low, high = int(limits[:, 0].min()), int(limits[:, 1].max())
    if (limits[slope != 0] != (low, high)).any():
        return None
    shares = [Branch(slope * worth / scale, format) for worth, format in branches]
    return _built(shares, offset / scale + 0.5 * (rounding in HALVES), (low, high), frac)


def _uncut(steps: Sequence[Step], channels: int) -> tuple[Values, Values] | None:
    """Factor and offset (C,) of steps that only scale, move and cut; None where others bend."""
    slope, offset = np.ones(channels), np.zeros(channels)
    for step in steps:
        if isinstance(step, Linear):
            slope, offset = slope * step.slopes, offset * step.slopes + step.offset
        elif not isinstance(step, Cut):
            return None
    return slope, offset


def _built(branches: Sequence[Branch], offsets: Values, ends: tuple[int, int], frac: int) -> LineOps:
    line = fine_line(branches, offsets, *ends)
    origin, behind = _clip(*ends, frac, len(offsets))
    fronts: list[tuple[Op, ...]] = []
    for at, branch in enumerate(branches):
        first = () if line.rounded is None else (Requantize(line.rounded, Rounding.HALF_UP, Overflow.SATURATE),)
        moved = (line.rounded or branch.format).frac - frac - line.shift
        codes = [offset - (origin << line.shift) for offset in line.offsets] if at == 0 else [0] * len(offsets)
        bias = Bias(np.array(codes, np.int64), frac + line.shift)
        fronts.append((*first, Affine(_factors(line.digits[at], moved), bias)))
    return LineOps(tuple(fronts), behind)


def _factors(digits: tuple[tuple[int, ...], ...], moved: int) -> ShiftWeights:
    """Factors of each channel as powers of two, each times 2**moved."""
    sign, exponent = np.zeros((2, max(*map(len, digits), 1), len(digits)), np.int8)
    for channel, terms in enumerate(digits):
        for plane, digit in enumerate(terms):
            sign[plane, channel] = 1 if digit > 0 else -1
            exponent[plane, channel] = abs(digit).bit_length() - 1 + moved
    return ShiftWeights(sign, exponent)


def _clip(low: int, high: int, frac: int, channels: int) -> tuple[int, tuple[Op, ...]]:
    """The level that goes in as 0, and what makes codes low..high of a sum, whatever it is."""
    own, span = (Fixed.covering(*ends, frac) for ends in ((low, high), (0, high - low)))
    if (own.lo, own.hi) == (low, high):
        return 0, (_cut(own),)
    if span.hi == high - low:
        return low, (_cut(span), _moved(1, low, frac, channels))
    return low, (_cut(span), _moved(-1, high - low, frac, channels), _cut(span), _moved(-1, high, frac, channels))


def _cut(to: Fixed) -> Requantize:
    return Requantize(to, Rounding.FLOOR, Overflow.SATURATE)


def _moved(sign: int, offset: int, frac: int, channels: int) -> Affine:
    one, zero = np.full((1, channels), sign, np.int8), np.zeros((1, channels), np.int8)
    return Affine(ShiftWeights(one, zero), Bias(np.full(channels, offset), frac))
