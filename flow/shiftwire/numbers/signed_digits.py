"""Numbers of few signed powers of two: the fewest that make some integer, or some fraction, of an interval."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor

MOST_DIGITS = 64
"""More than any integer of 63 bits needs: in its non-adjacent form every other digit is zero."""

SPAN = 26
"""Between the largest and the smallest power of two of a factor: what a shifter and a word hold."""

Rest = tuple[tuple[int, ...], int, int]
"""Digits so far, and the interval in which the sum of the others must lie."""


def fewest_digits(lo: int, hi: int) -> tuple[int, ...]:
    """Signed powers of two, largest first, of that integer in lo..hi whose non-adjacent form has fewest digits.

    No other sum of signed powers of two is shorter than a non-adjacent form (Reitwiesner 1960), so none in the interval
    is shorter than this. Of several the smallest in magnitude.
    """
    level: list[Rest] = [((), lo, hi)]
    for _ in range(MOST_DIGITS):
        whole = [digits for digits, low, high in level if low <= 0 <= high]
        if whole:
            return min(whole, key=lambda digits: (abs(sum(digits)), digits))
        level = [child for digits, low, high in level for child in _extended(digits, low, high)]
    raise AssertionError("an interval of integers holds one")


def _extended(digits: tuple[int, ...], low: int, high: int) -> Iterator[Rest]:
    """Every next digit that the non-adjacent form of some integer in low..high, which lacks 0, may start with.

    Those that start with 2**e are the integers strictly between 2/3 and 4/3 of it.
    """
    sign = 1 if low > 0 else -1
    least, most = (low, high) if low > 0 else (-high, -low)
    exponent = max(least.bit_length() - 1, 0)
    while 2 << exponent < 3 * most:
        digit = 1 << exponent
        start, end = max(least, 2 * digit // 3 + 1), min(most, (4 * digit - 1) // 3)
        if start <= end:
            rest = (start - digit, end - digit) if sign > 0 else (digit - end, digit - start)
            yield (*digits, sign * digit), *rest
        exponent += 1


def fewest_powers(low: Fraction, high: Fraction) -> tuple[tuple[int, int], ...] | None:
    """The fewest signed powers of two (sign, exponent) whose sum lies in low..high, both positive.

    None where there is no such sum down to SPAN exponents below the largest.
    """
    finest = _floor_log(high) - SPAN
    least, most = ceil(low / power(finest)), floor(high / power(finest))
    if least > most:
        return None
    digits = fewest_digits(least, most)
    return tuple((1 if digit > 0 else -1, abs(digit).bit_length() - 1 + finest) for digit in digits)


def power(exponent: int) -> Fraction:
    """2**exponent."""
    return Fraction(2) ** exponent


def _floor_log(value: Fraction) -> int:
    """The largest exponent of a power of two that is not above."""
    at = value.numerator.bit_length() - value.denominator.bit_length()
    return at if power(at) <= value else at - 1
