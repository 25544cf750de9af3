"""Fronts whose points may have adders in DSP blocks: what they save, what fits by that alone, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

import onnx
from adder_net import adder_network
from explored_nets import small
from shiftwire import api
from shiftwire.explore.front import Exploration, Point, unbeaten
from shiftwire.explore.front_file import front_json, read_front
from shiftwire.onnx.exporter import to_onnx
from shiftwire.project.project import Backend, load_project
from shiftwire.schedule.adder_blocks import DspUse, best_levels, module_levels
from shiftwire_boards.catalog import Board, load_board
from verbs import run_verb

CLOCK_NS = 10.0
ROOMY = load_board("pynq-z2")
TIGHT = replace(ROOMY, lut=8_000 + 2_200)
"""Beside the shell 2,200 LUTs are left."""


def points_of(board: Board, dsp: DspUse) -> list[Point]:
    return Exploration(adder_network(), board, CLOCK_NS, for_hls=False, dsp=dsp).points({})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("front") / "adders.onnx"
    onnx.save(to_onnx(adder_network()), path)
    return path


@pytest.fixture(scope="module")
def front(model: Path) -> Path:
    explored = api.explore(model, backend=Backend.RTL, dsp=DspUse.ADDERS)
    path = model.with_name("front.json")
    path.write_text(json.dumps(front_json(explored)))
    return path


@pytest.mark.parametrize("board", [ROOMY, TIGHT], ids=["roomy", "tight"])
def test_blocks_save_what_their_levels_save(board: Board) -> None:
    """As many as the board has, where they save most; every design takes what its point says."""
    points = points_of(board, DspUse.ADDERS)
    in_blocks = [point for point in points if point.dsp]
    assert in_blocks and all(point.fits for point in points)
    for point in in_blocks:
        plain = replace(point.plan, dsp=DspUse.NONE).design(adder_network(), board, CLOCK_NS)
        levels = [module_levels(unit.module) for unit in plain.rtl.units]
        chosen = [own[:count] for own, count in zip(levels, best_levels(levels, board.dsp), strict=True)]
        whole = [level for own in chosen for level in own]
        assert (point.dsp, point.saved_lut) == (sum(each.blocks for each in whole), sum(each.lut for each in whole))
        design = point.plan.design(adder_network(), board, CLOCK_NS)
        assert design.resources == point.total and design.timing.interval == point.cycles
        assert design.resources.lut == plain.resources.lut - point.saved_lut


def test_blocks_make_room_for_faster_designs() -> None:
    fastest = {dsp: min(point.cycles for point in points_of(TIGHT, dsp) if point.fits) for dsp in DspUse}
    assert fastest[DspUse.ADDERS] < fastest[DspUse.NONE]


def test_no_point_is_beaten() -> None:
    """As slow, as large and with as many blocks as another; without blocks all those of the plain front remain."""
    points, plain = points_of(ROOMY, DspUse.ADDERS), points_of(ROOMY, DspUse.NONE)
    figures = [(point.cycles, point.total.lut, point.dsp) for point in points]
    assert len(unbeaten(figures)) == len(figures) and [point.name for point in points] == [
        str(at) for at in range(1, len(points) + 1)
    ]
    kept = {(point.cycles, point.total.lut) for point in points if not point.dsp}
    assert kept and kept <= {(point.cycles, point.total.lut) for point in plain}


def test_unbeaten() -> None:
    assert unbeaten([(1, 5), (1, 5), (2, 4), (2, 5), (0, 9), (3, 4)]) == [0, 2, 4]
    assert unbeaten([]) == []


def test_networks_without_adders_have_their_plain_front() -> None:
    fronts = [Exploration(small(3), ROOMY, CLOCK_NS, for_hls=False, dsp=dsp).points({}) for dsp in DspUse]
    plain, other = ([(point.cycles, point.total.lut) for point in front] for front in fronts)
    assert set(other) <= set(plain) and all(a[1] > b[1] for a, b in pairwise(other))


def test_convert_builds_a_point_with_blocks(
    model: Path, front: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    point = next(point for point in read_front(front).points if point.dsp)
    words = ("convert", model, "--from", front, "--pick", point.name, "-o", tmp_path / "p")
    assert "is of SystemVerilog alone" in run_verb(capsys, *words)[2]
    status, out, err = run_verb(capsys, *words, "--backend", "rtl")
    assert status == 0 and f"{point.dsp} of 220 DSP blocks add" in out, err
    design = load_project(tmp_path / "p").design
    assert (design.dsp, design.timing.interval) == (DspUse.ADDERS, point.cycles)
    status, _, err = run_verb(capsys, *words, "--backend", "rtl", "--dsp", "adders")
    assert status == 2 and "the point of a front says itself what DSP blocks do" in err


def test_explore_says_what_blocks_save(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run_verb(capsys, "explore", model, "--backend", "rtl", "--dsp", "adders", "--json")
    points = json.loads(out)["points"]
    assert status == 0 and {point["dsp_use"] for point in points} == {"none", "adders"}
    assert all((point["saved_lut"] > 0) == (point["dsp_use"] == "adders") == (point["dsp"] > 0) for point in points)
    told = run_verb(capsys, "explore", model, "--backend", "rtl", "--dsp", "adders")[1]
    assert "where blocks add, that is before they do" in told
    assert "where blocks add" not in run_verb(capsys, "explore", model, "--backend", "rtl")[1]
    status, _, err = run_verb(capsys, "explore", model, "--dsp", "adders")
    assert status == 2 and "--dsp adders is for SystemVerilog" in err and "add --backend rtl" in err
