"""Labelled samples through a front, a simulated board and a tail: the accuracy of the original file's run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import onnx
from board_bench import USUAL_BOARD, needs_pynq
from digits_files import FILES, digits_data, digits_file
from shiftwire.board.simulated import accelerator_design, write_overlay
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import run_onnx
from shiftwire.project.project import Backend, write_project
from shiftwire.schedule.design import schedule
from shiftwire_boards.catalog import load_board
from shiftwire_boards.runtime.errors import DataError
from shiftwire_boards.runtime.manifest import load_manifest, manifest_of
from tiers import some
from verbs import run_verb

FRAMES = 60


@needs_pynq
@pytest.mark.parametrize("name", some(FILES, "channels last, argmax"))
def test_accuracy_is_that_of_the_original_file(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], programs: Path
) -> None:
    """Bytes in, classes out, each as onnxruntime has it."""
    model, (x, y) = digits_file(name), digits_data(name, FRAMES)
    onnx.save(model, tmp_path / "digits.onnx")
    np.savez(tmp_path / "digits.npz", x=x, y=y)
    outputs = run_onnx(model, x)
    classes = outputs if outputs.ndim == 1 else outputs.argmax(axis=1)
    project = tmp_path / "digits"
    status, _, err = run_verb(
        capsys, "convert", tmp_path / "digits.onnx", "--board", USUAL_BOARD, "--backend", "rtl", "-o", project
    )
    assert status == 0, err
    programs.mkdir(exist_ok=True)
    (project / "reports").mkdir(exist_ok=True)
    (project / "reports" / "board").symlink_to(programs)
    status, out, err = run_verb(
        capsys, "measure", project, "--sim", "--data", tmp_path / "digits.npz", "--frames", FRAMES, "--json"
    )
    assert status == 0, err
    accuracy = json.loads(out)["accuracy"]
    assert (accuracy["correct"], accuracy["total"]) == ((classes == y).sum(), FRAMES)
    assert 0.8 * FRAMES < accuracy["correct"] < FRAMES


def test_values_of_a_ranking_are_refused(tmp_path: Path) -> None:
    """Labels for what is ranked would be scored; a model that gives indices has none."""
    network = network_from_model(digits_file("channels last, argmax"))
    project = write_project(schedule(network, load_board(USUAL_BOARD)), tmp_path / "digits", Backend.RTL)
    manifest = load_manifest(manifest_of(write_overlay(project, accelerator_design(project), tmp_path)))
    manifest.labelled(np.arange(10))
    with pytest.raises(DataError, match="labels that are values, and the model gives indices; give classes as integer"):
        manifest.labelled(np.zeros((3, 10)))
    with pytest.raises(DataError, match="found labels from 1 to 10, the network answers 0 to 9"):
        manifest.labelled(np.arange(10) + 1)
