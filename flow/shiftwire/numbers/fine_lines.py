"""Lines so near to a float scale and offset that float32 itself rounds by as much: for more levels than thresholds.

y = clip(floor((sum of factors * codes + offset) * 2**-shift)) has one slope for each branch and channel. A float32 run
of a file rounds the sums of so many levels by as much as `error`, so what differs from such a run lies on a tie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Fixed, Values
from shiftwire.numbers.signed_digits import fewest_digits

FINEST, COARSEST = 25, 21
"""The error of a line is some 2**-25 of its levels where that fits the words of a project, at most some 2**-21."""

WIDEST = 53
"""Bits of a sum, which a double holds."""

GUARD = 2
"""Levels beyond both ends that stay levels where the high bits of codes go."""


@dataclass(frozen=True, slots=True)
class Branch:
    """Levels for each code, (channels,), and the format of the codes."""

    slopes: Values
    format: Fixed

    @property
    def reach(self) -> int:
        """The largest magnitude of a code."""
        return max(-self.format.lo, self.format.hi)


@dataclass(frozen=True, slots=True)
class FineLine:
    """Digits are the signed powers of two of a factor: of each branch, of each channel.

    rounded  the format that codes of the only branch are rounded to first, None where they stay as they are
    error  bound of what a sum is off the line, in levels
    """

    digits: tuple[tuple[tuple[int, ...], ...], ...]
    offsets: tuple[int, ...]
    shift: int
    rounded: Fixed | None
    error: float


def fine_line(branches: Sequence[Branch], offsets: Values, low: int, high: int) -> FineLine:
    """The line of the fewest digits to levels low..high; `offsets` (channels,) in levels are floored with it.

    Raises InputError where no word of WIDEST bits holds a line.
    """
    for bits in range(FINEST, COARSEST - 1, -1):
        line = _within(branches, offsets, (low, high), Fraction(high - low, 1 << bits))
        if line is not None:
            return line
    raise InputError(
        f"a line of {high - low + 1} levels takes sums of more than {WIDEST} bits; quantize to fewer bits, or with "
        "power-of-two scales"
    )


def _within(branches: Sequence[Branch], offsets: Values, ends: tuple[int, int], budget: Fraction) -> FineLine | None:
    rounded = _rounded(branches[0], offsets, ends, float(budget)) if len(branches) == 1 else None
    lost = Fraction(0)
    if rounded is not None:
        coarser = 2.0 ** (branches[0].format.frac - rounded.frac)
        branches = [Branch(branches[0].slopes * coarser, rounded)]
        lost = _exact(np.abs(branches[0].slopes).max()) / 2 * (coarser > 1)
    own = [budget / len(branches) / branch.reach for branch in branches]
    shift = max((1 / room).__ceil__().bit_length() for room in own)
    digits = tuple(
        tuple(_digits(_exact(slope), room, shift) for slope in branch.slopes)
        for branch, room in zip(branches, own, strict=True)
    )
    whole = tuple(floor(_exact(offset) * (1 << shift) + Fraction(1, 2)) for offset in offsets)
    reaches = (
        sum(abs(sum(each[channel])) * branch.reach for each, branch in zip(digits, branches, strict=True))
        for channel in range(len(whole))
    )
    widest = max(reach + abs(offset) for reach, offset in zip(reaches, whole, strict=True))
    if widest.bit_length() + 1 > WIDEST:
        return None
    return FineLine(digits, whole, shift, rounded, float(budget + lost + Fraction(1, 1 << shift)))


def _rounded(branch: Branch, offsets: Values, ends: tuple[int, int], budget: float) -> Fixed | None:
    """The narrowest format of codes as fine as the budget asks, up to where levels end; None for their own."""
    slopes, format = branch.slopes[branch.slopes != 0], branch.format
    if not slopes.size:
        return None
    drop = 0
    while np.abs(slopes).max() * 2.0**drop <= budget:
        drop += 1
    far = [(end - offsets[branch.slopes != 0]) / slopes for end in (ends[0] - GUARD, ends[1] + GUARD)]
    first = max(float(np.minimum(*far).min()), format.lo)
    last = min(float(np.maximum(*far).max()), format.hi)
    to = Fixed.covering(floor(min(first, last) / 2.0**drop), ceil(max(first, last) / 2.0**drop), format.frac - drop)
    return None if drop == 0 and to.bits >= format.bits else to


def _exact(value: float) -> Fraction:
    return Fraction(float(value))


def _digits(slope: Fraction, room: Fraction, shift: int) -> tuple[int, ...]:
    return fewest_digits(ceil((slope - room) * (1 << shift)), floor((slope + room) * (1 << shift)))
