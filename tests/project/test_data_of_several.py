"""Data files of networks with several inputs and outputs: what they hold, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from heads_nets import small_agent, small_samples
from shiftwire.errors import InputError
from shiftwire.ir.network import Network
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.project.data import load_data
from shiftwire.project.labels import Task
from shiftwire.project.project import golden_codes
from shiftwire.verify.values import reference_result, scores_of, values_result


@pytest.fixture(scope="module")
def network() -> Network:
    return run_pipeline(small_agent())


def saved(folder: Path, **arrays: np.ndarray) -> Path:
    np.savez(folder / "data.npz", **arrays)
    return folder / "data.npz"


def test_codes_of_every_input_side_by_side(network: Network, tmp_path: Path) -> None:
    """Rounded half to even, s8.4 and u6.3; channels last."""
    x = small_samples(5)
    data = load_data(saved(tmp_path, vector=x["vector"], image=x["image"]), network)
    image = np.clip(np.rint(np.moveaxis(x["image"], 1, -1).astype(np.float32) * 16), -128, 127).reshape(5, 8)
    vector = np.clip(np.rint(x["vector"].astype(np.float32) * 8), 0, 63)
    assert np.array_equal(data.codes, np.concatenate([image, vector], axis=1)) and not data.labels
    turned = data.in_turn(7)
    assert np.array_equal(turned.codes[5:], data.codes[:2]) and np.array_equal(
        turned.values["image"][5:], x["image"][:2]
    )


def test_labels_by_the_name_of_their_output(network: Network, tmp_path: Path) -> None:
    x, classes, values = small_samples(6), np.arange(6) % 3, np.linspace(0, 1, 24).reshape(6, 4)
    named = load_data(saved(tmp_path, **x, **{"act/policy": classes, "active": values}), network)
    assert {name: labels.task for name, labels in named.labels.items()} == {
        "act/policy": Task.CLASSES, "active": Task.VALUES,
    }  # fmt: skip
    assert list(load_data(saved(tmp_path, **x, y=classes), network).labels) == ["act/policy"]
    assert list(load_data(saved(tmp_path, **x, y=values), network).labels) == ["active"]
    both = load_data(saved(tmp_path, **x, y=values, **{"act/policy": classes}), network)
    assert list(both.labels) == ["act/policy", "active"]
    codes = network.evaluate(both.codes)
    scores = scores_of(network, codes, both.labels)
    decoded = network.host_output.decode(codes, network.output.format)
    assert scores["act/policy"].correct == int((decoded["act/policy"].argmax(axis=1) == classes).sum())
    assert scores["active"].nearness.rms_error == pytest.approx(np.sqrt(np.mean((decoded["active"] - values) ** 2)))


def test_values_of_others_are_compared_output_by_output(network: Network, tmp_path: Path) -> None:
    data = load_data(saved(tmp_path, **small_samples(6)), network)
    _, codes = reference_result(network, data)
    (_, policy), (_, active) = [(part, own) for part, own in zip(network.exits, network.exit_codes(codes), strict=True)]
    right = {"act/policy": policy, "active": network.exits[1].decode(active)}
    plain = Network(network.inputs, network.nodes, network.outputs)
    with pytest.raises(InputError, match="the output ends in softmax, which hides the codes"):
        values_result("torch", plain, data, right, codes)
    with pytest.raises(InputError, match="torch gave the outputs y, wanted act/policy, active; save"):
        values_result("torch", network, data, {"y": right["active"]}, codes)


def test_golden_frames_reach_the_ends_of_every_input(network: Network) -> None:
    codes = golden_codes(network)
    assert codes[:3].tolist() == [[-128] * 8 + [0] * 2, [127] * 8 + [63] * 2, [0] * 10]
    assert codes[3:, 8:].min() >= 0 and codes[3:, 8:].max() <= 63
    with pytest.raises(InputError, match=r"codes outside u6\.3 cannot enter 'vector'; quantize them first"):
        network.evaluate(np.full((1, 10), -1))


X = small_samples(4)
REFUSED = {
    "x": ({"x": X["image"]}, "found the arrays 'x', and none for the input 'image'; give 'image', 'vector'"),
    "missing": ({"vector": X["vector"], "y": np.arange(4)}, "found the arrays 'vector', and none for the input"),
    "extra": ({**X, "reward": X["vector"]}, "found an array 'reward', which is no input; give 'image', 'vector'"),
    "unequal": ({**X, "vector": X["vector"][:3]}, "found 4 of 'image', 3 of 'vector', and each sample is one of every"),
    "shape": ({**X, "image": np.zeros((4, 3, 2, 2))}, r"'image' has shape \(4, 3, 2, 2\), wanted \(N, 2, 2, 2\) as in"),
    "channels last": (
        {**X, "vector": np.zeros((4, 1, 2))}, r"'vector' has shape \(4, 1, 2\), wanted \(N, 2\) .*reshape\(-1, 2\)"
    ),
    "none": ({name: each[:0] for name, each in X.items()}, "'image' holds no samples; give at least one"),
    "labels": ({**X, "active": np.arange(4)}, r"labels 'y' of shape \(4,\) .* do not fit|number the classes"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str, network: Network, tmp_path: Path) -> None:
    arrays, words = REFUSED[case]
    if case == "labels":
        arrays = {**arrays, "active": np.arange(4) + 9}
    with pytest.raises(InputError, match=words):
        load_data(saved(tmp_path, **arrays), network)
