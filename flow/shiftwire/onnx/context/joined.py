"""What is no scale and steps away from a tensor's codes, until a quantizer makes codes of it again.

The sum of two tensors that share no scale; a function of one tensor's codes that falls and rises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Codes, Fixed, Values
from shiftwire.numbers.float_quantizer import Floats
from shiftwire.numbers.signed_digits import fewest_powers, power
from shiftwire.onnx.context.pending import Rounded, Step

MOST_PAIRS = 1 << 20
"""Pairs of codes that are all tried: ten bits against ten."""

MOST_TERMS = 10
"""Most powers of two of the factor of one branch."""

BISECTIONS = 26
"""Of the interval of factors; what is finer no factor says."""

FINEST = 40
"""Bits by which the factor's interval is told from the factor."""


@dataclass(frozen=True, eq=False)
class Joined:
    """value = steps(float32(a) + float32(b)), a and b codes of the tensors `left` and `right` times their scales."""

    left: str
    right: str
    scales: tuple[float, float]
    """Of one code of each, positive."""
    formats: tuple[Fixed, Fixed]
    refusal: str
    """What a layer is told that reads the sum without a quantizer."""
    steps: tuple[Step, ...] = ()

    def then(self, step: Step) -> Joined:
        """The same with one more operation behind."""
        return replace(self, steps=(*self.steps, step))

    @property
    def is_whole(self) -> bool:
        """Whether some step rounds, so that values are on a grid of the file's own making."""
        return any(isinstance(step, Rounded) for step in self.steps)

    @property
    def pairs(self) -> int:
        """Of a code of each."""
        return 1 << sum(format.bits for format in self.formats)

    def branches(self, channels: int) -> list[tuple[Values, Fixed]]:
        """What a code of each is worth in each channel, (C,), and its format."""
        return [(np.full(channels, scale), format) for scale, format in zip(self.scales, self.formats, strict=True)]

    def _values(self, channels: int) -> Floats:
        """Float32 values (C, left codes, right codes)."""
        a, b = (
            (np.arange(format.lo, format.hi + 1) * scale).astype(np.float32)
            for format, scale in zip(self.formats, self.scales, strict=True)
        )
        values: Floats = np.broadcast_to(a[:, None] + b[None, :], (channels, len(a), len(b)))
        for step in self.steps:
            values = step.apply(values)
        return values

    def solved(self, channels: int, codes_of: Callable[[Floats], Codes]) -> Sum:
        """Integers that add up to the same codes for every pair; InputError where no short factor does."""
        if self.pairs > MOST_PAIRS:
            raise InputError(f"{self.refusal}: {self.pairs} pairs of codes are too many to try")
        rows = channels if any(_differs(step, channels) for step in self.steps) else 1
        wanted = [codes_of(values[None])[0] for values in self._values(channels)[:rows]]
        low, high = (int(end) for end in (min(w.min() for w in wanted), max(w.max() for w in wanted)))
        is_falling = [bool(row[-1, -1] < row[0, 0]) for row in wanted]
        rising = [low + high - row if falls else row for row, falls in zip(wanted, is_falling, strict=True)]
        sums = [self._tried(rising, is_left, is_falling) for is_left in (False, True)]
        best = min((each for each in sums if each is not None), key=lambda each: len(each.factor), default=None)
        if best is None:
            raise InputError(f"{self.refusal}; no sum of {MOST_TERMS} powers of two stands for their ratio")
        return best

    def _tried(self, wanted: list[Codes], is_left: bool, is_falling: list[bool]) -> Sum | None:
        """With the factor on the left or the right branch."""
        moved, still = self.scales if is_left else self.scales[::-1]
        ratio = Fraction(moved) / Fraction(still)
        a, b = (np.arange(format.lo, format.hi + 1) for format in self.formats)
        levels = [_Levels.of(row) for row in wanted]

        def fits(factor: Fraction) -> bool:
            up, down = factor.numerator, factor.denominator
            sums = (a * up)[:, None] + (b * down)[None, :] if is_left else (a * down)[:, None] + (b * up)[None, :]
            return all(level.are_apart(sums) for level in levels)

        start = _near(ratio, FINEST)
        if not fits(start):
            return None
        low, high = (_edge(fits, start, side) for side in (-1, 1))
        factor = fewest_powers(low, high)
        if (
            factor is None
            or len(factor) > MOST_TERMS
            or not fits(sum((Fraction(sign) * power(at) for sign, at in factor), Fraction(0)))
        ):
            return None
        return Sum(is_left, factor, a, b, wanted, is_falling)


@dataclass(frozen=True, eq=False)
class Tabulated:
    """Float32 values (C, codes) of all codes of the tensor `source`, the lowest one's first.

    `kind` is the operation of the file that asked for a table, `steps` what was applied behind it.
    """

    source: str
    values: Floats
    kind: str
    steps: tuple[Step, ...] = ()
    factors: tuple[str, ...] = ()
    """ONNX's names of two tensors whose product the values are, and which may be multiplied instead."""

    def then(self, step: Step) -> Tabulated:
        """The same with one more operation behind."""
        return replace(self, values=step.apply(self.values), steps=(*self.steps, step), factors=())

    @property
    def is_whole(self) -> bool:
        """Whether some step rounds, so that values are on a grid of the file's own making."""
        return any(isinstance(step, Rounded) for step in self.steps)

    def codes(self, codes_of: Callable[[Floats], Codes]) -> Codes:
        """What a quantizer makes of the values, (C, codes); InputError for what is no number."""
        if np.isnan(self.values).any():
            raise InputError(f"it quantizes a {self.kind} that is no number for some codes; clip what it reads")
        return codes_of(self.values)


@dataclass(frozen=True, eq=False)
class Sum:
    """left * factor + right, or left + right * factor, and the codes (left, right) of each channel that it means.

    Codes of a channel that falls are turned over, lowest for highest.
    """

    is_left: bool
    factor: tuple[tuple[int, int], ...]
    """Signs and exponents."""
    left: Codes
    right: Codes
    wanted: list[Codes]
    is_falling: list[bool]

    def thresholds(self, still: int, frac: int) -> tuple[list[Codes], int, int]:
        """The smallest sum, in codes of 2**-frac, of each level above the lowest, a row a channel; the end levels.

        `still` are the fraction bits of the branch without the factor, whose grid both are on.
        """
        value = sum((Fraction(sign) * power(at) for sign, at in self.factor), Fraction(0))
        up = [value if self.is_left else Fraction(1), Fraction(1) if self.is_left else value]
        weights = [int(each * power(frac - still)) for each in up]
        sums = (self.left * weights[0])[:, None] + (self.right * weights[1])[None, :]
        low, high = (int(end) for end in (min(w.min() for w in self.wanted), max(w.max() for w in self.wanted)))
        beyond = int(sums.max()) + 1
        rows = []
        for wanted in self.wanted:
            row = np.full(high - low, beyond)
            np.minimum.at(row, np.maximum(wanted - low - 1, 0).ravel(), np.where(wanted > low, sums, beyond).ravel())
            rows.append(np.minimum.accumulate(row[::-1])[::-1])
        return rows, low, high


@dataclass(frozen=True, eq=False)
class _Levels:
    """Pairs in the order of the codes they mean, and where each code begins."""

    order: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]

    @classmethod
    def of(cls, wanted: Codes) -> _Levels:
        flat = wanted.ravel()
        order = np.argsort(flat, kind="stable")
        starts = np.flatnonzero(np.diff(flat[order], prepend=flat.min() - 1))
        return cls(order, starts)

    def are_apart(self, sums: Codes) -> bool:
        """Whether each sum of a higher code is above all those of a lower one."""
        sorted_sums = sums.ravel()[self.order]
        lowest = np.minimum.reduceat(sorted_sums, self.starts)
        highest = np.maximum.reduceat(sorted_sums, self.starts)
        return bool((lowest[1:] > highest[:-1]).all())


def _differs(step: Step, channels: int) -> bool:
    ones = np.linspace(-3, 3, 7, dtype=np.float32)
    values = step.apply(np.broadcast_to(ones, (channels, 7)))
    return bool((values != values[:1]).any())


def _near(value: Fraction, bits: int) -> Fraction:
    """The nearest fraction of 2**-bits that is as fine beside the value."""
    place = bits - (value.numerator.bit_length() - value.denominator.bit_length())
    place = min(place, 44)
    return Fraction(round(value * power(place))) / power(place)


def _edge(fits: Callable[[Fraction], bool], start: Fraction, side: int) -> Fraction:
    """The last number to one side that fits, found by bisection; what fits is an interval."""
    inside, step = start, start / 2
    for _ in range(BISECTIONS):
        tried = _near(inside + side * step, FINEST)
        if tried > 0 and fits(tried):
            inside = tried
        step /= 2
    return inside


def scaled_terms(
    factor: tuple[tuple[int, int], ...], places: int, channels: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]:
    """Signs and exponents (terms, channels) of the factor times 2**places."""
    sign, exponent = (np.array([each[at] for each in factor]) for at in (0, 1))
    sign, exponent = sign.astype(np.int8), (exponent + places).astype(np.int8)
    return np.repeat(sign[:, None], channels, 1), np.repeat(exponent[:, None], channels, 1)


def code_scale(scale: Values, frac: int) -> float | None:
    """What one code is worth; None where it differs between channels."""
    return None if scale.ndim else float(np.ldexp(scale, -frac))
