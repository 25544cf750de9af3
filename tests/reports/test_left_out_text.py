"""What inspect and report say of folds of zeros."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shiftwire.ir.fold import Fold
from shiftwire.project.project import Backend, write_project
from shiftwire.reports.inspection import left_out, left_out_sentence
from shiftwire.schedule.design import Design, folded
from shiftwire_boards.catalog import load_board
from single_layers import single_layers
from verbs import run_verb

SENTENCE = "y leaves out 12 of 24 folds, which are all zero: 12 iterations and not 24"


def design(name: str, fold: Fold) -> Design:
    return folded(single_layers()[name], load_board("pynq-z2"), 10.0, {"y": fold})


def test_counts() -> None:
    (one,) = left_out(design("shift_dense_pruned", Fold(2, 4)))
    assert (one.name, one.folds, one.empty_folds, one.iterations, one.whole_iterations) == ("y", 24, 12, 12, 24)
    assert left_out_sentence(design("shift_dense_pruned", Fold(2, 4))) == SENTENCE
    (grouped,) = left_out(design("shift_conv_pruned_grouped", Fold(1, 4)))
    assert grouped.whole_iterations - grouped.iterations == grouped.empty_folds * 15, "15 positions of one term"
    assert left_out_sentence(design("shift_dense", Fold(1, 3))) is None


def test_both_verbs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tmp_path / "project"
    write_project(design("shift_dense_pruned", Fold(2, 4)), project, Backend.RTL)
    for verb in ("inspect", "report"):
        status, out, _ = run_verb(capsys, verb, project)
        assert status == 0 and " ".join(SENTENCE.split()) in " ".join(out.split())
    _, out, _ = run_verb(capsys, "inspect", project, "--json")
    told = json.loads(out)["built"]["left_out"]
    _, out, _ = run_verb(capsys, "report", project, "--json")
    assert told == json.loads(out)["left_out"]
    assert told == [{"name": "y", "folds": 24, "empty_folds": 12, "iterations": 12, "whole_iterations": 24}]
