"""Rooflines against numbers worked by hand, and what follows from how a design is folded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from one_layer import S8, codes, of_one, shift
from shiftwire.costs.model import Prediction, family_model, predicted
from shiftwire.explore.roofline import Bound, Demand, Roofline, Supply, dma_bits, rooflines
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node
from shiftwire.ops.dense import Dense
from shiftwire.ops.relu import Relu
from shiftwire.ops.weights.integer import Int
from shiftwire.schedule.depths import interval
from shiftwire.schedule.design import Design, folded
from shiftwire.schedule.lowering import in_dsp_blocks
from shiftwire_boards.catalog import load_board

Z2 = load_board("pynq-z2")
"""53,200 LUT, 140 BRAM36, 220 DSP, 64 bits a port, 10 ns."""


def built(network: Network, **folds: Fold) -> tuple[Design, Prediction]:
    design = folded(network, Z2, Z2.clock_ns, folds)
    return design, predicted(family_model("xc7"), design.rtl)


def two(pe: int, simd: int) -> tuple[Design, Prediction]:
    """64 sums of 96 taps of single powers of two, then what is negative becomes 0."""
    dense = Dense(shift((64, 96), 1, -2, 0, 5), Bias.none(64))
    one = of_one(dense, (96,), S8)
    nodes = (*one.nodes, Node("z", Relu(), ("y",)))
    network = Network.of("x", one.input, nodes, "z")
    return built(network, y=Fold(pe, simd), z=Fold(1))


def test_what_a_board_gives_in_a_cycle() -> None:
    assert Supply.of(Z2, 10.0) == Supply(53200 - 8000, 220, 140 * 72, 64, 10.0)
    assert dma_bits(replace(Z2, ps=replace(Z2.ps, dma_bits=32))) == 32
    assert dma_bits(replace(Z2, ps=replace(Z2.ps, dma_bits=128))) == 64, "streams of the shell are narrower"


def test_roofs_by_hand() -> None:
    """At 100 MHz: 1,000 LUT-cycles of 50,000, 40 DSP-cycles of 200, 720 bits of 7,200, 128 bits of 64."""
    supply = Supply(50_000, 200, 7_200, 64, 10.0)
    demand = Demand(3_000, 0, 1_000, 40, 900, 720, 300, 100, 128)
    roofs = supply.roofs(demand)
    assert roofs == {Bound.LUT: 5e9, Bound.DSP: 5e8, Bound.BLOCK_RAM: 1e9, Bound.DMA: 5e7}
    row = Roofline("net", demand, 4, 1e7, 2.5e7, roofs)
    assert (row.bound, row.share, row.share_alone) == (Bound.DMA, pytest.approx(0.2), pytest.approx(0.5))
    assert row.gops(1e7) == pytest.approx(30)
    assert row.roof((Bound.LUT, Bound.DSP)) == 5e8
    assert demand.intensity == 8 * 3_000 / (900 + 300)


def test_what_nothing_asks_for_is_no_roof() -> None:
    assert Supply(50_000, 200, 7_200, 64, 10.0).roofs(Demand(lut_cycles=1_000)) == {Bound.LUT: 5e9}


def test_lanes_that_fit_by_hand() -> None:
    supply = Supply(45_200, 220, 0, 0, 10.0)
    assert supply.lanes(8, 200, 0) == 1_808
    assert supply.lanes(8, 200, 16) == 110, "two blocks a lane"


def test_a_layer_by_hand() -> None:
    """8 x 4 lanes meet 64 x 96 weights in 192 cycles; each word of weights is read once, biases are wires."""
    design, prediction = two(8, 4)
    (dense, relu), whole = rooflines(design, prediction)
    assert (dense.name, relu.name, whole.name) == ("y", "z", "network")
    assert dense.cycles == 64 * 96 // 32 == 192
    assert dense.alone == pytest.approx(1e8 / 192)
    (unit,) = (unit for unit in design.rtl.units if unit.module.pe is not None)
    (memory,) = unit.module.memories
    assert memory.words == 192
    lut = prediction.units[unit.name].resources.lut
    assert dense.lanes is not None
    assert (dense.lanes.count, dense.lanes.lut, dense.lanes.dsp) == (32, lut, 0)
    assert dense.lanes.fit == 45_200 * 32 // lut
    assert dense.demand.lut_cycles == lut * 192
    assert dense.roofs[Bound.LUT] == pytest.approx(1e8 / 192 * 45_200 / lut)
    assert dense.demand.weight_bits == 192 * memory.word_bits
    assert dense.demand.read_bits == 96 * 8, "twelve words of 64 bits"
    assert dense.demand.written_bits == 0
    y = design.network.tensors["y"].format.bits
    assert dense.demand.code_bits == 96 * 8 + 64 * y
    assert dense.roofs[Bound.DMA] == pytest.approx(1e8 / 12)


def test_a_network_asks_for_what_its_layers_ask_for() -> None:
    design, prediction = two(8, 4)
    rows, whole = rooflines(design, prediction)
    for name in (
        "operations",
        "bit_operations",
        "lut_cycles",
        "weight_bits",
        "block_bits",
        "read_bits",
        "written_bits",
    ):
        assert getattr(whole.demand, name) == sum(getattr(row.demand, name) for row in rows), name
    z = design.network.tensors["z"].format.bits
    container = next(bits for bits in (8, 16, 32) if bits >= z)
    assert whole.demand.written_bits == 64 * container
    assert whole.demand.code_bits == 96 * 8 + 64 * container, "inner codes stay within"
    assert whole.frames_per_second == 1e8 / interval(design.rtl)
    assert 1 / whole.roofs[Bound.LUT] == pytest.approx(sum(1 / row.roofs[Bound.LUT] for row in rows))


def test_operations_and_roof_of_lanes_are_hardly_the_folds() -> None:
    """More lanes reach more of a roof that stays where it was, but for what lanes share."""
    few, many = (rooflines(*two(pe, simd))[0][0] for pe, simd in ((2, 4), (16, 8)))
    assert few.demand.operations == many.demand.operations > 64 * 96
    assert many.share_alone > 4 * few.share_alone
    assert few.roofs[Bound.LUT] < 2 * many.roofs[Bound.LUT]


def test_block_ram_bounds_weights_that_lie_in_it() -> None:
    """A frame reads each weight of 8 bits once, of 140 x 72 bits a cycle that ports give."""
    dense = Dense(Int(codes((32, 2048), -128, 127), 7), Bias.none(32))
    design, prediction = built(of_one(dense, (2048,), S8), y=Fold(4, 4))
    (row,), _ = rooflines(design, prediction)
    assert row.demand.block_bits == row.demand.weight_bits == 32 * 2048 * 8
    assert row.demand.operations == 2 * 32 * 2048
    assert row.roofs[Bound.BLOCK_RAM] == pytest.approx(1e8 * 140 * 72 / (32 * 2048 * 8))


def test_products_in_dsp_blocks_have_a_roof_of_their_own() -> None:
    """16 lanes take a block for two; 220 blocks are there, whatever LUTs are left."""
    dense = Dense(Int(codes((32, 2048), -128, 127), 7), Bias.none(32))
    design, _ = built(of_one(dense, (2048,), S8), y=Fold(4, 4))
    design.__dict__["rtl"] = in_dsp_blocks(design.rtl)
    (row,), whole = rooflines(design, predicted(family_model("xc7"), design.rtl))
    assert row.lanes is not None
    assert (row.lanes.count, row.lanes.dsp) == (16, 8)
    assert row.lanes.fit == min(440, 45_200 * 16 // row.lanes.lut)
    assert row.roofs[Bound.DSP] == whole.roofs[Bound.DSP] == pytest.approx(1e8 / (32 * 2048 / 440))
