"""Widths from intervals: the exact range of every sum, so that no accumulator is guessed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import MAX_BITS, Codes, Fixed


@dataclass(frozen=True, eq=False)
class Interval:
    """Smallest and largest code of each output, lo and hi (out,)."""

    lo: Codes
    hi: Codes

    def moved(self, shift: int, offset: Codes) -> Interval:
        """Every code times 2**shift plus its offset (out,)."""
        reach = float(max(np.abs(self.lo).max(), np.abs(self.hi).max())) * 2.0**shift + float(np.abs(offset).max())
        require_width(reach)
        return Interval((self.lo << shift) + offset, (self.hi << shift) + offset)

    def format(self, frac: int) -> Fixed:
        """The narrowest format that holds all outputs."""
        return Fixed.covering(int(self.lo.min()), int(self.hi.max()), frac)


def linear_interval(weights: Codes, x: Fixed) -> Interval:
    """Range of weights @ x for weights (out, taps); every format holds 0, so a padded tap changes nothing."""
    lo, hi = x.lo, x.hi
    require_width(float(np.abs(weights).astype(np.float64).sum(1).max()) * max(-lo, hi, 1))
    positive, negative = np.maximum(weights, 0), np.minimum(weights, 0)
    return Interval((positive * lo + negative * hi).sum(1), (positive * hi + negative * lo).sum(1))


def adder_interval(weights: Codes, x: Fixed) -> Interval:
    """Range of -sum abs(x - w) for weights (out, taps) on x's grid."""
    lo, hi = x.lo, x.hi
    farthest = np.maximum(np.abs(weights - lo), np.abs(weights - hi))
    nearest = np.maximum(np.maximum(lo - weights, weights - hi), 0)
    require_width(float(farthest.astype(np.float64).sum(1).max()))
    return Interval(-farthest.sum(1), -nearest.sum(1))


def require_width(magnitude: float) -> None:
    """Raise for a sum that an int64 code cannot hold."""
    if magnitude >= 2.0 ** (MAX_BITS - 1):
        raise InputError(
            f"an accumulator would need {int(np.log2(magnitude)) + 2} bits, more than {MAX_BITS}; "
            "requantize its input to fewer bits or narrow the exponent range"
        )
