"""What a search, and convert of a point, refuse: one sentence, and nothing is written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shiftwire.explore.trials import farm, sensitivity
from trials_bench import FAST, FEW, TRIALS, changed
from verbs import run_verb


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (("--board", "pynq"), "found no board 'pynq'"),
        (("--fps", "1e9"), "found --fps 1e+09, wanted what a clock of"),
        (("--fps", "30e6"), "found --fps 3e+07, which leaves 3 cycles a frame"),
        (("--scheduler", "tcp://127.0.0.1:9"), "found no scheduler at tcp://127.0.0.1:9"),
        (("--scheduler", "tcp://127.0.0.1:9", "--workers", "2"), "so --workers has nothing to say"),
        (("--bram36", "3"), "--bram36 belongs to the folds of an exact network"),
        (("--fold", "c1=1,1"), "--fold belongs to the folds of an exact network"),
        (("--calibrate", "none.npz"), "found no file none.npz"),
    ],
)
def test_refusals(asked: tuple[str, ...], sentence: str, work: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(farm, "REACHED_S", 1)
    output = work / f"{abs(hash(asked))}.json"
    words = ("--calibrate", work / "x.npz", "--score", "8", "-o", output, *asked)
    status, out, err = run_verb(capsys, "explore", work / "float.onnx", *words)
    assert (status, out) == (2, "") and sentence in err.splitlines()[-1], err
    assert not output.exists()


def test_a_space_of_one_point(work: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    for name, choices in (("SCHEMES", FEW[:1]), ("BITS", ("8",)), ("INPUT_BITS", ("8",))):
        monkeypatch.setattr(sensitivity, name, choices)
    words = ("--calibrate", work / "x.npz", "-o", tmp_path / "f.json")
    status, _, err = run_verb(capsys, "explore", work / "float.onnx", *words)
    assert status == 2 and "nothing is left to explore" in err


def test_an_exact_file_is_refused(front: Path, work: Path, tmp_path: Path, capsys) -> None:
    exact = front.parent / json.loads(front.read_text())["points"][0]["model"]
    words = ("--calibrate", work / "x.npz", "-o", tmp_path / "f.json")
    status, _, err = run_verb(capsys, "explore", exact, *words)
    assert status == 2 and "is quantized throughout, so there is nothing to try" in err


def test_a_place_that_cannot_be_written(work: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "file").write_text("")
    words = ("--calibrate", work / "x.npz", "-o", tmp_path / "file" / "front.json")
    status, _, err = run_verb(capsys, "explore", work / "float.onnx", *words)
    assert status == 2 and "cannot write" in err.splitlines()[-1], err


@pytest.mark.parametrize("text", ["", "no JSON", "[1]", "{}", '{"journal_of": 3}'])
def test_what_is_no_journal(text: str, work: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "front.json.journal").write_text(text)
    words = ("--calibrate", work / "x.npz", "-o", tmp_path / "front.json")
    status, _, err = run_verb(capsys, "explore", work / "float.onnx", *words)
    assert status == 2 and "is no journal of this exploration" in err, err
    assert (tmp_path / "front.json.journal").read_text() == text


def test_a_journal_whose_trials_come_to_something_else(front: Path, work: Path, tmp_path: Path, capsys) -> None:
    lines = front.with_name("front.json.journal").read_text().splitlines()
    corner = re.compile(r"(\[\d+, )(\d+)(, \d+\])")
    other = [corner.sub(lambda cell: f"{cell[1]}{int(cell[2]) - 1}{cell[3]}", line) for line in lines]
    (tmp_path / "front.json.journal").write_text("\n".join(other) + "\n")
    words = ("--calibrate", work / "x.npz", "--samples", 24, *FAST, "--trials", TRIALS, "-o", tmp_path / "front.json")
    status, _, err = run_verb(capsys, "explore", work / "float.onnx", *words)
    assert status == 2 and "no longer comes to what is written there" in err.splitlines()[-1], err


def test_another_journal_is_refused(front: Path, work: Path, capsys) -> None:
    before = front.with_name("front.json.journal").read_bytes()
    words = ("--calibrate", work / "x.npz", "-o", front, "--seed", "2")
    status, _, err = run_verb(capsys, "explore", work / "float.onnx", *words)
    assert status == 2 and "is no journal of this exploration" in err
    assert front.with_name("front.json.journal").read_bytes() == before


@pytest.mark.parametrize(
    ("members", "pick", "sentence"),
    [
        ({}, "999", "found no point '999'"),
        ({"shiftwire": {"explored_schema": 1, "version": "0.0.1"}}, "1", "is of shiftwire 0.0.1"),
        ({"shiftwire": {"explored_schema": 9, "version": "0.0.1"}}, "1", "has schema 9"),
        ({"points": [{"name": "1"}]}, "1", "is damaged"),
        ({"points": 3}, "1", "is damaged"),
        ({"clock_ns": "fast"}, "1", "is damaged"),
    ],
)
def test_a_front_of_another_kind(members: Mapping[str, Any], pick: str, sentence: str, front: Path, capsys) -> None:
    file, project = changed(front, front.with_name("changed.json"), **members), front.with_name("net")
    status, out, err = run_verb(capsys, "convert", "--from", file, "--pick", pick, "-o", project)
    assert (status, out) == (2, "") and sentence in err.splitlines()[-1], err
    assert not project.exists()


def test_exact_files_that_are_gone_or_changed(front: Path, tmp_path: Path, capsys) -> None:
    data = json.loads(front.read_text())
    words = ("--from", tmp_path / "front.json", "--pick", "1", "-o", tmp_path / "net")
    changed(front, tmp_path / "front.json")
    assert "found no file" in run_verb(capsys, "convert", *words)[2]
    others = {point["model"] for point in data["points"]} - {data["points"][0]["model"]}
    (tmp_path / "front_models").mkdir()
    (tmp_path / data["points"][0]["model"]).write_bytes((front.parent / others.pop()).read_bytes())
    status, _, err = run_verb(capsys, "convert", *words)
    assert status == 2 and "the front is of another network" in err
