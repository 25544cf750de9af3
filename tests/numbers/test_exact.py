"""Sums at the ends of what floats and integers hold exactly, against Python's integers."""

from __future__ import annotations

import numpy as np
import pytest

from shiftwire.numbers.exact import exact_distances, exact_matmul, narrowed

BORDERS = [bound + at for bound in (2**24, 2**53) for at in (-3, -1, 0, 1, 3)]
"""What float32 and float64 hold last, and what they no longer do."""


def distances(x: np.ndarray, weights: np.ndarray) -> list[list[int]]:
    return [[-sum(abs(int(a) - int(b)) for a, b in zip(row, w, strict=True)) for w in weights] for row in x]


@pytest.mark.parametrize("bound", BORDERS)
def test_distances_of_large_weights_are_exact(bound: int) -> None:
    """The inputs are small, the weights make the sums: four taps, odd ones among them, add up to about `bound`."""
    x = np.array([[0, 1, 2, 3], [-1, -3, 1, 0], [5, 7, -9, 11]])
    most = bound // 4
    weights = np.array([[most, -most, most - 1, 1 - most], [bound, 1, -1, 0], [1, bound - 7, 3, 0], [-bound, 0, 1, 1]])
    assert exact_distances(x, weights).tolist() == distances(x, weights)


@pytest.mark.parametrize("bound", BORDERS)
def test_distances_of_large_inputs_are_exact(bound: int) -> None:
    x = np.array([[bound, 1, 0], [-bound, 0, 3], [bound - 1, -1, 1]])
    weights = np.array([[0, 1, 2], [-1, 3, 5], [1, 0, 0]])
    assert exact_distances(x, weights).tolist() == distances(x, weights)


def test_distances_of_either_side_add_up_to_the_border() -> None:
    """Neither the inputs nor the weights alone reach 2**24, their distance does."""
    x, weights = np.array([[2**23 + 1]]), np.array([[-(2**23)], [-(2**23) - 2]])
    assert exact_distances(x, weights).tolist() == [[-(2**24) - 1, -(2**24) - 3]]


@pytest.mark.parametrize("bound", BORDERS)
def test_products_are_exact(bound: int) -> None:
    x = np.array([[bound, 1, 1], [1, bound - 1, 3], [-bound, -1, 0]])
    weights = np.array([[1, -1], [1, 0], [1, -1]])
    expected = [[sum(int(a) * int(b) for a, b in zip(row, w, strict=True)) for w in weights.T] for row in x]
    assert exact_matmul(x, weights).tolist() == expected


@pytest.mark.parametrize("half", [2**23, 2**52])
def test_products_just_beyond_the_border_are_exact(half: int) -> None:
    """No input reaches 2**24 or 2**53, their sum does."""
    assert exact_matmul(np.array([[half + 1, half], [-half, half]]), np.array([[1], [1]])).tolist() == [
        [2 * half + 1],
        [0],
    ]


def test_more_positions_than_a_block_holds() -> None:
    x = np.random.default_rng(0).integers(-9, 9, (70_001, 2))
    weights = np.array([[1, -2], [3, 4], [0, 0]])
    assert exact_distances(x, weights)[[0, 65_535, 65_536, 70_000]].tolist() == distances(
        x[[0, 65_535, 65_536, 70_000]], weights
    )


@pytest.mark.parametrize("bits", [11, 12, 13, 15, 16, 17, 27, 28, 29, 31, 32, 33, 47, 61])
def test_distances_over_whole_ranges_are_exact(bits: int) -> None:
    """Many taps, each from end to end, so that minima add up to their bound; weights at the ends, beside, between."""
    lo, hi = -(1 << bits) // 2, (1 << bits) // 2 - 1
    x = np.array([[lo, hi], [hi, lo], [hi, hi], [lo, lo], [0, -1]])
    weights = np.array([[lo, hi], [lo - 1, hi + 1], [lo + 1, hi - 1], [hi - 1, hi - 1], [0, 1]])
    for times in (1, 40) if bits < 47 else (1,):
        many, each = np.tile(x, (1, times)), np.tile(weights, (1, times))
        assert exact_distances(many, each).tolist() == distances(many, each)


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64])
def test_inputs_may_be_narrow(kind: type) -> None:
    """The lowest code of a type has no opposite in it."""
    ends = np.iinfo(kind)
    low, high = max(ends.min, -(2**40)), min(ends.max, 2**40)
    x = np.array([[low, high, 0], [high, low, -1], [low, low, low]], kind)
    weights = np.array([[1, -1, 2], [low, high, 5]])
    assert exact_distances(x, weights).tolist() == distances(x, weights)
    products = [[sum(int(a) * int(b) for a, b in zip(row, w, strict=True)) for w in weights[:1]] for row in x]
    assert exact_matmul(x, weights[:1].T).tolist() == products


@pytest.mark.parametrize("end", [2**15, 2**31])
def test_codes_take_the_narrowest_type(end: int) -> None:
    fits, too_high, too_low = np.array([-end, end - 1]), np.array([end]), np.array([-end - 1, 0])
    bits = end.bit_length()
    for codes, wanted in ((fits, bits), (too_high, 2 * bits), (too_low, 2 * bits)):
        assert narrowed(codes).dtype.itemsize * 8 == wanted
        assert np.array_equal(narrowed(codes), codes)
    assert narrowed(np.zeros((0, 3), np.int64)).dtype == np.int16
