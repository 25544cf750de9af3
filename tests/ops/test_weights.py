"""Weights as the units hold them: how far their parts reach, and codes that mean what the weights are."""

from __future__ import annotations

import numpy as np
import pytest

from one_layer import codes, shift
from shiftwire.ir.cfg import CodeType, Element
from shiftwire.ir.fold import Fold
from shiftwire.ir.module import Pe
from shiftwire.ir.weights import PeCodes, Weights
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from single_layers import single_layers

CASES = single_layers()
X = (Fixed(3, 0, signed=True), Fixed(4, 1, signed=False))
WEIGHTS: dict[str, Weights] = {
    "shift": shift((3, 4), 2, -2, 3),
    "adder": Adder(codes((3, 4), -20, 9), 0),
    "adder within": Adder(codes((3, 4), -2, 2), 0),
    "adder above": Adder(codes((3, 4), 28, 31), 0),
    "int": Int(codes((3, 4), -8, 7), 2),
}


@pytest.mark.parametrize("x", X, ids=str)
@pytest.mark.parametrize("name", WEIGHTS)
def test_parts_reach_to_their_ends(name: str, x: Fixed) -> None:
    """What each tap of each term can add, over every input; an unused tap adds nothing."""
    weights, every = WEIGHTS[name], range(x.lo, x.hi + 1)
    ends = weights.reach(x)
    for place in np.ndindex(np.shape(ends.lo)):
        term, row, tap = place
        if isinstance(weights, Adder):
            parts = [-abs(code - int(weights.codes[row, tap])) for code in every] + [0]
        elif isinstance(weights, Int):
            parts = [code * int(weights.codes[row, tap]) for code in every] + [0]
        else:
            held = weights.weights
            scale = int(held.sign[term, row, tap]) << int(held.exponent[term, row, tap] - held.exponent_range[0])
            parts = [code * scale for code in every] + [0]
        assert (ends.lo[place], ends.hi[place]) == (min(parts), max(parts))


@pytest.mark.parametrize("x", X, ids=str)
def test_distances_fit_their_type(x: Fixed) -> None:
    for name in ("adder", "adder within", "adder above"):
        weights = WEIGHTS[name]
        members = {member.name: member.value for member in weights.members(x)}
        farthest = max(abs(code - int(w)) for code in (x.lo, x.hi) for w in weights.rows.ravel())
        assert members == {"lane": Element.ADDER, "difference_t": CodeType(farthest.bit_length() + 1)}
    assert [member.value for member in WEIGHTS["int"].members(x)] == [Element.INT]
    shifted = WEIGHTS["shift"]
    held = {member.name: member.value for member in shifted.members(x)}
    assert held == {"lane": Element.SHIFT, "magnitude_bits": shifted.weights.magnitude_bits}  # type: ignore[attr-defined]


@pytest.mark.parametrize("x", X, ids=str)
@pytest.mark.parametrize("name", ["adder", "adder within", "adder above"])
def test_distances_count_from_the_lowest_code(name: str, x: Fixed) -> None:
    rom = WEIGHTS[name].rows
    low, high = min(x.lo, int(rom.min())), max(x.hi, int(rom.max()))
    grid = Fixed.covering(low, high, 0)
    for is_depthwise, pe in ((False, Pe.ADDER), (True, Pe.DISTANCE)):
        made = WEIGHTS[name].pe_codes(rom, x, is_depthwise=is_depthwise)
        assert made.pe is pe and made.type == CodeType(grid.bits, grid.signed)
        assert np.array_equal(made.codes, rom - grid.lo) and int(made.codes.min()) >= 0


def test_products_keep_their_weights() -> None:
    weights = WEIGHTS["int"]
    made: PeCodes = weights.pe_codes(weights.rows, X[0], is_depthwise=False)
    assert made.pe is Pe.INT and np.array_equal(made.codes, weights.rows) and made.type == CodeType(4)


@pytest.mark.parametrize("name", WEIGHTS)
def test_taps_change_places(name: str) -> None:
    order = np.array([2, 0, 3, 1])
    moved = WEIGHTS[name].with_taps(order)
    assert type(moved) is type(WEIGHTS[name])
    assert np.array_equal(moved.rows, WEIGHTS[name].rows[:, order])
    assert moved.frac(Fixed(3, 0, signed=True)) == WEIGHTS[name].frac(Fixed(3, 0, signed=True))


@pytest.mark.parametrize("name", ["shift_dense", "shift_dense_four_terms", "shift_conv", "affine"])
def test_native_types_get_the_powers_themselves(name: str) -> None:
    """Decoded, a weight is the signed power of two that its code names; all else of the unit stays."""
    network = CASES[name]
    node = network.nodes[-1]
    units = node.op.units(network.sources(node), network.output, Fold(1, 1))
    unit = next(unit for unit in units if any(table.name == "weight" for table in unit.cfg.tables))
    coded, plain = unit.cfg, unit.native_cfg
    settings = {member.name: member.value for member in plain.members}
    before = {member.name: member.value for member in coded.members}
    assert settings == before | {"magnitude_bits": 0} and before["magnitude_bits"]
    bits = int(before["magnitude_bits"])  # type: ignore[arg-type]
    for one, two in zip(coded.tables, plain.tables, strict=True):
        if one.name != "weight":
            assert np.array_equal(one.codes, two.codes) and one.type == two.type
            continue
        fields, signs = one.codes & (1 << bits) - 1, np.where(one.codes >> bits & 1, -1, 1)
        power = np.where(fields == 0, 0, signs << np.maximum(fields - 1, 0))
        assert np.array_equal(two.codes, power)
        assert two.type == CodeType(int(np.abs(power).max()).bit_length() + 1)


def test_a_staircase_in_c_has_its_rows_beat_by_beat() -> None:
    network = CASES["threshold"]
    op = network.nodes[0].op
    (unit,) = op.units((network.input,), network.output, Fold(2))
    tables = {table.name: table for table in unit.cfg.tables}
    rows = tables["threshold"].codes.reshape(2, 7, 2)  # beats of two channels, step by step
    assert np.array_equal(rows.transpose(0, 2, 1).reshape(4, 7), op.thresholds)  # type: ignore[attr-defined]
    for name, codes_ in (("base", op.base), ("step", op.step)):  # type: ignore[attr-defined]
        assert np.array_equal(tables[name].codes, codes_) and tables[name].type == CodeType.holding(codes_)
