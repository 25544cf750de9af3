"""Sums of many codes, exact, in the fastest numbers that hold them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.numbers.fixed import Codes

CACHED_NUMBERS = 1 << 19
"""Numbers of 16 bits that stay in a core's second-level cache."""
FEWEST_TAPS = 16
"""Minima that add up before they are moved to wider numbers, where there are wider ones."""

Integers = npt.NDArray[Any]
"""Codes in integers of any width."""


def narrowed(codes: Integers) -> Integers:
    """The same codes in the narrowest of 16, 32 and 64 bits that holds all of them."""
    lo, hi = int(codes.min(initial=0)), int(codes.max(initial=0))
    limits = [np.iinfo(kind) for kind in (np.int16, np.int32, np.int64)]
    kind = next(limit.dtype for limit in limits if limit.min <= lo and hi <= limit.max)
    return codes.astype(kind, copy=False)


def exact_matmul(x: Integers, weights: Codes) -> Codes:
    """x (..., in) times weights (in, out), through BLAS while floats are exact, else in int64; rows block by block."""
    largest = max(int(x.max(initial=0)), -int(x.min(initial=0)))
    kind = _exact_kind(largest * float(np.abs(weights).astype(np.float64).sum(0).max(initial=0)))
    rows, columns = x.reshape(-1, x.shape[-1]), weights.astype(kind)
    total = np.empty((len(rows), columns.shape[1]), np.int64)
    for part in blocks(len(rows), x.shape[-1]):
        total[part] = np.matmul(rows[part].astype(kind), columns)
    return total.reshape(*x.shape[:-1], columns.shape[1])


def _exact_kind(bound: float) -> np.dtype[np.float32 | np.float64 | np.int64]:
    """The fastest type that holds every partial sum up to `bound` exactly."""
    return np.dtype("f4" if bound < 2.0**24 else "f8" if bound < 2.0**53 else "i8")


def exact_distances(x: Integers, weights: Codes) -> Codes:
    """-sum abs(x - w), (positions, out), of x (positions, in) and weights (out, in).

    -abs(x - w) = 2 min(x, w) - x - w. A weight that lies beyond what its tap reads, or at an end of it, makes this a
    line, and lines are a product of matrices; minima are left for the weights between. Sums may wrap on the way.
    """
    total = np.empty((len(x), len(weights)), np.int64)
    for part in blocks(len(x), x.shape[1]):
        columns = np.ascontiguousarray(narrowed(x[part]).T)
        lo, hi = (end.astype(np.int64) for end in (columns.min(axis=1), columns.max(axis=1)))
        near = np.clip(weights, lo, hi)
        above = _unsigned(columns, lo[:, None])
        total[part] = exact_matmul(above.T, np.where(near == hi, 1, -1).T)
        total[part] -= (np.abs(weights - near) + near - lo).sum(1)
        _add_minima(total[part], above, near - lo, (near > lo) & (near < hi))
    return total


def blocks(count: int, numbers: int) -> Iterator[slice]:
    """Slices of `count` rows of so many numbers each, such that a cache holds the numbers of a slice."""
    size = max(CACHED_NUMBERS // numbers, 1)
    return (slice(at, at + size) for at in range(0, count, size))


def _unsigned(columns: Integers, lo: Codes) -> Integers:
    """How far codes (taps, positions) lie above their row's lowest, in the narrowest unsigned type with room for sums.

    The difference of two numbers of some bits, taken in these bits, is right when it is read as unsigned.
    """
    above: Integers = (columns - lo.astype(columns.dtype)).view(f"u{columns.itemsize}")
    widest = int(above.max()) * FEWEST_TAPS
    kind = np.uint16 if widest < 1 << 16 else np.uint32 if widest < 1 << 32 else np.uint64
    return above.astype(kind, copy=False)


def _add_minima(total: Codes, above: Integers, weights: Codes, chosen: npt.NDArray[np.bool_]) -> None:
    """Add 2 sum min(x, w) over the chosen taps to total (positions, out).

    above (taps, positions) and weights (out, taps), none negative; chosen (out, taps).
    """
    together = max(int(np.iinfo(above.dtype).max) // max(int(above.max()), 1), 1)
    for out, own in enumerate(map(np.flatnonzero, chosen)):
        if len(own):
            least = above[own]
            np.minimum(least, weights[out, own].astype(least.dtype)[:, None], out=least)
            total[:, out] += 2 * _added(least, together)


def _added(codes: Integers, together: int) -> Codes:
    """Sums over the first axis of as many rows at once as their type holds."""
    total = np.zeros(codes.shape[1], np.int64)
    for at in range(0, len(codes), together):
        total += np.add.reduce(codes[at : at + together], axis=0, dtype=codes.dtype).astype(np.int64)
    return total
