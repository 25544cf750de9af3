"""Units drawn, shelved and counted: each takes what it takes in a network, and nothing is counted twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from shiftwire.costs.blocks import unit_bram36, unit_dsp
from shiftwire.costs.facts import facts
from shiftwire.costs.lutram import unit_lutram
from shiftwire.explore.characterise import counting
from shiftwire.explore.characterise.counting import counted, rows_of
from shiftwire.explore.characterise.shelf import Shelf, shelf_name
from shiftwire.explore.characterise.space import Point, points
from shiftwire.rtl.files import module_files, write_network
from shiftwire.tools.yosys import Family, Synthesis, synthesised


def test_points_are_the_same_whatever_is_drawn_before_them() -> None:
    every, later = points(16, 1), points(8, 1, 8)
    assert [(p.number, p.shape, p.folds) for p in every if p.number >= 8] == [
        (p.number, p.shape, p.folds) for p in later
    ]


def test_every_kind_of_weights_and_most_modules_are_drawn() -> None:
    drawn = points(64, 1)
    assert {point.kind for point in drawn} == {"shift", "shift2", "adder", "int", "binary", "dsp"}
    modules = {unit.module.name for point in drawn for unit in point.rtl.units}
    assert modules >= {"sw_mvu", "sw_vvu", "sw_window", "sw_finish", "sw_affine", "sw_threshold", "sw_pool", "sw_fork"}


def _least() -> Point:
    return min(
        points(8, 1), key=lambda point: sum(unit.module.parameters.get("PE", 1) != 1 for unit in point.rtl.units)
    )


def test_a_unit_takes_on_a_shelf_what_it_takes_in_a_network(tmp_path: Path) -> None:
    point = _least()
    shelf = Shelf.of({point.rtl.name: point.rtl}, ((point.rtl.name, unit) for unit in point.rtl.units))
    alone = shelf.counted(tmp_path / "shelf", Family.SERIES_7, dsp=True)
    sources = write_network(point.rtl, tmp_path / "net", generic=False)
    kept = tuple(sorted({unit.module.name for unit in point.rtl.units}))
    data = tuple(sorted((tmp_path / "net").glob("*.mem")))
    synthesis = Synthesis((*sources, *module_files()), point.rtl.name, dsp=True, kept=kept, data=data)
    netlist = synthesised(synthesis, tmp_path / "maps")
    for unit in point.rtl.units:
        took = alone[shelf_name(point.rtl.name, unit)]
        assert took == netlist.units[f"unit_{unit.name}"], unit.name
        known = facts(point.rtl, unit)
        assert took.bram36 == unit_bram36(known)
        assert took.dsp == unit_dsp(known)
        assert took.lutram == unit_lutram("xc7", unit.module.name, known)


def test_what_was_counted_is_not_counted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = [_least()]
    monkeypatch.setattr(counting, "points", lambda *_: drawn)
    file = counted(0, 1, Family.SERIES_7, tmp_path)
    first = list(rows_of(file, 0, 1, Family.SERIES_7))
    assert len(first) == len(drawn[0].rtl.units)
    monkeypatch.setattr(counting, "_counts", lambda *_: pytest.fail("counted twice"))
    assert list(rows_of(counted(0, 1, Family.SERIES_7, tmp_path), 0, 1, Family.SERIES_7)) == first
