"""Weights of -1 and 1 from a float file to every engine: what is theirs, what hardware they are, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import onnx
from float_files import mixed_net, quantize, same_everywhere, written
from float_nets import FloatNet
from onnx import numpy_helper
from shiftwire.quantize.methods.binary import signs_and_sizes
from verbs import run_verb

BINARY = ("--method", "binary")
MIDDLE = ("n2", "point", "c3", "hidden")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return written(mixed_net(), tmp_path)


def signs_of(path: Path) -> dict[str, np.ndarray]:
    """Signs of layers whose terms are all one power of two, and none 0, of the initialisers of an exact file."""
    graph = onnx.load(path).graph
    arrays = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    layers = {
        node.output[0].removesuffix("_sum"): [arrays[name] for name in node.input[1:3]]
        for node in graph.node
        if node.op_type in ("ShiftConv", "ShiftDense")
    }
    return {
        name: sign[0]
        for name, (sign, exponent) in layers.items()
        if len(sign) == 1 and sign.all() and not exponent.any()
    }


def test_signs_and_sizes_are_the_nearest() -> None:
    """No other size of a filter, and no other sign of a weight, is nearer."""
    weights = np.random.default_rng(0).normal(size=(3, 5, 2))
    weights[1, 0, 0] = 0
    signs, sizes = signs_and_sizes(weights)

    def off(signs: np.ndarray, sizes: np.ndarray) -> float:
        return float(np.square(weights - signs * sizes[:, None, None]).sum())

    least = off(signs, sizes)
    assert set(np.unique(signs)) == {-1, 1} and signs[1, 0, 0] == 1
    for row in range(3):
        for share in (0.98, 1.02):
            assert off(signs, np.where(np.arange(3) == row, sizes * share, sizes)) > least
    for at in np.ndindex(weights.shape):
        flipped = signs.copy()
        flipped[at] *= -1
        assert off(flipped, sizes) >= least


@pytest.mark.parametrize(("bits", "unit"), [(8, "signs, shift unit"), (1, "signs, XNORs")])
def test_from_float_weights_to_every_engine(
    bits: int, unit: str, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, notes = quantize(capsys, work, *BINARY, "--act-bits", bits, "--json")
    assert status == 0
    told = json.loads(out)
    rows = {row["layer"]: row for row in told["layers"] if row["layer"]}
    assert {name for name, row in rows.items() if row["how"] == unit} == set(MIDDLE)
    assert "leaves 'n1' alone, for it is the first layer" in notes and "'logits' alone, for it is the last" in notes
    assert "'deep' alone, for its kernels read one channel each" in notes
    assert "warning: the weights of 'n2', 'point', 'c3', 'hidden' are one bit each" in notes
    assert told["warning"] in notes and "train it with shiftwire-train" in told["warning"]
    net = mixed_net()
    names = {"n2": "c2", "point": "point", "c3": "c3", "hidden": "hidden"}
    wanted = {name: net.constants[f"{own}_w"] for name, own in names.items()}
    signs = signs_of(work / "exact.onnx")
    assert signs.keys() == wanted.keys()
    for name, weights in wanted.items():
        assert np.array_equal(signs[name], np.where(weights < 0, -1, 1))
        alpha = np.abs(weights.reshape(len(weights), -1)).mean(axis=1).reshape(-1, *[1] * (weights.ndim - 1))
        off = np.linalg.norm(signs[name] * alpha - weights) / np.linalg.norm(weights)
        assert rows[name]["weight_error"] == pytest.approx(off, rel=1e-5)
    same_everywhere(capsys, work)
    status, out, _ = run_verb(capsys, "inspect", work / "project", "--json")
    kinds = [layer["kind"] for layer in json.loads(out)["layers"] if layer["operations"]["xnors"]]
    assert kinds == (["BinaryConv"] * 3 + ["BinaryDense"] if bits == 1 else [])


def test_the_page_says_it_as_loudly(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = quantize(capsys, work, *BINARY)
    assert status == 0 and "WARNING: the weights of 'n2', 'point', 'c3', 'hidden' are one bit each" in out
    status, out, notes = quantize(capsys, work, "--method", "linear")
    assert status == 0 and "one bit" not in out + notes


def test_named_layers_are_taken_wherever_they_stand(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--layers", "n1=binary,logits=binary,rest=lightnn")
    status, _, notes = quantize(capsys, work, *words)
    assert status == 0 and "alone" not in notes
    assert signs_of(work / "exact.onnx").keys() == {"n1", "logits"}
    status, _, notes = quantize(capsys, work, "--layers", "c3=lightnn,deep=binary,rest=binary")
    assert status == 0 and signs_of(work / "exact.onnx").keys() == {"n2", "point", "hidden"}


def test_signs_in_the_file_meet_xnors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Activations that the file quantizes to -1 and 1 stay so, and float layers on them count."""
    net = FloatNet((3, 6, 6), seed=2).conv("c1", 8, 3).norm("n1", 8)
    net.node("BipolarQuant", "s1", net.constant("one", np.ones(())), domain="qonnx.custom_op.general")
    net.conv("c2", 8, 8, pads=[0] * 4).norm("n2", 8)
    net.node("BipolarQuant", "s2", "one", domain="qonnx.custom_op.general")
    net.node("Flatten", "f", axis=1).dense("logits", 5, 128)
    written(net, tmp_path)
    status, out, _ = quantize(capsys, tmp_path, *BINARY, "--json")
    assert status == 0
    assert [row["how"] for row in json.loads(out)["layers"] if "signs" in row["how"]] == ["signs, XNORs"]
    same_everywhere(capsys, tmp_path)


@pytest.mark.parametrize(("words", "sentence"), [
    (("--error-budget", 0.1), "an error budget chooses terms, and binary has one a weight; leave it out"),
    (("--terms", 2), "--method binary fixes how many terms a weight has, so --terms 2 says nothing; leave it out"),
    (("--theta", "4e-3"), "--theta and --threshold-row belong to --method smartexchange"),
    (("--bases", 4), "--bases belongs to --method escalate"),
    (("--block", 4), "--block belongs to --method circulant"),
    (("--layers", "nothing=binary"), "--layers gives binary to 'nothing', but no layer with weights has such a name"),
])  # fmt: skip
def test_what_belongs_to_other_methods(
    words: tuple[object, ...], sentence: str, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, error = quantize(capsys, work, *BINARY, *words)
    assert status == 2 and sentence in error, error
