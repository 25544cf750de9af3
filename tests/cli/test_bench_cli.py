"""`shiftwire bench`: each level as a table and as JSON, of a file and of a project, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import onnx
from explored_nets import small
from shiftwire import api
from shiftwire.onnx.exporter import to_onnx
from verbs import run_verb


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("benched") / "net.onnx"
    onnx.save(to_onnx(small(16)), path)
    return path


def test_levels_tell_of_the_design_that_predict_tells_of(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = json.loads(run_verb(capsys, "predict", model, "--fps", 1000, "--json")[1])
    for level in ("layer", "block", "model"):
        status, out, _ = run_verb(capsys, "bench", model, "--level", level, "--fps", 1000, "--json")
        record = json.loads(out)
        assert status == 0
        assert (record["evidence"], record["level"], record["board"]) == ("modelled", level, "pynq-z2")
        for figure in ("lut", "bram36", "dsp", "ff"):
            assert sum(row[figure] for row in record["rows"]) == whole[figure]
    (row,) = record["rows"]
    assert row["cycles"] == whole["interval_cycles"]
    assert row["lut_between"] == whole["lut_between"]
    assert row["operations"] == whole["roofline"]["network"]["operations"]


def test_a_layer_alone_is_faster_than_its_network(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(run_verb(capsys, "bench", model, "--fps", 1000, "--json")[1])["rows"]
    layers = json.loads(run_verb(capsys, "predict", model, "--fps", 1000, "--json")[1])["roofline"]["layers"]
    assert [row["name"] for row in rows if "gops" in row] == list(layers)
    for row in rows:
        assert row["frames_per_second"] == pytest.approx(1e8 / row["cycles"])
        if "gops" in row:
            assert row["gops"] == pytest.approx(row["operations"] * row["frames_per_second"] / 1e9)
            assert row["share"] == pytest.approx(row["gops"] / row["roofs_gops"][row["bound"]])
            assert row["share"] >= layers[row["name"]]["share"] - 1e-12


def test_tables_and_a_project(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = model.with_name("project")
    api.convert(model, output=project, target=api.Target(fps=1000))
    for level, words in (("layer", "% of it"), ("block", "FIFOs"), ("model", "network")):
        status, out, _ = run_verb(capsys, "bench", project, "--level", level)
        assert status == 0
        assert words in out and "modelled for TUL PYNQ-Z2" in out
    status, _, err = run_verb(capsys, "bench", project, "--fps", 5)
    assert status == 2
    assert "is a project, which is folded already, so --fps has nothing to say; leave it out" in err


def test_an_unknown_level_and_a_missing_file(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run_verb(capsys, "bench", model, "--level", "gate")
    assert left.value.code == 2
    assert "argument --level: invalid choice: 'gate'" in capsys.readouterr().err
    status, _, err = run_verb(capsys, "bench", tmp_path / "none.onnx")
    assert status == 2
    assert err.count("\n") == 1 and "none.onnx" in err
