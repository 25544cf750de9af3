"""What units say of themselves unless they know better."""

from __future__ import annotations

import pytest

from one_layer import codes, shift
from shiftwire.ir.bias import Bias
from shiftwire.ir.cost import UNIT_LUT, Cost, lanes_cost
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.unit import Surroundings, plain_lane_lut
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.relu import ReluUnit
from shiftwire.ops.weights.integer import Int
from shiftwire.units.fork import Fork
from shiftwire.units.sums.matrix import MatrixUnit
from shiftwire.units.width import Narrow, Widen, width_unit

S8, U7 = Fixed(8, 4, signed=True), Fixed(7, 4, signed=False)
PORT = Port(3, 5)


def test_a_unit_that_writes_what_it_reads() -> None:
    fork = Fork(PORT, S8)
    assert fork.reads == (PORT,) and fork.writes == PORT and fork.outputs == 2
    assert fork.iterations == fork.nest.iterations == 5
    assert fork.nest.writes.last.tolist() == [0, 1, 2, 3, 4]
    assert fork.cost == Cost(UNIT_LUT) and not fork.narrows
    assert fork.native_cfg is fork.cfg


def test_a_unit_of_beats() -> None:
    relu = ReluUnit(PORT, S8, U7, lane_lut=11)
    assert relu.cost == lanes_cost(3, 11) == Cost(UNIT_LUT + 33)
    assert relu.outputs == 1
    assert relu.formats == {"IN_BITS": 8, "IN_SIGNED": 1, "OUT_BITS": 7}
    assert ReluUnit(PORT, U7, U7, lane_lut=11).formats == {"IN_BITS": 7, "IN_SIGNED": 0, "OUT_BITS": 7}


@pytest.mark.parametrize(("bits", "lut"), [(1, 2), (2, 3), (7, 11), (8, 12)])
def test_one_and_a_half_luts_a_bit(bits: int, lut: int) -> None:
    assert plain_lane_lut(Fixed(bits, 0, signed=False)) == lut


def test_headers_of_a_unit_and_of_its_element() -> None:
    sums = Fixed(24, 0, signed=True)
    shifts = MatrixUnit(shift((2, 4), 1, 0, 1), Bias.none(2), S8, sums, 1, Fold(1, 1))
    products = MatrixUnit(Int(codes((2, 4), -3, 3), 0), Bias.none(2), S8, sums, 1, Fold(1, 1))
    assert Fork(PORT, S8).headers == ("sw_fork.h",)
    assert shifts.headers == ("sw_mvu.h", "sw_shift_lane.h")
    assert products.headers == ("sw_mvu.h", "sw_int_lane.h")


def test_width_converters() -> None:
    wide, narrow = Port(6, 2), Port(2, 6)
    down, up = width_unit(S8, wide, narrow), width_unit(S8, narrow, wide)
    assert isinstance(down, Narrow) and down.reads == (wide,) and down.writes == narrow
    assert isinstance(up, Widen) and up.reads == (narrow,) and up.writes == wide
    for unit in (down, up):
        assert unit.parts == 3 and unit.iterations == unit.nest.iterations == 6
    (module,) = down.modules(Surroundings(6, 2))
    assert (module.name, module.parameters) == ("sw_narrow", {"WIDTH": 16, "PARTS": 3})
    assert not Surroundings(6, 2).in_block
