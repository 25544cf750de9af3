"""Biases against fractions: a value stays the same on every grid, and no grid is finer than it must be."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.cfg import CodeType, Setting
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.interval import Interval

BIASES = [
    Bias(np.array([3, -8, 0]), 2),
    Bias(np.array([12, -8, 4]), 2),
    Bias(np.array([5]), -1),
    Bias(np.array([-48, 16]), 7),
    Bias(np.array([0, 0]), 5),
]


def values(bias: Bias) -> list[Fraction]:
    return [Fraction(int(code)) / Fraction(2) ** bias.frac for code in bias.codes]


def coarsest_grid(bias: Bias, frac: int) -> int:
    """The first grid from 2**-frac on that holds every value."""
    while any((value * Fraction(2) ** frac).denominator != 1 for value in values(bias)):
        frac += 1
    return frac


@pytest.mark.parametrize("frac", range(-3, 9))
@pytest.mark.parametrize("bias", BIASES)
def test_values_are_the_same_on_every_grid(bias: Bias, frac: int) -> None:
    grid = bias.grid(frac)
    assert grid == coarsest_grid(bias, frac)
    for wide in (grid, grid + 1, grid + 5):
        assert bias.on(wide).tolist() == [int(value * Fraction(2) ** wide) for value in values(bias)]


@pytest.mark.parametrize("frac", range(-3, 9))
@pytest.mark.parametrize("bias", BIASES)
def test_sums_and_their_format(bias: Bias, frac: int) -> None:
    outputs = len(bias.codes)
    lo, hi = np.arange(outputs) - 7, np.arange(outputs) * 3 + 2
    output = bias.output(Interval(lo, hi), frac)
    assert output.frac == coarsest_grid(bias, frac)
    ends = [bias.add(end[None], frac)[0] for end in (lo, hi)]
    for sums, added in zip((lo, hi), ends, strict=True):
        by_hand = [Fraction(int(s)) / Fraction(2) ** frac + value for s, value in zip(sums, values(bias), strict=True)]
        assert [Fraction(int(code)) / Fraction(2) ** output.frac for code in added] == by_hand
        assert output.holds(added)
    assert output == Fixed.covering(int(ends[0].min()), int(ends[1].max()), output.frac)


def test_no_bias() -> None:
    none = Bias.none(3)
    assert none.codes.tolist() == [0, 0, 0] and none.codes.dtype == np.int64
    assert none.frac == 0 and none.bits == 0
    assert none.grid(-4) == -4 and none.grid(6) == 6
    assert none.add(np.array([[1, -2, 3]]), 4).tolist() == [[1, -2, 3]]


@pytest.mark.parametrize(
    ("codes", "frac", "bits"),
    [
        ([3, -8, 0], 2, 3 * 4),  # s4 holds -8
        ([12, -8, 4], 2, 3 * 5),  # the grid of the bias itself, not the coarsest
        ([7, 1], 0, 2 * 3),
        ([0, 0], 3, 0),
        ([0, 1], 3, 2),
    ],
)
def test_bits(codes: list[int], frac: int, bits: int) -> None:
    assert Bias(np.array(codes), frac).bits == bits


def test_the_table_of_a_unit() -> None:
    bias = Bias(np.array([3, -8, 5]), 2)
    table = bias.table(3)
    assert (table.name, table.codes.tolist(), table.type) == ("bias", [6, -16, 10], CodeType(5))
    assert bias.table(2, np.array([2, 0, 1])).codes.tolist() == [5, 3, -8]
    first = bias.table(2, slice(0, 1))  # of the type that all need
    assert (first.codes.tolist(), first.type) == ([3], CodeType(4))


def test_what_a_unit_is_told() -> None:
    bias = Bias(np.array([1]), 6)
    assert bias.members(4, Fixed(9, 6, signed=True)) == (Setting("acc_t", CodeType(9)), Setting("grid_shift", 2))
    unsigned = bias.members(6, Fixed(9, 6, signed=False))  # sums are signed, so one bit more
    assert unsigned == (Setting("acc_t", CodeType(10)), Setting("grid_shift", 0))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_grid_that_no_code_reaches(sign: int) -> None:
    bias = Bias(np.array([0, sign << 59]), 0)
    assert bias.on(2).tolist() == [0, sign << 61]
    with pytest.raises(InputError, match="an accumulator would need 64 bits, more than 63"):
        bias.on(3)
