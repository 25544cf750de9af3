"""The number format against exact fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding, quantize, requantize

FORMATS = st.builds(Fixed, st.integers(1, 16), st.integers(-4, 12), st.booleans())


def rounded(value: Fraction, rounding: Rounding) -> int:
    """Independent of the code under test: Python's integers and fractions."""
    match rounding:
        case Rounding.FLOOR:
            return math.floor(value)
        case Rounding.HALF_UP:
            return math.floor(value + Fraction(1, 2))
        case Rounding.HALF_EVEN:
            return round(value)


def in_range(code: int, to: Fixed, overflow: Overflow) -> int:
    if overflow is Overflow.SATURATE:
        return min(max(code, to.lo), to.hi)
    turns = math.floor(Fraction(code - to.lo, 1 << to.bits))
    return code - turns * (1 << to.bits)


@given(FORMATS, FORMATS, st.sampled_from(Rounding), st.sampled_from(Overflow), st.data())
def test_requantize_is_exact(source: Fixed, to: Fixed, rounding: Rounding, overflow: Overflow, data) -> None:
    codes = [source.lo, source.hi, 0, data.draw(st.integers(source.lo, source.hi))]
    expected = [
        in_range(rounded(Fraction(code) / Fraction(2) ** (source.frac - to.frac), rounding), to, overflow)
        for code in codes
    ]
    assert requantize(np.array(codes), source.frac, to, rounding, overflow).tolist() == expected


@pytest.mark.parametrize("drop", [1, 2, 31, 61, 62, 63, 64, 90])
@pytest.mark.parametrize("rounding", Rounding)
def test_the_widest_codes_round(rounding: Rounding, drop: int) -> None:
    """To whole numbers, by any number of places: nothing on the way takes more bits than there are."""
    codes = [-(2**62), -(2**62) + 1, -(2**61), -1, 0, 1, 2**61, 2**61 + 1, 2**62 - 1]
    found = requantize(np.array(codes), drop, Fixed(63, 0, signed=True), rounding, Overflow.SATURATE)
    assert found.tolist() == [rounded(Fraction(code, 1 << drop), rounding) for code in codes]


@given(FORMATS, st.sampled_from(Rounding), st.sampled_from(Overflow), st.integers(-4000, 4000))
def test_quantize_values_agrees_with_requantize(to: Fixed, rounding: Rounding, overflow: Overflow, code: int) -> None:
    value = np.array([code / 16], np.float32)
    assert quantize(value, to, rounding, overflow) == requantize(np.array([code]), 4, to, rounding, overflow)


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        (Rounding.FLOOR, [-2, -2, -1, -1, 0, 0, 1, 1]),
        (Rounding.HALF_UP, [-2, -1, -1, 0, 0, 1, 1, 2]),
        (Rounding.HALF_EVEN, [-2, -2, -1, 0, 0, 0, 1, 2]),
    ],
)
def test_ties(rounding: Rounding, expected: list[int]) -> None:
    """Halves from -2 to 1.5: half_up goes up also below zero, half_even to the even side."""
    to = Fixed(8, 0, signed=True)
    assert requantize(np.arange(-4, 4), 1, to, rounding, Overflow.SATURATE).tolist() == expected


@given(st.integers(-5000, 5000), st.integers(-5000, 5000), st.integers(-3, 9))
def test_covering_is_the_narrowest(a: int, b: int, frac: int) -> None:
    lo, hi = min(a, b), max(a, b)
    held = Fixed.covering(lo, hi, frac)
    assert held.lo <= lo <= hi <= held.hi
    if held.bits > 1:
        narrower = Fixed(held.bits - 1, frac, held.signed)
        assert lo < narrower.lo or hi > narrower.hi


def test_text_form_reads_back() -> None:
    for text in ("u8.4", "s1.0", "s16.-3"):
        assert str(Fixed.parse(text)) == text
    with pytest.raises(InputError, match=r"'q8' is no number format; write u8.4"):
        Fixed.parse("q8")


def test_a_format_has_a_width() -> None:
    with pytest.raises(InputError, match=r"64 bits is outside 1\.\.63"):
        Fixed(64, 0, signed=True)
