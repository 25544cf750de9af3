"""Circulant layers and mixed methods from a float file to every engine, and what --layers and --block refuse."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

import onnx
from float_files import mixed_net, quantize, same_everywhere, written
from onnx import numpy_helper
from shiftwire.onnx.importer import import_onnx
from shiftwire.quantize.advice import choices
from shiftwire.quantize.methods.circulant import vectors_of
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.methods.words import apart
from shiftwire.quantize.options import Knob, Options
from shiftwire.quantize.report import LayerCost

BLOCK = 4


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(mixed_net(), tmp_path_factory.mktemp("circulant"))


def test_vectors_are_means_of_diagonals() -> None:
    weights = np.random.default_rng(0).normal(size=(4, 6, 3))
    made = vectors_of(weights, 2)
    assert made.shape == (2, 3, 2, 3)
    for o, i, d, k in itertools.product(range(2), range(3), range(2), range(3)):
        diagonal = [weights[2 * o + r, 2 * i + (r + d) % 2, k] for r in range(2)]
        assert made[o, i, d, k] == pytest.approx(np.mean(diagonal))


def test_blocks_go_from_float_weights_to_every_engine(capsys: pytest.CaptureFixture[str], work: Path) -> None:
    status, _, notes = quantize(capsys, work, "--method", "circulant", "--terms", 2)
    assert status == 0 and notes.count("note: circulant leaves") == 3
    for words in (
        "'n1' alone, for its 8 outputs and 3 inputs are not both whole blocks of 4; it is ShiftConv",
        "'deep' alone, for its kernels read one channel each",
        "'logits' alone, for its 5 outputs and 16 inputs are not both whole blocks of 4; it is ShiftDense",
    ):
        assert words in notes
    network = import_onnx(work / "exact.onnx")
    layers = {node.name.removesuffix("_sum"): node for node in network.nodes if "Circulant" in node.kind}
    assert list(layers) == ["n2", "point", "c3", "hidden"]
    tensors = {t.name: numpy_helper.to_array(t) for t in onnx.load(work / "exact.onnx").graph.initializer}
    samples = np.load(work / "few.npz")["x"]
    codes = network.evaluate_layers(network.encode({network.inputs[0].name: samples}))
    node = layers["n2"]
    sign, exponent = (tensors[f"{node.name}_{part}"].astype(np.int64) for part in ("sign", "exponent"))
    assert sign.shape == (2, 2, 2, BLOCK, 3, 3)
    vectors = (sign * 2.0 ** (exponent - exponent[sign != 0].min())).sum(axis=0)
    dense = np.zeros((8, 8, 3, 3))
    for o, i in itertools.product(range(8), range(8)):
        dense[o, i] = vectors[o // BLOCK, i // BLOCK, (i - o) % BLOCK]
    x = np.moveaxis(codes[node.inputs[0]], -1, 1).astype(np.float64)
    wanted = functional.conv2d(torch.from_numpy(x), torch.from_numpy(dense), None, 1, 1).numpy()
    got = np.moveaxis(codes[node.name], -1, 1)
    shift = got - wanted.astype(np.int64)
    assert (shift == shift[:1, :, :1, :1]).all(), "the sums are those of the dense form, but for a bias a channel"
    same_everywhere(capsys, work, ("--fps", "200000"))


def test_methods_mix_by_names(capsys: pytest.CaptureFixture[str], work: Path) -> None:
    """The first expression that a whole name matches counts; the rest has its own method."""
    words = "c3=smartexchange,n2=circulant,n.*=escalate,point=apot,rest=lightnn"
    status, report, _ = quantize(capsys, work, "--layers", words, "--terms", 2, "--escalate-first", "--json")
    assert status == 0
    methods = {layer["layer"]: layer["method"] for layer in json.loads(report)["layers"] if layer["layer"]}
    assert methods == {
        "n1": "escalate", "n2": "circulant", "point": "apot", "deep": "lightnn", "c3": "smartexchange",
        "hidden": "lightnn", "logits": "lightnn",
    }  # fmt: skip
    kinds = [node.kind for node in import_onnx(work / "exact.onnx").nodes]
    assert {"IntConv", "CirculantConv", "ShiftConv", "FactoredConv", "ShiftDense"} <= set(kinds)
    same_everywhere(capsys, work)


@pytest.mark.parametrize(("text", "parts"), [
    ("a=apot,rest=linear", ["a=apot", "rest=linear"]),
    ("n{1,2}=apot,b=linear", ["n{1,2}=apot", "b=linear"]),
    ("(n1|c{3,})=apot", ["(n1|c{3,})=apot"]),
    ("n[,(]1=apot,b=linear", ["n[,(]1=apot", "b=linear"]),
    (r"n\,1=apot,\(b=linear,c=apot", [r"n\,1=apot", r"\(b=linear", "c=apot"]),
    (")=apot,b=linear", [")=apot", "b=linear"]),
    ("", [""]),
])  # fmt: skip
def test_commas_of_expressions_part_nothing(text: str, parts: list[str]) -> None:
    assert list(apart(text)) == parts


def test_expressions_with_commas(capsys: pytest.CaptureFixture[str], work: Path) -> None:
    status, report, _ = quantize(capsys, work, "--layers", "(n|,){1,2}[1,2]=apot,rest=lightnn", "--json")
    methods = {layer["layer"]: layer["method"] for layer in json.loads(report)["layers"] if layer["layer"]}
    assert status == 0 and methods["n1"] == methods["n2"] == "apot" and methods["c3"] == "lightnn"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--layers", "stage9.*=lightnn"), "--layers gives lightnn to 'stage9.*', but no layer with weights has such a "
         "name; name one of n1, n2, point, deep, c3, hidden, logits"),
        (("--layers", "n1"), "'=n1' of --layers names no layers or no method; write stage3.*=lightnn"),
        (("--layers", "n1=apot,rest=linear,rest=apot"), "--layers speaks of 'rest' more than once, and the first"),
        (("--layers", "n1=apot,n1=linear"), "--layers speaks of 'n1' more than once"),
        (("--layers", "n1=magic"), "'n1=magic' of --layers names no layers or no method"),
        (("--layers", "(=lightnn"), "'(' of --layers is no regular expression"),
        (("--layers", "rest=apot", "--method", "linear"), "--layers gives apot to the rest, and --method says linear"),
        (("--block", 4), "--block belongs to --method circulant; leave it out or take it"),
        (("--method", "circulant", "--block", 1), "1 outputs of a circulant block are outside 2..64"),
        (("--method", "circulant", "--error-budget", "0.1"), "circulant gives all weights as many; leave it out"),
    ],
)  # fmt: skip
def test_mistakes(capsys: pytest.CaptureFixture[str], work: Path, words: tuple[str, ...], sentence: str) -> None:
    status, _, error = quantize(capsys, work, *words)
    assert status == 2 and sentence in error, error


def test_advice_tries_smaller_blocks_down_to_two() -> None:
    cost = LayerCost("y", "CirculantDense", "s8.4", 0.1, Knob.TERMS)
    tried = {
        block: [each.words for each in choices(Options(method=Method.CIRCULANT, numbers={"block": block}), [cost], {})]
        for block in (8, 4, 2)
    }
    assert "--block 4" in tried[8] and "--block 2" in tried[4] and not any("--block" in each for each in tried[2])
