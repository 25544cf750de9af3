"""Numbers of few signed powers of two: the fewest that make some integer of an interval."""

from __future__ import annotations

from collections.abc import Iterator

MOST_DIGITS = 64
"""More than any integer of 63 bits needs: in its non-adjacent form every other digit is zero."""


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
