"""What the verbs say of labels: accuracy of classes, pixels and decisions, the error of values; what stands in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shiftwire
from shiftwire.cli import csim, verify
from shiftwire.ir.bias import Bias
from shiftwire.ir.host import channels_first
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.integer import Int
from shiftwire.project.engine import EngineName
from shiftwire.project.project import golden_codes
from shiftwire.verify.reference import Reference
from single_layers import single_layers
from verbs import run_verb

Labelled = Callable[[np.ndarray], tuple[np.ndarray, float]]


def dense(outputs: int) -> Network:
    weights = np.random.default_rng(outputs).integers(-9, 10, (outputs, 6))
    node = Node("y", Dense(Int(weights, 2), Bias.none(outputs)), ("x",))
    return Network.of("x", Tensor((6,), Fixed.parse("s8.4")), (node,), "y")


def classes(outputs: np.ndarray) -> tuple[np.ndarray, float]:
    labels = outputs.argmax(axis=1)
    labels[::4] = (labels[::4] + 1) % outputs.shape[1]
    return labels, 100 * float(np.mean(labels == outputs.argmax(axis=1)))


def decisions(outputs: np.ndarray) -> tuple[np.ndarray, float]:
    labels = outputs > 0
    labels[:3] ^= True
    return labels, 100 * float(np.mean(labels == (outputs > 0)))


CASES: dict[str, tuple[Network, Labelled, str]] = {
    "classes": (dense(3), classes, "accuracy: {:.2f} %\n"),
    "pixels": (single_layers()["shift_conv"], classes, "accuracy: {:.2f} % of pixels\n"),
    "decisions": (dense(3), decisions, "accuracy: {:.2f} % of decisions (a value above 0 is a yes)\n"),
}


@pytest.fixture(autouse=True)
def _no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs as the C-simulation is the specification."""

    class Instead(Reference):
        name = EngineName.CSIM

    for module in (csim, verify):
        monkeypatch.setattr(module, "Csim", lambda project: Instead(project.design.network))


def project_and_data(network: Network, folder: Path, labels: Any, **more: Any) -> tuple[Path, Path]:
    """A project, and its golden frames with labels that are made of its outputs."""
    project = shiftwire.convert(network, output=folder / "project").path
    codes = golden_codes(network)
    values = channels_first(network.input.format.decode(codes))
    np.savez(folder / "data.npz", x=values, y=labels, **more)
    return project, folder / "data.npz"


def outputs_of(network: Network) -> np.ndarray:
    return channels_first(network.output.format.decode(network.evaluate(golden_codes(network))))


@pytest.mark.parametrize("name", CASES)
def test_answers_have_an_accuracy(name: str, capsys: Any, tmp_path: Path) -> None:
    network, labelled, line = CASES[name]
    labels, right = labelled(outputs_of(network))
    assert 0 < right < 100
    project, data = project_and_data(network, tmp_path, labels)
    status, out, err = run_verb(capsys, "csim", project, "--data", data)
    assert status == 0, err
    assert line.format(right) in out
    said = json.loads(run_verb(capsys, "csim", project, "--data", data, "--json")[1])
    assert (said["task"], said["accuracy"], said["error"]) == (name, pytest.approx(right), None)
    for engine in json.loads(run_verb(capsys, "verify", project, "--data", data, "--json")[1])["engines"]:
        assert (engine["task"], engine["accuracy"], engine["error"]) == (name, pytest.approx(right), None)
    status, out, _ = run_verb(capsys, "verify", project, "--data", data)
    assert status == 0 and out.count(f"{right:.2f}") == 2
    assert line.partition("%")[2].strip() in out


@pytest.mark.parametrize("outputs", [1, 3])
def test_values_have_an_error_and_no_accuracy(outputs: int, capsys: Any, tmp_path: Path) -> None:
    network = dense(outputs)
    actual = outputs_of(network)
    labels = actual + np.random.default_rng(2).normal(0, 0.7, actual.shape)
    project, data = project_and_data(network, tmp_path, labels[:, 0] if outputs == 1 else labels)
    error = float(np.sqrt(np.mean(np.square(actual - labels))))
    status, out, err = run_verb(capsys, "csim", project, "--data", data)
    assert status == 0, err
    assert f"against the labels: rms error {error:.4g}, {100 * error / labels.std():.2f} % of their spread" in out
    assert "accuracy" not in out
    said = json.loads(run_verb(capsys, "csim", project, "--data", data, "--json")[1])
    assert (said["task"], said["accuracy"]) == ("values", None)
    assert said["error"]["rms_error"] == pytest.approx(error)
    assert said["error"]["correlation"] == pytest.approx(np.corrcoef(actual.ravel(), labels.ravel())[0, 1])
    status, out, _ = run_verb(capsys, "verify", project, "--data", data)
    assert status == 0 and "accuracy" not in out and out.count(f"{error:.4g}") == 2
    engines = json.loads(run_verb(capsys, "verify", project, "--data", data, "--json")[1])["engines"]
    assert [engine["error"]["rms_error"] for engine in engines] == [pytest.approx(error)] * 2


def test_without_labels_nothing_is_said_of_them(capsys: Any, tmp_path: Path) -> None:
    network = dense(3)
    project, data = project_and_data(network, tmp_path, np.zeros(16, int))
    np.savez(tmp_path / "x.npz", x=np.load(data)["x"])
    words = ("csim", project, "--data", tmp_path / "x.npz")
    assert "accuracy" not in run_verb(capsys, *words)[1]
    assert not {"task", "accuracy", "error"} & set(json.loads(run_verb(capsys, *words, "--json")[1]))
    engines = json.loads(run_verb(capsys, "verify", *words[1:], "--json")[1])["engines"]
    assert all(engine["accuracy"] is None and "task" not in engine for engine in engines)


def test_labels_and_samples_that_do_not_fit(capsys: Any, tmp_path: Path) -> None:
    """A class of each image for a network that answers at every pixel; samples with their channels last."""
    network = single_layers()["shift_conv"]
    project, data = project_and_data(network, tmp_path, np.zeros(len(golden_codes(network)), int))
    x = np.load(data)["x"]
    np.savez(tmp_path / "last.npz", x=np.moveaxis(x, 1, -1))
    for verb in ("csim", "verify"):
        status, _, err = run_verb(capsys, verb, project, "--data", data)
        assert status == 2 and "which are a class at every pixel; give classes (" in err
        status, _, err = run_verb(capsys, verb, project, "--data", tmp_path / "last.npz")
        assert status == 2 and "np.transpose(x, (0, 3, 1, 2))" in err and "reshape" not in err
    status, _, err = run_verb(capsys, "measure", project, "--sim", "--data", tmp_path / "last.npz")
    assert status == 2 and "np.transpose(x, (0, 3, 1, 2))" in err


def test_outputs_of_others_with_their_channels_last(capsys: Any, tmp_path: Path) -> None:
    network = single_layers()["shift_conv"]
    right = outputs_of(network)
    project, data = project_and_data(network, tmp_path, right.argmax(axis=1))
    np.save(tmp_path / "last.npy", np.moveaxis(right, 1, -1))
    words = ("verify", project, "--data", data, "--expect", f"torch={tmp_path / 'last.npy'}")
    status, _, err = run_verb(capsys, *words)
    assert status == 2 and "torch gave outputs of shape" in err and "np.transpose(outputs, (0, 3, 1, 2))" in err
    np.save(tmp_path / "last.npy", right[:5])
    assert "use the same samples for both" in run_verb(capsys, *words)[2]
