"""Folds and ports: small numbers by hand."""

from __future__ import annotations

import pytest

from shiftwire.ir.fold import Fold, Port, divisors


@pytest.mark.parametrize(
    ("number", "expected"), [(1, [1]), (2, [1, 2]), (7, [1, 7]), (12, [1, 2, 3, 4, 6, 12]), (16, [1, 2, 4, 8, 16])]
)
def test_divisors(number: int, expected: list[int]) -> None:
    assert divisors(number) == expected


def test_a_frame_in_beats() -> None:
    port = Port.of(24, 4)
    assert port == Port(lanes=4, beats=6)
    assert port.codes == 24
    assert Port.of(5, 5) == Port(5, 1)


def test_folds_are_ordered_by_outputs_first() -> None:
    assert Fold(3) == Fold(3, 1)
    assert sorted([Fold(2, 1), Fold(1, 4), Fold(1, 2)]) == [Fold(1, 2), Fold(1, 4), Fold(2, 1)]
