"""What a weight scheme says unless it knows better: a term a filter, and the bits of its ROM codes."""

from __future__ import annotations

import pytest

from one_layer import codes, shift
from shiftwire.ir.cfg import Cfg, CodeType, settings
from shiftwire.ir.module import Pe
from shiftwire.ir.weights import PeCodes, Weights
from shiftwire.numbers.fixed import Codes
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int

GRID = codes((3, 4), -8, 7)


@pytest.mark.parametrize("weights", [Adder(GRID, 0), Int(GRID, 2)], ids=lambda weights: weights.kind)
def test_weights_that_are_no_sums_of_powers(weights: Weights) -> None:
    assert weights.filter_terms.tolist() == [1, 1, 1]
    assert weights.terms is None
    assert weights.bits == 12 * weights.rom_type.bits
    cfg = Cfg(settings(pe=1))
    assert weights.decoded(cfg) is cfg


def test_bits_of_shift_weights_count_every_plane() -> None:
    weights = shift((3, 4), 2, -2, 3)
    assert weights.planes.shape == (2, 3, 4)
    assert Weights.bits.fget(weights) == 24 * weights.rom_type.bits  # type: ignore[attr-defined]


def test_fields_of_shift_codes_are_none_unless_said() -> None:
    plain: Codes = GRID
    assert PeCodes(Pe.INT, plain, CodeType(4)).exponent_bits == 0
    assert PeCodes(Pe.INT, plain, CodeType(4)).has_zero
