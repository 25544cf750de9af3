"""A design by layers, by blocks and whole: each level tells of the same hardware."""

from __future__ import annotations

import pytest

from shiftwire.costs.model import family_model, predicted
from shiftwire.explore.levels import FIFOS, LOGIC, Level, LevelRow, block_of, level_rows
from shiftwire.ir.network import Network, Operations
from shiftwire.schedule.depths import interval
from shiftwire.schedule.design import Design, Target, schedule
from shiftwire_boards.catalog import load_board
from single_layers import single_layers

Z2 = load_board("pynq-z2")
MODEL = family_model("xc7")
NETS = "shift_conv", "max_pool", "multiply_gate", "concat_unequal"


def of(network: Network, level: Level) -> tuple[Design, list[LevelRow]]:
    design = schedule(network, Z2, target=Target(fps=1000))
    return design, list(level_rows(design, MODEL, predicted(MODEL, design.rtl), level))


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("level", Level)
def test_rows_of_every_level_add_up(net: str, level: Level) -> None:
    design, rows = of(single_layers()[net], level)
    whole = predicted(MODEL, design.rtl).whole
    for figure in ("lut", "lutram", "srl", "ff", "bram36", "dsp"):
        assert sum(getattr(row.estimate.resources, figure) for row in rows) == getattr(whole.resources, figure), figure
    assert sum(row.units for row in rows if row.name != FIFOS) == len(design.rtl.units)
    assert max(row.cycles or 0 for row in rows) == interval(design.rtl)
    for row in rows:
        assert row.least <= row.estimate.resources.lut <= row.most
        assert row.estimate.resources.lut >= 0 and row.estimate.resources.ff >= 0
        assert row.cycles is None or row.alone == pytest.approx(1e8 / row.cycles)


def test_blocks_are_called_by_what_they_are_for() -> None:
    design, rows = of(single_layers()["shift_conv"], Level.BLOCK)
    assert {"sums", "windows", "finish of sums", FIFOS} <= {row.name for row in rows}
    sums = next(row for row in rows if row.name == "sums")
    (unit,) = (unit for unit in design.rtl.units if unit.module.name == "sw_mvu")
    assert (sums.units, sums.cycles) == (1, unit.module.nest.iterations)
    assert sums.estimate.resources.bram36 <= predicted(MODEL, design.rtl).units[unit.name].resources.bram36
    unit.module.sources["own.sv"] = ""  # type: ignore[index]
    assert block_of(unit) == LOGIC


def test_fifos_are_what_their_depth_takes() -> None:
    """Those of one word are registers of the units in front of them."""
    design, rows = of(single_layers()["multiply_gate"], Level.BLOCK)
    fifos = rows[-1]
    assert fifos.name == FIFOS and fifos.cycles is None
    assert fifos.units == sum(depth > 1 for depth in design.rtl.depths.values()) > 0
    forks = next(row for row in rows if row.name == "forks")
    whole = [predicted(MODEL, design.rtl).units[u.name] for u in design.rtl.units if u.module.name == "sw_fork"]
    assert forks.estimate.resources.lutram == 0 < sum(each.resources.lutram or 0 for each in whole)
    assert forks.estimate.resources.ff == sum(each.resources.ff for each in whole)


def test_only_what_computes_has_a_roof() -> None:
    network = single_layers()["concat_unequal"]
    design, layers = of(network, Level.LAYER)
    done = {node.name: node.op.operations(network.sources(node), network.tensors[node.name]) for node in network.nodes}
    assert {row.name for row in layers if row.roofline} == {name for name, each in done.items() if each != Operations()}
    assert (
        len(layers) == len({unit.layer for unit in design.rtl.units}) > sum(row.roofline is not None for row in layers)
    )
