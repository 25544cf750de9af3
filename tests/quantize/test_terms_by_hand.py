"""Weights to terms: digits, levels, grids and steps by hand, at the ends of what each rule takes."""

from __future__ import annotations

import numpy as np
import pytest

from shiftwire.numbers.shift_weights import ShiftWeights, signed_digits
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.terms import (
    LEAST_EXPONENT,
    ScaledTerms,
    apot_terms,
    greedy_terms,
    grid_of,
    levels_of,
    mixed,
    nearest_exponent,
    weight_values,
)


def planes(weights: ShiftWeights) -> tuple[list[object], list[object]]:
    """Signs and exponents as lists; both are stored in a byte."""
    assert weights.sign.dtype == weights.exponent.dtype == np.int8
    return weights.sign.tolist(), weights.exponent.tolist()


@pytest.mark.parametrize(
    ("codes", "frac", "signs", "exponents"),
    [
        ([[7]], 0, [[[1]], [[-1]]], [[[3]], [[0]]]),
        ([[-5]], 2, [[[-1]], [[-1]]], [[[0]], [[-2]]]),
        ([[3, 1]], 0, [[[1, 1]], [[-1, 0]]], [[[2, 0]], [[0, 0]]]),  # the one term comes first
        ([[0, 0]], 3, [[[0, 0]]], [[[0, 0]]]),
        ([[8], [-1]], -1, [[[1], [-1]]], [[[4], [1]]]),
        ([[43]], 0, [[[1]], [[-1]], [[-1]], [[-1]]], [[[6]], [[4]], [[2]], [[0]]]),
    ],
)
def test_signed_digits_come_largest_first(codes: object, frac: int, signs: object, exponents: object) -> None:
    assert planes(signed_digits(np.array(codes), frac)) == (signs, exponents)


@pytest.mark.parametrize(
    ("weights", "terms", "method", "wanted"),
    [
        # 3 lies halfway between 2 and 4, and goes down in the linear domain alone
        ([[3.0, -0.75]], 2, Method.LINEAR, ([[[1, -1]], [[1, -1]]], [[[1, -1]], [[0, -2]]])),
        ([[3.0, -1.5]], 2, Method.LIGHTNN, ([[[1, -1]], [[-1, 1]]], [[[2, 1]], [[0, -1]]])),
        ([[1.0, 0.0625, 0.063, -0.063]], 1, Method.LINEAR, ([[[1, 0, 1, -1]]], [[[0, 0, -3, -3]]])),
        ([[0.0, 0.0]], 2, Method.LINEAR, ([[[0, 0]], [[0, 0]]], [[[0, 0]], [[0, 0]]])),
        ([[6.0]], 3, Method.LINEAR, ([[[1]], [[1]], [[0]]], [[[2]], [[1]], [[0]]])),
    ],
)
def test_greedy_terms_by_hand(weights: object, terms: int, method: Method, wanted: object) -> None:
    assert planes(greedy_terms(np.array(weights), terms, 4, method)) == wanted


def test_a_largest_exponent_may_be_given() -> None:
    made = greedy_terms(np.array([[9.0, 0.25, 0.24, 1.0]]), 1, 3, Method.LINEAR, high=1)
    assert planes(made) == ([[[1, 0, 0, 1]]], [[[1, 0, 0, 0]]])
    higher = greedy_terms(np.array([[9.0, 0.25]]), 1, 3, Method.LINEAR, high=5)
    assert planes(higher) == ([[[1, 0]]], [[[3, 0]]])


def test_terms_end_at_the_finest_grid() -> None:
    """Nothing below LEAST_EXPONENT, whatever the weights; half of it is dropped."""
    least = 2.0**LEAST_EXPONENT
    made = greedy_terms(np.array([[least, 0.6 * least, 0.5 * least, -3 * least]]), 1, 8, Method.LINEAR)
    assert weight_values(made).tolist() == [[least, least, 0.0, -2 * least]]
    below = greedy_terms(np.array([[least / 8]]), 2, 8, Method.LINEAR)
    assert planes(below) == ([[[0]], [[0]]], [[[0]], [[0]]])
    just = greedy_terms(np.array([[0.7 * least]]), 1, 8, Method.LINEAR)
    assert planes(just) == ([[[1]]], [[[-60]]])


def test_a_tie_goes_down_in_either_domain() -> None:
    assert nearest_exponent(np.array([1.5, 3.0]), Method.LINEAR).tolist() == [0, 1]
    root = np.sqrt(0.5) * np.array([2.0, 16.0])
    assert nearest_exponent(root, Method.DEEPSHIFT).tolist() == [0, 3]
    assert nearest_exponent(root, Method.DEEPSHIFT).dtype == np.int64


def test_apot_ties_go_to_the_smaller_level() -> None:
    ratios = np.array([0.0, 0.5, 0.51, 1.5, 1.6, 3.5, 5.0, 5.1, 7.0, 9.0, -9.5, 20.0])
    levels = [0, 0, 1, 1, 2, 3, 4, 6, 6, 8, -10, 10]
    made = apot_terms(np.stack([ratios * 0.5, ratios * 4])[:, None], np.array([0.5, 4.0]))
    assert weight_values(made.terms).tolist() == [[levels], [levels]]
    assert made.step.tolist() == [0.5, 4.0]
    assert np.array_equal(made.values, [[np.array(levels) * 0.5], [np.array(levels) * 4]])


@pytest.mark.parametrize(
    ("weights", "frac"),
    [
        ([1.0, 2.0**15], 0),
        ([1.0, 2.0**16], None),  # 17 bits
        ([-0.75, 0.5], 2),
        ([96.0, -32.0, 0.0], -5),
        ([2.0**-60], 60),
        ([2.0**-61], None),
        ([0.0, 0.0], 0),
        ([0.1, 0.3], None),
    ],
)
def test_a_grid_has_sixteen_bits(weights: list[float], frac: int | None) -> None:
    found = grid_of(np.array([weights]))
    if frac is None:
        assert found is None
    else:
        assert found is not None and found[1] == frac
        assert found[0].dtype == np.int64 and np.array_equal(found[0] * 2.0**-frac, [weights])


@pytest.mark.parametrize(
    ("row", "step"),
    [
        ([0.25, 32.0], 0.25),
        ([0.25, 32.25], None),  # 129 steps are more than eight bits
        ([3.0, -5.0, 7.0], 1.0),
        ([6.0, -10.0, 14.0], 2.0),
        ([0.0, 0.0, 0.0], 1.0),
        ([0.7, 0.0, 0.0], 0.7),
        ([1.0, 1.4142135], None),
    ],
)
def test_levels_are_multiples_of_their_largest_common_step(row: list[float], step: float | None) -> None:
    found = levels_of(np.array([row, [1.0] * len(row)]))
    if step is None:
        assert found is None
    else:
        assert found is not None and found.step.tolist() == pytest.approx([step, 1.0])
        assert found.values == pytest.approx(np.array([row, [1.0] * len(row)]))


def test_the_step_of_rounded_multiples_is_their_least_squares() -> None:
    row = np.array([0.3, 0.600004, 0.899998])
    (step,) = levels_of(row[None]).step.tolist()  # type: ignore[union-attr]
    assert step == pytest.approx((0.3 * 1 + 0.600004 * 2 + 0.899998 * 3) / 14, rel=1e-12)
    assert levels_of(np.array([[0.3, 0.6003, 0.9]])) is None, "moved by more than float32 does"


def test_filters_are_picked_and_spare_planes_go() -> None:
    one = ShiftWeights(np.array([[[1], [1], [0]]], np.int8), np.array([[[5], [4], [0]]], np.int8))
    two = ShiftWeights(
        np.array([[[-1], [1], [0]], [[1], [0], [0]]], np.int8), np.array([[[3], [2], [0]], [[1], [0], [0]]], np.int8)
    )
    assert planes(mixed([one, two], np.array([1, 0, 1]))) == (
        [[[-1], [1], [0]], [[1], [0], [0]]],
        [[[3], [4], [0]], [[1], [0], [0]]],
    )
    assert planes(mixed([one, two], np.array([0, 1, 1]))) == ([[[1], [1], [0]]], [[[5], [2], [0]]])
    assert planes(mixed([two, one], np.array([0, 1, 0]))) == planes(mixed([one, two], np.array([1, 0, 1])))
    nothing = ShiftWeights(np.zeros((2, 1, 3), np.int8), np.zeros((2, 1, 3), np.int8))
    assert planes(mixed([nothing], np.array([0]))) == ([[[0, 0, 0]]], [[[0, 0, 0]]])


def test_a_step_is_one_of_each_filter() -> None:
    terms = ShiftWeights(np.ones((1, 2, 1, 2), np.int8), np.array([[[[0, 1]], [[2, 3]]]], np.int8))
    scaled = ScaledTerms(terms, np.array([0.5, 3.0]))
    assert scaled.values.tolist() == [[[0.5, 1.0]], [[12.0, 24.0]]]
    assert not scaled.is_plain and ScaledTerms(terms, np.ones(2)).is_plain
