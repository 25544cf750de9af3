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
        (("--fps", "0"), "found --fps 0, wanted frames a second above 0"),
        (("--fps", "nan"), "found --fps nan, wanted frames a second above 0"),
        (("--fps", "30e6"), "found --fps 3e+07, which leaves 3 cycles a frame"),
        (("--fps", "30e6"), "reach where it is most exact, at most 925926 frames/s"),
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
    assert not list(work.glob(f"{output.name}*")), "a run that is refused leaves nothing that stops the next"


@pytest.mark.parametrize(
    ("outputs", "sentence"),
    [
        ("-o float.onnx", "float.onnx is the float model itself; name another file with -o"),
        ("-o x.npz", "x.npz is the calibration file itself; name another file with -o"),
        ("-o f.json --csv sub/../x.npz", "x.npz is the calibration file itself; name another file with --csv"),
        ("-o f.json --html y.npz", "y.npz is the file of labels itself; name another file with --html"),
        ("-o f --csv f", "f is named by -o too; name another file with --csv"),
        ("-o f.json --html sub", "sub (Is a directory); name a file, not a folder"),
        ("-o f.json --csv x.npz/f.csv", "f.csv (Not a directory); free space or name another folder"),
        ("-o sub", "sub (Is a directory)"),
        ("-o there.json", "there_models is a file, wanted a folder"),
        ("-o alien.json", "alien_models holds numbered exact files that no point of"),
        ("-o own.json", "own_models holds numbered exact files that no point of"),
    ],
)
def test_nothing_is_written_over(outputs: str, sentence: str, tmp_path: Path, capsys) -> None:
    """Before anything is read: none of these files is what it should be."""
    for name in (
        "float.onnx",
        "x.npz",
        "y.npz",
        "there_models",
        "own_models/001.onnx",
        "alien.json",
        "alien_models/001.onnx",
        "sub/f",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    words = [tmp_path / word if not word.startswith("-") else word for word in outputs.split()]
    read = ("--calibrate", tmp_path / "x.npz", "--labels", tmp_path / "y.npz")
    status, out, err = run_verb(capsys, "explore", tmp_path / "float.onnx", *read, *words)
    assert (status, out) == (2, "") and sentence in err.splitlines()[-1], err
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or file.read_text() == str(file.relative_to(tmp_path))


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


DAMAGED = ("{", "[1]", '{"candidate": {}, "result": 5}', '{"candidate": {}, "result": {}}', "{}")


@pytest.mark.parametrize("line", DAMAGED)
def test_a_damaged_line_is_named(line: str, front: Path, work: Path, tmp_path: Path, capsys) -> None:
    """Trials behind it are not lost."""
    lines = front.with_name("front.json.journal").read_text().splitlines()
    damaged = "\n".join([*lines[:4], line, *lines[5:]]) + "\n"
    (tmp_path / "front.json.journal").write_text(damaged)
    words = ("--calibrate", work / "x.npz", "--samples", 24, *FAST, "--trials", TRIALS, "-o", tmp_path / "front.json")
    status, _, err = run_verb(capsys, "explore", work / "float.onnx", *words)
    assert status == 2 and "front.json.journal is damaged at line 5; remove that line" in err.splitlines()[-1], err
    assert (tmp_path / "front.json.journal").read_text() == damaged


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
    assert status == 2 and "is no journal of this exploration: it is of another --" in err and "--seed" in err
    assert front.with_name("front.json.journal").read_bytes() == before


@pytest.mark.parametrize(
    ("members", "pick", "sentence"),
    [
        ({}, "999", "found no point '999'"),
        ({"shiftwire": {"explored_schema": 2, "version": "0.0.1"}}, "1", "is of shiftwire 0.0.1"),
        ({"shiftwire": {"explored_schema": 9, "version": "0.0.1"}}, "1", "has schema 9"),
        ({"points": [{"name": "1"}]}, "1", "is damaged"),
        ({"points": 3}, "1", "is damaged"),
        ({"points": []}, "1", "found no point '1' in"),
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


@pytest.mark.parametrize("folds", [{}, {"c1": {"pe": 3, "simd": 1}}])
def test_folds_of_another_network(folds: Mapping[str, Any], front: Path, capsys) -> None:
    point = json.loads(front.read_text())["points"][0]
    kept = {name: fold for name, fold in point["folds"].items() if folds} | dict(folds)
    points = [point | {"folds": kept}]
    file, project = changed(front, front.with_name("folds.json"), points=points), front.with_name("net")
    status, out, err = run_verb(capsys, "convert", "--from", file, "--pick", "1", "-o", project)
    assert (status, out) == (2, "") and "the front is damaged: of the folds of point '1', " in err.splitlines()[-1], err
    assert not project.exists()
