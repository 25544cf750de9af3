"""Weights as the units hold them: how far their parts reach, and codes that mean what the weights are."""

from __future__ import annotations

import numpy as np
import pytest

from one_layer import codes, shift
from shiftwire.ir.cfg import CodeType, Element, settings
from shiftwire.ir.fold import Fold
from shiftwire.ir.module import Pe
from shiftwire.ir.weights import PeCodes, Weights
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from single_layers import single_layers

CASES = single_layers()
ADDERS = ("adder", "adder within", "adder above")
X = (Fixed(3, 0, signed=True), Fixed(4, 1, signed=False))
WEIGHTS: dict[str, Weights] = {
    "shift": shift((3, 4), 2, -2, 3),
    "adder": Adder(codes((3, 4), -20, 9), 0),
    "adder within": Adder(codes((3, 4), -2, 2), 0),
    "adder above": Adder(codes((3, 4), 28, 31), 0),
    "int": Int(codes((3, 4), -8, 7), 2),
}


def added(weights: Weights, term: int, row: int, tap: int, every: range, *, is_depthwise: bool) -> list[int]:
    """What a tap adds to a sum of the C++, for each of the inputs."""
    if isinstance(weights, Adder):
        weight = int(weights.codes[row, tap])
        return [-abs(code - weight) if is_depthwise else min(code, weight) for code in every]
    if isinstance(weights, Int):
        return [code * int(weights.codes[row, tap]) for code in every]
    held = weights.weights  # type: ignore[attr-defined]
    scale = int(held.sign[term, row, tap]) << int(held.exponent[term, row, tap] - held.exponent_range[0])
    return [code * scale for code in every]


@pytest.mark.parametrize("is_depthwise", [False, True])
@pytest.mark.parametrize("x", X, ids=str)
@pytest.mark.parametrize("name", WEIGHTS)
def test_parts_reach_to_their_ends(name: str, x: Fixed, is_depthwise: bool) -> None:
    """What each tap of each term can add, over every input; an unused tap adds nothing."""
    weights, every = WEIGHTS[name], range(x.lo, x.hi + 1)
    ends = weights.tap_sums(x, is_depthwise=is_depthwise).reach
    assert np.shape(ends.lo) == np.shape(ends.hi) == weights.planes.shape
    for place in np.ndindex(np.shape(ends.lo)):
        parts = [0, *added(weights, *place, every, is_depthwise=is_depthwise)]
        assert (ends.lo[place], ends.hi[place]) == (min(parts), max(parts))


def ends_of_sums(weights: Weights, x: Fixed) -> list[tuple[int, int]]:
    """The least and the most that each row of taps means, tap by tap."""
    every = range(x.lo, x.hi + 1)
    rows, ends = weights.rows, []
    for row in range(len(rows)):
        lo, hi = 0, 0
        for tap in range(rows.shape[1]):
            of_tap = [sum(added(weights, term, row, tap, range(code, code + 1), is_depthwise=True)[0]
                          for term in range(len(weights.planes))) for code in every]  # fmt: skip
            lo, hi = lo + min(of_tap), hi + max(of_tap)
        ends.append((lo, hi))
    return ends


@pytest.mark.parametrize("is_depthwise", [False, True])
@pytest.mark.parametrize("x", X, ids=str)
@pytest.mark.parametrize("name", ["shift", "int"])
def test_products_owe_nothing(name: str, x: Fixed, is_depthwise: bool) -> None:
    sums = WEIGHTS[name].tap_sums(x, is_depthwise=is_depthwise)
    assert list(zip(sums.whole.lo, sums.whole.hi, strict=True)) == ends_of_sums(WEIGHTS[name], x)
    assert sums.owed.tolist() == [0, 0, 0]


@pytest.mark.parametrize("x", X, ids=str)
@pytest.mark.parametrize("name", ADDERS)
def test_distances_owe_nothing(name: str, x: Fixed) -> None:
    sums = WEIGHTS[name].tap_sums(x, is_depthwise=True)
    assert list(zip(sums.whole.lo, sums.whole.hi, strict=True)) == ends_of_sums(WEIGHTS[name], x)
    assert sums.owed.tolist() == [0, 0, 0]


@pytest.mark.parametrize("x", X, ids=str)
@pytest.mark.parametrize("name", ADDERS)
def test_minima_owe_their_weights(name: str, x: Fixed) -> None:
    """-sum abs(x - w) = 2 sum min(x, w) - sum x - sum w, where the last sum stands in the bias."""
    weights = WEIGHTS[name]
    sums = weights.tap_sums(x, is_depthwise=False)
    rng = np.random.default_rng(5)
    frames = [[x.lo] * 4, [x.hi] * 4, *rng.integers(x.lo, x.hi + 1, (40, 4)).tolist()]
    for row, (lo, hi) in enumerate(ends_of_sums(weights, x)):
        codes_ = [int(weight) for weight in weights.rows[row]]
        assert sums.owed[row] == -sum(codes_)
        for frame in frames:
            meant = -sum(abs(code - weight) for code, weight in zip(frame, codes_, strict=True))
            before = 2 * sum(min(code, weight) for code, weight in zip(frame, codes_, strict=True)) - sum(frame)
            assert before + sums.owed[row] == meant
            # the register that holds sums of the C++ holds what stands before the bias, and the inputs' own sum
            assert sums.whole.lo[row] <= before <= sums.whole.hi[row]
            assert sums.whole.lo[row] <= sum(frame) <= sums.whole.hi[row]
        largest = 4 * max(abs(x.lo), abs(x.hi))
        assert sums.whole.lo[row] == min(lo + sum(codes_), -largest)
        assert sums.whole.hi[row] == max(hi + sum(codes_), largest)


def narrowest(*codes_: int) -> CodeType:
    """The fewest bits of two's complement, tried one by one."""
    bits = next(b for b in range(1, 64) if all(-(1 << (b - 1)) <= code < 1 << (b - 1) for code in codes_))
    return CodeType(bits)


@pytest.mark.parametrize("x", X, ids=str)
@pytest.mark.parametrize("name", ADDERS)
def test_operands_fit_their_type(name: str, x: Fixed) -> None:
    """Minima compare inputs and weights; distances are differences of either sign."""
    weights = WEIGHTS[name]
    rom = [int(weight) for weight in weights.rows.ravel()]
    apart = max(abs(code - weight) for code in (x.lo, x.hi) for weight in rom)
    expected = {
        False: {"lane": Element.ADDER, "operand_t": narrowest(x.lo, x.hi, *rom)},
        True: {"lane": Element.DISTANCE, "operand_t": narrowest(-apart, apart)},
    }
    for is_depthwise, members in expected.items():
        made = weights.tap_sums(x, is_depthwise=is_depthwise).members
        assert {member.name: member.value for member in made} == members


@pytest.mark.parametrize("is_depthwise", [False, True])
@pytest.mark.parametrize("x", X, ids=str)
def test_members_of_products(x: Fixed, is_depthwise: bool) -> None:
    assert WEIGHTS["int"].tap_sums(x, is_depthwise=is_depthwise).members == settings(lane=Element.INT)
    # exponents -2 to 3: six, numbered from 1 beside none
    made = {member.name: member.value for member in WEIGHTS["shift"].tap_sums(x, is_depthwise=is_depthwise).members}
    assert made == {"lane": Element.SHIFT, "magnitude_bits": 3, "exponents": 6}


@pytest.mark.parametrize("x", X, ids=str)
@pytest.mark.parametrize("name", ADDERS)
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
