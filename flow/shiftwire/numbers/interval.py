"""Widths from intervals: the exact range of every sum, so that no accumulator is guessed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import MAX_BITS, Codes, Fixed

CACHED_CODES = 1 << 17
"""Operands of a blocked loop that stay in a core's second-level cache."""


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


def exact_matmul(x: Codes, weights: Codes) -> Codes:
    """x (..., in) times weights (in, out), through BLAS while floats are exact, else in int64."""
    kind = _exact_kind(float(np.abs(x).max(initial=0)) * float(np.abs(weights).sum(0).max(initial=0)))
    exact: Codes = np.matmul(x.astype(kind), weights.astype(kind)).astype(np.int64)
    return exact


def _exact_kind(bound: float) -> np.dtype[np.float32 | np.float64 | np.int64]:
    """The fastest type that holds every partial sum up to `bound` exactly."""
    return np.dtype("f4" if bound < 2.0**24 else "f8" if bound < 2.0**53 else "i8")


def exact_distances(x: Codes, weights: Codes) -> Codes:
    """-sum abs(x - w), (positions, out), of x (positions, in) and weights (out, in).

    In the narrowest type that holds every partial sum exactly, blocks of positions that stay in the cache.
    """
    bound = x.shape[1] * (float(np.abs(x).max(initial=0)) + float(np.abs(weights).max(initial=0)))
    kind = _exact_kind(bound)
    rows, ones = weights.astype(kind)[..., None], np.ones(x.shape[1], kind)
    total = np.empty((len(x), len(weights)), np.int64)
    block = max(CACHED_CODES // x.shape[1], 1)
    for at in range(0, len(x), block):
        columns = np.ascontiguousarray(x[at : at + block].T.astype(kind))
        distance = np.empty_like(columns)
        for out, row in enumerate(rows):
            np.abs(np.subtract(columns, row, out=distance), out=distance)
            total[at : at + block, out] = -np.matmul(ones, distance)
    return total
