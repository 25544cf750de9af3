"""What quantization cost, by the task: equal answers of classes, pixels and decisions, the error of values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from float_nets import FloatNet
from quantized import quantized
from shiftwire.cli import main
from shiftwire.cli.quantize import answers_json
from shiftwire.onnx.runtime import run_onnx
from shiftwire.project.labels import Labels, Task
from shiftwire.project.scores import relative_error
from shiftwire.quantize.report import Answers, answers

RNG = np.random.default_rng(4)


def test_classes_are_counted() -> None:
    """By hand: of four samples one changes its answer, two are clear, one calibrated."""
    right = np.array([[3.0, 0.0], [0.0, 0.5], [0.0, 2.0], [0.2, 0.0]])
    exact = right + np.array([[0.0, 0.0], [0.6, 0.0], [0.0, -0.2], [0.0, 0.0]])
    found = answers(exact, right, Labels(Task.CLASSES, np.array([0, 1, 0, 0])), calibrated=[0])
    assert (found.task, found.samples, found.total, found.agreement) == (Task.CLASSES, 4, 4, 75.0)
    assert (found.clear_answers, found.clear_agreement) == (2, 100.0)
    assert found.held_out_agreement == pytest.approx(200 / 3)
    assert (found.accuracy_float, found.accuracy_exact) == (75.0, 50.0)
    assert found.error.rms_error == pytest.approx(np.sqrt((0.36 + 0.04) / 8))
    assert found.held_out_error == pytest.approx(np.sqrt(0.4 / 6) / right[1:].std())
    unclear = answers(np.array([[0.1, 0.0]]), np.array([[0.3, 0.5]]), None, calibrated=[0])
    assert (unclear.agreement, unclear.clear_answers, unclear.clear_agreement) == (0.0, 0, None)
    assert (unclear.held_out_agreement, unclear.held_out_error, unclear.accuracy_float) == (None, None, None)


def test_a_margin_is_between_the_best_two() -> None:
    right = np.array([[5.0, 1.0, 4.5], [5.0, 1.0, 4.0], [-3.0, -9.0, -5.0]])
    assert answers(right, right, None, calibrated=[]).clear_answers == 2
    as_pixels = right.T[None]
    assert answers(as_pixels, as_pixels, None, calibrated=[]).clear_answers == 2
    decisions = Labels(Task.DECISIONS, right > 0)
    assert answers(right - 4.2, right - 4.2, decisions, calibrated=[]).clear_answers == 5


def test_pixels_are_counted() -> None:
    """Two samples of two places: one of the four changes its class, in the sample that did not calibrate."""
    right = np.array([[[3.0, 0.0], [0.0, 2.0], [1.0, 1.9]], [[0.0, 4.0], [1.0, 0.0], [0.5, 9.0]]])
    exact = right.copy()
    exact[1, 0, 1] = 9.5
    found = answers(exact, right, None, calibrated=[0])
    assert (found.task, found.samples, found.total, found.agreement) == (Task.PIXELS, 2, 4, 75.0)
    assert (found.clear_answers, found.held_out_agreement) == (2, 50.0)
    labels = Labels(Task.PIXELS, np.array([[0, 1], [1, 2]]))
    labelled = answers(exact, right, labels, calibrated=[0])
    assert (labelled.accuracy_float, labelled.accuracy_exact) == (100.0, 75.0)


def test_a_number_is_no_answer() -> None:
    right, labels = RNG.normal(2, 5, (30, 1)), RNG.normal(2, 5, (30, 1))
    exact = right + 0.1
    found = answers(exact, right, None, calibrated=range(10))
    assert (found.task, found.agreement, found.clear_agreement, found.held_out_agreement) == (Task.VALUES, *[None] * 3)
    assert found.error.relative_error == pytest.approx(0.1 / right.std())
    assert found.held_out_error == pytest.approx(0.1 / right[10:].std())
    labelled = answers(exact, right, Labels(Task.VALUES, labels), calibrated=[])
    assert labelled.accuracy_float is labelled.accuracy_exact is None
    assert labelled.labels_exact is not None and labelled.labels_exact.nearness is not None
    assert labelled.labels_exact.nearness.relative_error == pytest.approx(relative_error(exact, labels))
    told = answers_json(labelled)
    assert told["task"] == "values" and told["agreement"] is None and told["accuracy_exact"] is None
    assert told["labels_exact"]["rms_error"] == labelled.labels_exact.nearness.rms_error  # type: ignore[index]


def test_decisions_turn_at_the_float_networks_threshold() -> None:
    right = np.array([[0.2, 0.9], [0.45, 0.55], [1.0, 0.0]])
    exact = np.array([[0.2, 1.2], [0.55, 0.55], [1.0, -0.1]])
    found = answers(exact, right, Labels(Task.DECISIONS, right > 0.5), calibrated=[])
    assert (found.threshold, found.total, found.agreement) == (0.5, 6, pytest.approx(500 / 6))


def dense(outputs: int) -> FloatNet:
    return FloatNet((6,), seed=3).dense("h", 8, 6).node("Relu", "r").dense("y", outputs, 8)


def convolution(outputs: int) -> FloatNet:
    return FloatNet((2, 5, 4), seed=3).conv("h", 6, 2).node("Relu", "r").conv("y", outputs, 6)


def floats(net: FloatNet, folder: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    path, values = net.save(folder), net.samples(40)
    return path, values, run_onnx(path, values)


KINDS: dict[str, tuple[FloatNet, Any, Task, str]] = {
    "one number": (dense(1), None, Task.VALUES, "values: rms error"),
    "a number to meet": (dense(1), lambda y: y[:, 0] * 1.1, Task.VALUES, "labels: exact rms error"),
    "three numbers": (dense(3), lambda y: y * 1.1, Task.VALUES, "; worst is output"),
    "classes": (dense(3), None, Task.CLASSES, "answers: "),
    "classes to meet": (dense(3), lambda y: y.argmax(axis=1), Task.CLASSES, "accuracy: 100.00 % float"),
    "one-hot": (dense(3), lambda y: np.eye(3)[y.argmax(axis=1)], Task.CLASSES, "accuracy: 100.00 % float"),
    "a yes or no": (dense(1), lambda y: y[:, 0] > 0, Task.DECISIONS, "decisions: "),
    "a map": (convolution(3), None, Task.PIXELS, "% of 800 pixels agree"),
    "a map to meet": (convolution(3), lambda y: y.argmax(axis=1), Task.PIXELS, "accuracy of pixels: 100.00 % float"),
    "a mask": (convolution(1), lambda y: y[:, 0] > 0, Task.DECISIONS, "100.00 % float"),
    "a map of numbers": (convolution(1), None, Task.VALUES, "values: rms error"),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_figure_that_fits_the_task(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the task, the error of the outputs is told; answers are spoken of where there are some."""
    net, labelled, task, words = KINDS[name]
    path, values, right = floats(net, tmp_path)
    arrays = {} if labelled is None else {"y": labelled(right)}
    np.savez(tmp_path / "data.npz", x=values, **arrays)
    call = ["quantize", str(path), "--calibrate", str(tmp_path / "data.npz"), "-o", str(tmp_path / "exact.onnx")]
    assert main(call) == 0
    said = capsys.readouterr().out
    assert words in said and "rms error" in said
    assert ("answers:" in said) is (task is Task.CLASSES)
    assert ("pixel" in said) is (task is Task.PIXELS)
    assert main([*call, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["answers"]
    exact = run_onnx(tmp_path / "exact.onnx", values).astype(np.float64)
    assert told["task"] == task.value
    assert told["error"]["relative_error"] == pytest.approx(np.sqrt(np.mean((exact - right) ** 2)) / right.std())
    assert told["error"]["correlation"] == pytest.approx(np.corrcoef(exact.ravel(), right.ravel())[0, 1])
    if task is Task.VALUES:
        assert told["agreement"] is None and told["accuracy_float"] is None
    else:
        axis = (lambda y: y > 0) if task is Task.DECISIONS else (lambda y: y.argmax(axis=1))
        assert told["agreement"] == pytest.approx(100 * np.mean(axis(exact) == axis(right)))
        assert told["total"] == axis(right).size


def test_an_answer_that_never_changes_is_no_agreement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Samples that are all alike; two that are not; and a constant that is another one."""
    path, values, right = floats(dense(3), tmp_path)
    first = right.argmax(axis=1)
    other = values[np.flatnonzero(first != first[0])[0]]
    for changed, sentence in ((0, "1 distinct answer to all 40 samples"), (2, "% of 40 samples agree")):
        alike = np.repeat(values[:1], 40, axis=0)
        alike[:changed] = other
        np.savez(tmp_path / "data.npz", x=alike)
        words = ["--calibrate", str(tmp_path / "data.npz"), "--no-trials", "-o", str(tmp_path / "exact.onnx")]
        assert main(["quantize", str(path), *words]) == 0
        said = capsys.readouterr().out
        assert sentence in said
        assert ("agree with" in said) is bool(changed) and ("never changes" in said) is (not changed)
    right, exact = np.array([[1.0, 0.0], [2.0, 0.0]]), np.array([[0.0, 1.0], [0.0, 2.0]])
    assert answers(right, right, None, calibrated=[]).never_change
    assert not answers(exact, right, None, calibrated=[]).never_change
    assert not answers(right[:1], right[:1], None, calibrated=[]).never_change
    assert answers(exact * [[1], [-1]], right, None, calibrated=[]).distinct == (1, 2)


def test_trials_are_left_out_where_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, values, _ = floats(dense(3), tmp_path)
    np.savez(tmp_path / "data.npz", x=values)
    call = ["quantize", str(path), "--calibrate", str(tmp_path / "data.npz"), "-o", str(tmp_path / "exact.onnx")]
    told = []
    for more in ([], ["--no-trials"]):
        assert main([*call, "--json", *more]) == 0
        told.append(json.loads(capsys.readouterr().out)["trials"])
    assert told[0] is not None and told[1] is None


def test_labels_of_a_task_that_the_outputs_cannot_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, values, _ = floats(convolution(3), tmp_path)
    np.savez(tmp_path / "data.npz", x=values, y=np.zeros(40, int))
    call = ["quantize", str(path), "--calibrate", str(tmp_path / "data.npz"), "-o", str(tmp_path / "never.onnx")]
    assert main(call) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "which are a class at every pixel; give classes (40, 5, 4)" in said
    assert not (tmp_path / "never.onnx").exists()


def test_values_behind_a_soft_max_are_compared_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, values, right = floats(dense(3).node("Softmax", "s", axis=1), tmp_path)
    np.savez(tmp_path / "data.npz", x=values, y=right)
    call = ["quantize", str(path), "--calibrate", str(tmp_path / "data.npz"), "-o", str(tmp_path / "soft.onnx")]
    assert main(call) == 0
    exact = run_onnx(tmp_path / "soft.onnx", values).astype(np.float64)
    assert np.allclose(exact.sum(axis=1), 1)
    rms = np.sqrt(np.mean((exact - right) ** 2))
    assert f"labels: exact rms error {rms:.4g}, " in capsys.readouterr().out


@pytest.mark.parametrize("kind", [np.uint8, np.bool_, np.int32, np.float64])
def test_samples_of_any_type(kind: type, tmp_path: Path) -> None:
    net = convolution(3)
    values = RNG.integers(0, 2 if kind is np.bool_ else 200, (20, 2, 5, 4)).astype(kind)
    found: Answers = quantized(net.save(tmp_path), values).report.answers
    assert found.error.relative_error < 0.08
