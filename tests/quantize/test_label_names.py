"""Names that data files use for labels, where inputs or outputs of the network have the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import onnx
from float_texts import drawn, float_model, quantized_text
from shiftwire.board.manifest import board_manifest
from shiftwire.board.measure import sent_arrays
from shiftwire.cli import main
from shiftwire.errors import InputError
from shiftwire.onnx.importer import network_from_model
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.project.data import load_data
from shiftwire.project.project import Backend, load_project, write_project
from shiftwire.quantize.floats.float_run import Samples
from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import quantize_model
from shiftwire.schedule.design import schedule
from shiftwire_boards.catalog import load_board
from shiftwire_boards.runtime.manifest import load_manifest
from shiftwire_boards.runtime.samples import samples_of

ROWS = {"x": (5,), "y": (5,)}
WEIGHTS = drawn(w=(4, 5), v=(3, 5), u=(2, 5))
RNG = np.random.default_rng(1)
X, Y = (RNG.normal(size=(24, 5)).astype(np.float32) for _ in range(2))
CLASSES = np.arange(24) % 4
SUM = "a = Gemm<transB=1>(x, w); b = Gemm<transB=1>(y, w); z = Add(a, b)"
BOTH = "y = Gemm<transB=1>(i, w); z = Gemm<transB=1>(i, v)"


def saved(folder: Path, model: onnx.ModelProto) -> Path:
    onnx.save(model, folder / "float.onnx")
    return folder / "float.onnx"


def heads(path: Path, arrays: dict[str, np.ndarray], labels: dict[str, np.ndarray] | None = None) -> dict[str, bool]:
    """Whether each output of the network is scored beside labels."""
    samples = Samples(arrays, arrays if labels is None else labels)
    report = quantize_model(path, samples, Options(), lambda *_: None).report
    return {name: of_head.labels_float is not None for name, of_head in report.heads.items()}


def test_an_input_called_y_takes_that_name(tmp_path: Path) -> None:
    """And `labels` are the labels, in the same file; in a file of their own they are either."""
    path = saved(tmp_path, float_model(ROWS, {"z": 2}, SUM, WEIGHTS))
    assert heads(path, {"x": X, "y": Y}) == {"z": False}
    assert heads(path, {"x": X, "y": Y, "labels": CLASSES}) == {"z": True}
    assert heads(path, {"x": X, "y": Y}, {"y": CLASSES}) == {"z": True}
    assert heads(path, {"x": X, "y": Y}, {"labels": CLASSES}) == {"z": True}


def test_data_of_the_exact_network_have_the_same_names(tmp_path: Path) -> None:
    """Also those that a board is sent."""
    made = quantized_text(float_model(ROWS, {"z": 2}, SUM, WEIGHTS), ROWS, tmp_path)
    network = network_from_model(made.model)
    np.savez(tmp_path / "data.npz", x=X, y=Y, labels=CLASSES)
    data = load_data(tmp_path / "data.npz", network)
    assert np.array_equal(data.values["y"], Y) and np.array_equal(next(iter(data.labels.values())).values, CLASSES)
    assert sorted(sent_arrays(network, data)) == ["labels", "x", "y"]


def test_an_output_called_y_has_the_labels_of_that_name(tmp_path: Path) -> None:
    """And no other output, though they would fit it; an output called x has not the samples."""
    path = saved(tmp_path, float_model({"i": (5,)}, {"z": 2, "y": 2}, BOTH, WEIGHTS))
    assert heads(path, {"x": X, "y": CLASSES % 3}) == {"z": False, "y": True}
    assert heads(path, {"x": X, "z": CLASSES % 3}) == {"z": True, "y": False}
    lines = "x = Gemm<transB=1>(i, w); z = Gemm<transB=1>(i, v)"
    path = saved(tmp_path, float_model({"i": (5,)}, {"x": 2, "z": 2}, lines, WEIGHTS))
    assert heads(path, {"x": X, "y": CLASSES}) == {"x": True, "z": False}


WRONG = {
    "shape": (np.zeros((24, 9)), r"labels '{key}' of shape \(24, 9\) and type float64 do not fit outputs \(N, 4\)"),
    "classes": (CLASSES + 5, r"labels '{key}' run from 5 to 8, the network answers 0 to 3; number the classes"),
    "type": (np.array(["cat"] * 24), "labels '{key}' have type <U3, wanted numbers"),
    "nan": (np.full(24, np.nan), "labels '{key}' hold 24 NaN or infinite values"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("key", ["labels", "y"])
def test_sentences_name_the_array(case: str, key: str, tmp_path: Path) -> None:
    """As it is called in its file: `labels` of one output, or an output's name."""
    labels, words = WRONG[case]
    if key == "labels":
        path = saved(tmp_path, float_model(ROWS, {"z": 2}, SUM, WEIGHTS))
        arrays = {"x": X, "y": Y, "labels": labels}
    else:
        path = saved(tmp_path, float_model({"i": (5,)}, {"z": 2, "y": 2}, BOTH, WEIGHTS))
        arrays = {"x": X, "y": labels, "z": CLASSES % 3}
    with pytest.raises(InputError, match=words.format(key=key)):
        heads(path, arrays)


def test_labels_of_an_output_are_called_after_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = "policy = Gemm<transB=1>(i, w); value = Gemm<transB=1>(i, u)"
    path = saved(tmp_path, float_model({"i": (5,)}, {"policy": 2, "value": 2}, lines, WEIGHTS))
    np.savez(tmp_path / "x.npz", x=X, value=CLASSES)
    assert main(["quantize", str(path), "--calibrate", str(tmp_path / "x.npz")]) == 2
    assert "labels 'value' run from 0 to 3, the network answers 0 to 1" in capsys.readouterr().err


def test_a_board_reads_them_by_the_same_names(tmp_path: Path) -> None:
    made = quantized_text(float_model(ROWS, {"z": 2}, SUM, WEIGHTS), ROWS, tmp_path)
    design = schedule(run_pipeline(network_from_model(made.model)), load_board("pynq-z2"))
    write_project(design, tmp_path / "project", Backend.RTL)
    project = load_project(tmp_path / "project")
    (tmp_path / "a.manifest.json").write_text(json.dumps(board_manifest(project, "a", {})))
    np.savez(tmp_path / "data.npz", x=X, y=Y, labels=CLASSES)
    samples = samples_of(load_manifest(tmp_path / "a.manifest.json"), tmp_path, tmp_path / "data.npz")
    assert np.array_equal(samples.codes, project.design.network.encode({"x": X, "y": Y}))
    assert np.array_equal(samples.labels, CLASSES)
