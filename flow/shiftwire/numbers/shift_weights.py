"""Weights that are sums of k signed powers of two; k may differ per filter and zero is a code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Codes

Signs = npt.NDArray[np.int8]

WIDEST_EXPONENT_RANGE = 31
"""Widest span of exponents in one layer: int32 weights at any k, and more than any published family uses."""


@dataclass(frozen=True, eq=False)
class ShiftWeights:
    """weight = sum over terms of sign * 2**exponent.

    sign  (terms, out, in...), each -1, 0 or 1; exponent  the same shape, read only where sign is not 0.
    """

    sign: Signs
    exponent: Signs

    def __post_init__(self) -> None:
        if self.sign.shape != self.exponent.shape or self.sign.ndim < 2 or not self.sign.size:
            raise InputError(
                f"signs of shape {self.sign.shape} and exponents of shape {self.exponent.shape} make no weights; "
                "give both the shape (terms, out, in...)"
            )
        if np.abs(self.sign).max() > 1:
            raise InputError(f"a sign of {self.sign.flat[np.abs(self.sign).argmax()]} is none of -1, 0, 1")
        lo, hi = self.exponent_range
        if hi - lo > WIDEST_EXPONENT_RANGE:
            raise InputError(
                f"exponents from {lo} to {hi} span more than {WIDEST_EXPONENT_RANGE}; quantize the weights coarser"
            )

    @property
    def exponent_range(self) -> tuple[int, int]:
        """Smallest and largest exponent that a term uses; (0, 0) when every weight is zero."""
        used = self.exponent[self.sign != 0]
        return (int(used.min()), int(used.max())) if used.size else (0, 0)

    @property
    def terms(self) -> int:
        """Planes of signs and exponents: the largest k that a filter may have."""
        return int(self.sign.shape[0])

    @property
    def terms_per_filter(self) -> Codes:
        """k of each filter, (out,): one more than the last term that any of its weights uses."""
        used = (self.sign != 0).any(axis=tuple(range(2, self.sign.ndim)))
        last = self.terms - np.argmax(used[::-1], axis=0)
        return np.where(used.any(0), last, 0)

    @property
    def shifts(self) -> Codes:
        """Left shift of each term's code, (terms, out, in...): exponent above the smallest one, 0 for no term."""
        return np.where(self.sign != 0, self.exponent.astype(np.int64) - self.exponent_range[0], 0)

    @property
    def integers(self) -> Codes:
        """The weights (out, in...) in units of 2**exponent_range[0]."""
        total: Codes = np.sum(self.sign.astype(np.int64) << self.shifts, axis=0)
        return total

    @property
    def magnitude_bits(self) -> int:
        """Bits of the field that holds shift + 1, or 0 for no term."""
        return (int(np.max(self.shifts)) + 1).bit_length()

    @property
    def packed(self) -> Codes:
        """ROM codes (out, in..., terms): the sign bit above a field of `magnitude_bits`; a code of 0 is no term."""
        magnitude = np.where(self.sign != 0, self.shifts + 1, 0)
        return np.moveaxis((self.sign < 0).astype(np.int64) << self.magnitude_bits | magnitude, 0, -1)

    @property
    def weight_bits(self) -> int:
        """Bits that the packed codes take, counting only the terms each filter has."""
        per_term: int = self.sign[0, 0].size * (self.magnitude_bits + 1)
        return int(np.sum(self.terms_per_filter)) * per_term


def compacted(weights: ShiftWeights) -> ShiftWeights:
    """Terms in their old order, the unused ones behind them; planes that no filter uses go, but one stays."""
    order = np.argsort(weights.sign == 0, axis=0, kind="stable")
    sign = np.take_along_axis(weights.sign, order, axis=0)
    exponent = np.take_along_axis(weights.exponent, order, axis=0)
    kept = max(int(np.count_nonzero(sign.any(axis=tuple(range(1, sign.ndim))))), 1)
    return ShiftWeights(sign[:kept], exponent[:kept])


def signed_digits(codes: Codes, frac: int) -> ShiftWeights:
    """Integers (out, in...) on the grid 2**-frac as their non-adjacent form, highest first: exact, no sum is shorter.

    Reitwiesner 1960.
    """
    half = np.abs(codes) >> 1
    sum3 = np.abs(codes) + half
    digits = np.stack([(sum3 & ~half) >> bit & 1 for bit in range(int(sum3.max()).bit_length() or 1)])
    minus = np.stack([(half & ~sum3) >> bit & 1 for bit in range(len(digits))])
    sign = ((digits - minus) * np.sign(codes)).astype(np.int8)[::-1]
    bits = np.arange(len(digits))[::-1].reshape(-1, *[1] * codes.ndim)
    exponent = np.where(sign != 0, bits - frac, 0).astype(np.int8)
    order = np.argsort(sign == 0, axis=0, kind="stable")
    kept = max(int((sign != 0).sum(axis=0).max()), 1)
    return ShiftWeights(
        np.take_along_axis(sign, order, axis=0)[:kept], np.take_along_axis(exponent, order, axis=0)[:kept]
    )


@dataclass(frozen=True, eq=False)
class Terms:
    """Packed codes taken apart: whether each is a term, its sign, and its left shift (0 for no term)."""

    is_term: npt.NDArray[np.bool_]
    is_negative: npt.NDArray[np.bool_]
    shift: Codes

    @property
    def values(self) -> Codes:
        """The signed powers of two, 0 for no term."""
        power = np.where(self.is_term, np.int64(1) << self.shift, 0)
        return np.where(self.is_negative, -power, power)


def unpacked(packed: Codes, magnitude_bits: int) -> Terms:
    """The inverse of `ShiftWeights.packed`, any shape: a sign bit above a field of shift + 1, or 0 for no term."""
    magnitude = packed & ((1 << magnitude_bits) - 1)
    return Terms(magnitude != 0, packed >> magnitude_bits != 0, np.maximum(magnitude - 1, 0))
