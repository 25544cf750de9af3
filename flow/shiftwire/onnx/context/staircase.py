"""From float operations and a quantizer to integer thresholds, exactly: by bisection over the codes themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.ops.threshold import Threshold

MAX_STEPS = 1 << 12
"""Most steps of one staircase: each is a comparator, so 12 bits are far beyond what hardware wants."""

Staircase = Callable[[Codes], Codes]
"""Output codes (C, n) of input codes (C, n), monotone along each row."""


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
