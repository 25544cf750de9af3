"""The fewest signed powers of two of an interval, against every integer of it."""

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shiftwire.numbers.signed_digits import fewest_digits, fewest_powers


def weight(number: int) -> int:
    """Digits of the non-adjacent form: the places where n and 3 n differ."""
    return (abs(number) ^ 3 * abs(number)).bit_count()


@pytest.mark.parametrize("lo", range(-70, 71))
def test_no_integer_of_the_interval_has_fewer(lo: int) -> None:
    for hi in range(lo, 75):
        digits = fewest_digits(lo, hi)
        fewest = min(map(weight, range(lo, hi + 1)))
        assert lo <= sum(digits) <= hi and len(digits) == fewest
        assert abs(sum(digits)) == min(abs(n) for n in range(lo, hi + 1) if weight(n) == fewest)


def test_digits_are_powers_of_two_largest_first() -> None:
    rng = random.Random(0)
    for bits in (8, 20, 40, 62):
        for _ in range(50):
            lo = rng.randrange(-(1 << bits), 1 << bits)
            digits = fewest_digits(lo, lo + rng.randrange(1 << bits // 3))
            assert all(abs(digit).bit_count() == 1 for digit in digits)
            assert list(map(abs, digits)) == sorted(map(abs, digits), reverse=True)


def test_zero_needs_none_and_a_single_integer_its_own() -> None:
    assert fewest_digits(-3, 5) == ()
    assert fewest_digits(7, 7) == (8, -1)
    assert fewest_digits(-45, -45) == (-64, 16, 4, -1)
    assert fewest_digits(1 << 62, 1 << 62) == (1 << 62,)


@settings(max_examples=60)
@given(st.fractions(min_value=Fraction(1, 1000), max_value=1000), st.integers(0, 12))
def test_the_fewest_powers_of_two_lie_within(low: Fraction, width: int) -> None:
    """No sum of fewer signed powers of two, by brute force over small sets, lies in the interval."""
    high = low * (1 + Fraction(1, 1 << width))
    terms = fewest_powers(low, high)
    assert terms is not None
    total = sum((Fraction(sign) * Fraction(2) ** at for sign, at in terms), Fraction(0))
    assert low <= total <= high
    powers = [Fraction(sign) * Fraction(2) ** at for sign in (1, -1) for at in range(-24, 12)]
    if len(terms) > 1:
        assert not any(low <= power <= high for power in powers)
    if len(terms) > 2:
        assert not any(low <= one + two <= high for one in powers for two in powers)
