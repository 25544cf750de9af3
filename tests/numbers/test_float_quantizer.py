"""Numbers of files in sentences."""

from __future__ import annotations

import numpy as np
import pytest

from shiftwire.numbers.float_quantizer import shortest


@pytest.mark.parametrize(("value", "text"), [(0.3, "0.3"), (3.0, "3"), (-1.5e-9, "-1.5e-09"), (np.float64(0.1), "0.1")])
def test_the_shortest_decimal(value: float, text: str) -> None:
    assert shortest(np.float32(value)) == text == shortest(value)


def test_it_is_read_back_as_the_same_number() -> None:
    drawn = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    assert all(np.float32(shortest(value)) == value for value in drawn)
    assert max(len(shortest(value)) for value in drawn) < 16
