"""`shiftwire predict`: of a file and of a project, tables and JSON that say the same, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import onnx
from explored_nets import small
from shiftwire import api
from shiftwire.costs.model import family_model, predicted
from shiftwire.onnx.exporter import to_onnx
from shiftwire.schedule.depths import interval
from single_layers import single_layers
from verbs import run_verb


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("predicted") / "net.onnx"
    onnx.save(to_onnx(small(16)), path)
    return path


def test_json_is_what_models_say_of_the_design(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run_verb(capsys, "predict", model, "--fps", 1000, "--json")
    record = json.loads(out)
    design = api.convert(model, output=model.with_name("project"), target=api.Target(fps=1000)).design
    prediction = predicted(family_model("xc7"), design.rtl)
    assert status == 0
    assert record["evidence"] == "modelled"
    assert record["lut"] == prediction.whole.resources.lut
    assert record["lut"] == record["lut_logic"] + record["lut_ram"] + record["lut_srl"]
    assert record["lut_between"] == [prediction.least, prediction.most]
    for parts in (record["layers"], record["modules"]):
        assert sum(part["lut"] for part in parts.values()) == record["lut"]
        assert sum(part["bram36"] for part in parts.values()) == record["bram36"]


def test_rooflines_in_json_and_table(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = json.loads(run_verb(capsys, "predict", model, "--fps", 1000, "--json")[1])
    roofline, speed = record["roofline"], record["frames_per_second"]
    assert roofline["evidence"] == "modelled"
    for row in (*roofline["layers"].values(), roofline["network"]):
        lowest = min(roof for roof in row["roofs_gops"].values() if roof is not None)
        assert row["roofs_gops"][row["bound"]] == lowest
        assert row["gops"] == pytest.approx(row["operations"] * speed / 1e9)
        assert row["share"] == pytest.approx(row["gops"] / lowest)
    inspected = json.loads(run_verb(capsys, "inspect", model, "--json")[1])["total"]
    assert roofline["network"]["operations"] == sum(inspected["operations"].values())
    assert roofline["network"]["bit_operations"] == inspected["bit_operations"]
    out = run_verb(capsys, "predict", model, "--fps", 1000)[1]
    assert "of block RAM" in out and "bound by" in out and "72 bits a BRAM36 and cycle, a DMA 64 each way" in out


def test_a_network_faster_than_its_dma_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """40 codes of 8 bits are five words of the DMA, where the network takes them all in a cycle."""
    onnx.save(to_onnx(single_layers()["requantize_floor_saturate"]), tmp_path / "net.onnx")
    status, out, _ = run_verb(capsys, "predict", tmp_path / "net.onnx")
    assert status == 0
    assert "frames/s: the network is faster, and waits for it (modelled)" in out


def test_a_project_is_told_as_it_stands(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = model.with_name("project")
    api.convert(model, output=project, target=api.Target(fps=1000))
    of_file = run_verb(capsys, "predict", model, "--fps", 1000, "--json")[1]
    assert run_verb(capsys, "predict", project, "--json")[1] == of_file
    status, _, err = run_verb(capsys, "predict", project, "--fps", 5)
    assert status == 2
    assert "is a project, which is folded already, so --fps has nothing to say; leave it out" in err


def test_the_table_says_where_it_comes_from(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run_verb(capsys, "predict", model, "--board", "zcu104")
    assert status == 0
    for words in ("modelled:", "nine in ten netlists have", "of the family xcup, counted by", "no place and route"):
        assert words in out
    assert "no unit of the family" not in err


def test_what_no_model_knows_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    onnx.save(to_onnx(single_layers()["concat"]), tmp_path / "net.onnx")
    status, _, err = run_verb(capsys, "predict", tmp_path / "net.onnx")
    assert status == 0
    assert "that no model was fitted to; an average stands in, so take these for a guess" in err


def test_cycles_are_those_of_the_systemverilog(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A window module fills and empties its line buffer at once, which the C++ does in turn."""
    onnx.save(to_onnx(single_layers()["max_pool"]), tmp_path / "net.onnx")
    record = json.loads(run_verb(capsys, "predict", tmp_path / "net.onnx", "--fps", 1000, "--json")[1])
    design = api.design(api.load_network(tmp_path / "net.onnx"), target=api.Target(fps=1000))
    assert record["interval_cycles"] == interval(design.rtl) < design.timing.interval
    assert record["frames_per_second"] == pytest.approx(1e8 / record["interval_cycles"])
