"""Adders in DSP blocks: the block is what plain operators are, networks keep their codes and cycles."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from one_layer import codes, frames, of_one
from rtl_nets import FRAMES, random_folds
from rtl_streams import RTL, SIMULATED, SOURCES
from shiftwire.costs.blocks import block_levels, unit_dsp
from shiftwire.ir.bias import Bias
from shiftwire.ir.module import Pe
from shiftwire.ir.network import Network
from shiftwire.ir.rtl_network import RtlNetwork
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.adder import Adder
from shiftwire.rtl.bench import Bench
from shiftwire.schedule.adder_blocks import in_adder_blocks, saved
from shiftwire.schedule.depths import interval
from shiftwire.schedule.lowering import rtl_network
from shiftwire.schedule.streaming import pipeline
from shiftwire.tools.verilator import lint
from shiftwire.tools.yosys import Family, Synthesis, run_script, synthesised
from shiftwire.verify.rtl_simulator import FREE, Conditions, built
from shiftwire_boards.catalog import load_board
from tiers import some

ONE_BLOCK = """\
hierarchy -check -top sw_dsp_add -chparam SEGMENTS {segments} -chparam ACCUMULATE {accumulate} -chparam CELL {cell}
rename -top sw_dsp_add
proc
flatten
opt -full
rename -top {role}
design -stash {name}
"""

PROOF = """\
design -copy-from generic -as gold gold
design -copy-from xilinx -as gate gate
equiv_make gold gate both
hierarchy -top both
opt -full
equiv_simple -undef
equiv_induct -undef
equiv_status -assert
"""


@pytest.mark.parametrize("accumulate", [0, 1])
@pytest.mark.parametrize("segments", [2, 4])
def test_a_block_is_plain_operators(segments: int, accumulate: int, tmp_path: Path) -> None:
    """Proved by yosys with its own model of DSP48E1, for all inputs and states."""
    source = f'read_verilog -sv -defer "{RTL / "sw_dsp_add.sv"}"\n'
    script = ""
    for cell, name, role in ((0, "generic", "gold"), (1, "xilinx", "gate")):
        models = "read_verilog -defer +/xilinx/cells_sim.v\n" if cell else ""
        one = ONE_BLOCK.format(segments=segments, accumulate=accumulate, cell=cell, name=name, role=role)
        script += source + models + one
    run_script(script + PROOF, "prove a DSP48E1 equal to plain operators", tmp_path)


@pytest.mark.parametrize("cell", [0, 1, 2])
@pytest.mark.parametrize("segments, accumulate", [(2, 1), (4, 0)])
def test_lint(segments: int, accumulate: int, cell: int) -> None:
    lint(SIMULATED, "sw_dsp_add", {"SEGMENTS": segments, "ACCUMULATE": accumulate, "CELL": cell})


def adders(*shape: int) -> Adder:
    """Templates that reach both ends of codes and beyond."""
    return Adder(codes(shape, -150, 150), 4)


def networks() -> dict[str, Network]:
    """Sums of 12 and of more bits, odd numbers of lanes and of outputs, signed codes and not, one and many frames."""
    wide = Window((3, 2), (1, 1), (1, 1), (1, 0))
    image, unsigned = (6, 5, 4), Fixed(6, 4, signed=False)
    return {
        "n1": of_one(Dense(adders(6, 12), Bias(codes((6,), -9, 9), 4)), (12,)),
        "n2": of_one(Dense(adders(4, 7), Bias.none(4)), (7,), unsigned),
        "n3": of_one(Conv(adders(5, 3, 2, 4), Bias.none(5), wide), image),
        "n4": of_one(Conv(adders(4, 3, 2, 4), Bias.none(4), wide), image, unsigned),
        "n5": of_one(Dense(adders(3, 96), Bias.none(3)), (96,)),
    }


LANES = {"n1": (3, 6), "n2": (2, 7), "n3": (5, 8), "n4": (2, 3), "n5": (1, 32)}
"""PE and SIMD."""


def rtl_of(name: str, network: Network) -> RtlNetwork:
    (node,) = [node for node in network.nodes if isinstance(node.op, Conv | Dense)]
    every = {each.name: each.op.folds(network.sources(each), network.tensors[each.name]) for each in network.nodes}
    (own,) = [fold for fold in every[node.name] if (fold.pe, fold.simd) == LANES[name] and not fold.turns]
    folds = {**random_folds(network, 1), node.name: own}
    return rtl_network(pipeline(network, folds), name)


def with_levels(rtl: RtlNetwork, levels: int, cell: int) -> RtlNetwork:
    """So many levels of adders as blocks, counted from the sums."""
    units = []
    for unit in rtl.units:
        module = unit.module
        if module.pe is Pe.ADDER:
            module = replace(module, parameters={**module.parameters, "BLOCK_LEVELS": levels, "BLOCK_CELL": cell})
        units.append(replace(unit, module=module))
    return replace(rtl, units=tuple(units))


@pytest.mark.parametrize("levels, cell", some([(9, 1), (1, 1), (2, 2), (9, 2)], (9, 1), (2, 2)))
def test_networks_are_exact(levels: int, cell: int, tmp_path: Path) -> None:
    """Codes and cycles, with stalls and resets, in models of the cells that Xilinx documents."""
    nets = networks()
    given: dict[str, Codes] = {name: frames(network, FRAMES) for name, network in nets.items()}
    hardware = tuple(with_levels(rtl_of(name, network), levels, cell) for name, network in nets.items())
    simulator = built(Bench(hardware, generic=False), tmp_path, optimise="-O0")
    live = 0
    for conditions in (FREE, Conditions(stall=0.93, seed=2), Conditions(reset_cycle=41), Conditions(reset_frames=2)):
        logs = simulator.run(given, conditions)
        for rtl in hardware:
            wanted = nets[rtl.name].evaluate(given[rtl.name]).reshape(FRAMES, -1)
            found = logs[rtl.name][rtl.output].codes
            assert np.array_equal(found, wanted), (rtl.name, conditions)
            live += int(np.count_nonzero(np.ptp(wanted, axis=0)))
            if conditions is FREE:
                cycles = logs[rtl.name][rtl.output].cycles.reshape(FRAMES, -1)
                assert (np.diff(cycles[2:, -1]) == interval(rtl)).all(), rtl.name
    assert live > 100


@pytest.mark.parametrize("family", list(Family), ids=lambda family: family.value)
@pytest.mark.parametrize("levels", some([1, 2, 3, 4], 3))
def test_blocks_and_what_they_save(levels: int, family: Family, tmp_path: Path) -> None:
    """As many blocks as the formula says, and all LUTs that it says at least, of the cells of either family."""
    facts = {"KIND": 1, "PE": 4, "SIMD": 12, "X_BITS": 8, "W_BITS": 8, "RAW_BITS": 12, "TOTAL_BITS": 16}
    generic = int(family is not Family.SERIES_7)
    counted = []
    for parameters in ({}, {"BLOCK_LEVELS": levels, "BLOCK_CELL": 1 + generic}):
        synthesis = Synthesis(SOURCES, "sw_sums", {**facts, **parameters, "GENERIC": generic}, family=family)
        counted.append(synthesised(synthesis, tmp_path).resources)
    before, after = counted
    formula = sum(level.lut for level in block_levels(facts)[:levels])
    assert before.dsp == 0 and after.dsp == unit_dsp({**facts, "BLOCK_LEVELS": levels})
    assert formula <= before.lut - after.lut <= formula + 16


def test_a_board_s_blocks_go_where_they_save_most() -> None:
    rtl = rtl_of("n1", networks()["n1"])
    board = load_board("pynq-z2")
    blocks = in_adder_blocks(rtl, board)
    (before,) = [unit for unit in rtl.units if unit.module.pe is Pe.ADDER]
    (after,) = [unit for unit in blocks.units if unit.module.pe is Pe.ADDER]
    levels = block_levels({key: v for key, v in before.module.parameters.items() if isinstance(v, int)})
    assert after.module.parameters["BLOCK_LEVELS"] == len(levels) and after.module.parameters["BLOCK_CELL"] == 1
    assert saved(blocks) == sum(levels[1:], levels[0])
    few = in_adder_blocks(rtl, replace(board, dsp=levels[0].blocks))
    assert saved(few) == levels[0]
    (ultra,) = [unit for unit in in_adder_blocks(rtl, load_board("kv260")).units if unit.module.pe is Pe.ADDER]
    assert ultra.module.parameters["BLOCK_CELL"] == 2
