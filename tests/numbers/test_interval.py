"""Sums at the ends of what floats and int64 hold exactly, against Python's integers."""

from __future__ import annotations

import numpy as np
import pytest

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.interval import (
    Interval,
    adder_interval,
    exact_distances,
    exact_matmul,
    linear_interval,
    require_width,
)

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


def test_more_positions_than_a_block_holds() -> None:
    x = np.random.default_rng(0).integers(-9, 9, (70_001, 2))
    weights = np.array([[1, -2], [3, 4], [0, 0]])
    assert exact_distances(x, weights)[[0, 65_535, 65_536, 70_000]].tolist() == distances(
        x[[0, 65_535, 65_536, 70_000]], weights
    )


LARGEST = 2**62 - 512
"""The largest float below 2**62."""


@pytest.mark.parametrize("lo", [0, -LARGEST // 2])
def test_an_accumulator_of_63_bits_is_the_widest(lo: int) -> None:
    """Sums moved up one place, plus an offset: to the last code that fits, and to the first that does not."""
    sums = Interval(np.array([lo]), np.array([2**60 - 1024]))
    offset = np.array([2**61 - 512])
    if lo:
        sums = Interval(np.array([-(2**61)]), np.array([2**60]))
        offset = np.array([-512])
        with pytest.raises(InputError, match="an accumulator would need 64 bits, more than 63; requantize its input"):
            sums.moved(1, offset)
        sums = Interval(np.array([-(2**61) + 512]), np.array([2**60]))
        assert sums.moved(1, offset).lo.tolist() == [-(2**62) + 512]
        assert sums.moved(1, offset).format(0) == Fixed(63, 0, signed=True)
        return
    moved = sums.moved(1, offset)
    assert (moved.lo.tolist(), moved.hi.tolist()) == ([2**61 - 512], [2**62 - 2560])
    assert moved.format(0).bits == 62
    with pytest.raises(InputError, match="an accumulator would need 64 bits"):
        sums.moved(1, offset + 4096)


def test_the_guard_looks_at_both_ends_and_at_the_offset() -> None:
    near, far = np.array([0, 1]), np.array([2**61, 1])
    for wide in (Interval(near, far), Interval(-far, near)):
        assert wide.moved(0, near).format(0).bits <= 63
        with pytest.raises(InputError, match="would need 64 bits, more than 63"):
            wide.moved(1, near)
        for offset in (far, -far):
            with pytest.raises(InputError, match="would need 64 bits, more than 63"):
                wide.moved(0, offset)


@pytest.mark.parametrize(("magnitude", "bits"), [(2.0**62, 64), (2.0**62 * 1.5, 64), (2.0**63, 65), (2.0**70, 72)])
def test_too_wide_is_named(magnitude: float, bits: int) -> None:
    require_width(float(LARGEST))
    with pytest.raises(InputError, match=f"an accumulator would need {bits} bits, more than 63"):
        require_width(magnitude)


def test_ranges_are_reached() -> None:
    """Every end of a range is some input's sum."""
    x = Fixed(3, 0, signed=True)
    weights = np.array([[1, -2], [0, 3], [-5, 6]])
    codes = np.stack(np.meshgrid(*[np.arange(x.lo, x.hi + 1)] * 2), -1).reshape(-1, 2)
    linear, adder = linear_interval(weights, x), adder_interval(weights, x)
    sums, apart = exact_matmul(codes, weights.T), exact_distances(codes, weights)
    assert (linear.lo.tolist(), linear.hi.tolist()) == (sums.min(0).tolist(), sums.max(0).tolist())
    assert (adder.lo.tolist(), adder.hi.tolist()) == (apart.min(0).tolist(), apart.max(0).tolist())


@pytest.mark.parametrize("range_of", [linear_interval, adder_interval])
def test_sums_beyond_63_bits_are_refused(range_of) -> None:
    with pytest.raises(InputError, match="an accumulator would need 64 bits"):
        range_of(np.full((1, 2), 2**61), Fixed(1, 0, signed=False))
