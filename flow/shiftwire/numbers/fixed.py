"""The number format: integers are codes, reals are values, and value = code * 2**-frac."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError

Codes = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
NarrowCodes = npt.NDArray[np.integer[Any]]
"""Codes of many samples, in the narrowest type that holds their format."""

MAX_BITS = 63
"""Codes are int64; one bit stays free so that a sum of two codes never overflows."""

MACHINE_BITS = (8, 16, 32, 64)

MAX_FRAC = 128
"""Grids beyond those of float32 values are mistakes, and doubles could not carry their sums."""


class Rounding(enum.Enum):
    """Where a value between two codes goes; half_up sends ties towards plus infinity (AP_RND)."""

    FLOOR = "floor"
    HALF_UP = "half_up"
    HALF_EVEN = "half_even"


class Overflow(enum.Enum):
    """What happens to a code outside the format: the nearest end, or modulo 2**bits."""

    SATURATE = "saturate"
    WRAP = "wrap"


@dataclass(frozen=True, slots=True)
class Fixed:
    """A grid and a range: `bits` bits, two's complement if signed; `frac` of them, possibly negative, are fraction."""

    bits: int
    frac: int
    signed: bool

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= MAX_BITS:
            raise InputError(f"a format of {self.bits} bits is outside 1..{MAX_BITS}; narrow the layer before it")
        if abs(self.frac) > MAX_FRAC:
            raise InputError(
                f"a grid of {self.frac} fraction bits is outside -{MAX_FRAC}..{MAX_FRAC}; rescale the layer"
            )

    def __str__(self) -> str:
        return f"{'s' if self.signed else 'u'}{self.bits}.{self.frac}"

    @property
    def lo(self) -> int:
        """The smallest code."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def hi(self) -> int:
        """The largest code."""
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1

    @classmethod
    def covering(cls, lo: int, hi: int, frac: int) -> Fixed:
        """The narrowest format that holds the codes lo..hi; unsigned where lo is not negative."""
        if lo >= 0:
            return cls(max(hi.bit_length(), 1), frac, signed=False)
        return cls(max((-lo - 1).bit_length(), max(hi, 0).bit_length()) + 1, frac, signed=True)

    @classmethod
    def parse(cls, text: str) -> Fixed:
        """Read the text form, such as u8.4 or s6.-2."""
        match = re.fullmatch(r"([su])(\d+)\.(-?\d+)", text)
        if not match:
            raise InputError(f"'{text}' is no number format; write u8.4 for unsigned, 8 bits, 4 of them fraction")
        return cls(int(match[2]), int(match[3]), signed=match[1] == "s")

    @property
    def dtype(self) -> np.dtype[np.integer[Any]]:
        """The narrowest type of numpy that holds every code."""
        bits = next(bits for bits in MACHINE_BITS if self.bits <= bits)
        return np.dtype(f"{'i' if self.signed else 'u'}{bits // 8}")

    @property
    def signed_bits(self) -> int:
        """Width of a signed word that holds every code."""
        return self.bits + (not self.signed)

    def holds(self, codes: Codes) -> bool:
        """Whether every code is within the range; no codes at all are."""
        return bool(codes.size == 0 or (codes.min() >= self.lo and codes.max() <= self.hi))

    def decode(self, codes: Codes) -> Values:
        """Values of codes, exact up to 53 bits."""
        return np.ldexp(codes.astype(np.float64), -self.frac)


def requantize(codes: Codes, frac: int, to: Fixed, rounding: Rounding, overflow: Overflow) -> Codes:
    """Move codes from the grid 2**-frac to the format `to`; exact wherever the new grid is the finer one."""
    return _overflow(_align(codes, frac - to.frac, rounding), to, overflow)


def quantize(values: npt.NDArray[Any], to: Fixed, rounding: Rounding, overflow: Overflow) -> Codes:
    """Codes of any finite values; what a leading quantizer does on the host."""
    scaled = np.ldexp(values.astype(np.float64), to.frac)
    down = np.floor(scaled)
    match rounding:
        case Rounding.FLOOR:
            rounded = down
        case Rounding.HALF_UP:
            rounded = down + (scaled - down >= 0.5)
        case Rounding.HALF_EVEN:
            rounded = np.rint(scaled)
    match overflow:
        case Overflow.SATURATE:
            coded: Codes = np.clip(rounded, to.lo, to.hi).astype(np.int64)
        case Overflow.WRAP:
            turned = np.mod(rounded, 2.0**to.bits)  # exact, however large the value
            coded = np.where(turned > to.hi, turned - 2.0**to.bits, turned).astype(np.int64)
    return coded


def _align(codes: Codes, drop: int, rounding: Rounding) -> Codes:
    if drop <= 0:
        return codes << -drop
    drop = min(drop, MAX_BITS)
    match rounding:
        case Rounding.FLOOR:
            return codes >> drop
        case Rounding.HALF_UP:
            return ((codes >> (drop - 1)) + 1) >> 1  # a half added to codes themselves might not fit
        case Rounding.HALF_EVEN:
            down, half = codes >> drop, 1 << (drop - 1)
            rest = codes - (down << drop)
            return np.add(down, (rest > half) | ((rest == half) & (down & 1 == 1)))


def _overflow(codes: Codes, to: Fixed, overflow: Overflow) -> Codes:
    match overflow:
        case Overflow.SATURATE:
            return np.clip(codes, to.lo, to.hi)
        case Overflow.WRAP:
            return np.remainder(codes - to.lo, 1 << to.bits) + to.lo
