"""Ranges of sums, and the widest that there are."""

from __future__ import annotations

import numpy as np
import pytest

from shiftwire.errors import InputError
from shiftwire.numbers.exact import exact_distances, exact_matmul
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.interval import (
    Interval,
    adder_interval,
    linear_interval,
    require_width,
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
