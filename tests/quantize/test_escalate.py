"""ESCALATE from a float file to every engine: bases on each channel, ternary sums behind, bits counted honestly."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

import onnx
from float_files import quantize, written
from float_nets import FloatNet
from onnx import numpy_helper
from shiftwire.onnx.importer import import_onnx
from shiftwire.ops.conv import Conv
from shiftwire.project.project import load_project
from shiftwire.quantize.advice import choices
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.options import Knob, Options
from shiftwire.quantize.report import LayerCost
from verbs import run_verb

BASES = 4
KINDS = {
    "n1": "ShiftConv",
    "n2_bases": "IntConv",
    "n2": "ShiftConv",
    "deep": "ShiftConv",
    "five": "ShiftConv",
    "two_bases": "IntConv",
    "two": "ShiftConv",
    "pairs": "ShiftConv",
    "logits": "ShiftDense",
}


def mixed_net() -> FloatNet:
    """3x3 kernels with and without batch norm and stride, and layers that stay as they are."""
    net = FloatNet((3, 7, 6), seed=4).conv("c1", 6, 3).norm("n1", 6).node("Relu", "r1")
    net.conv("c2", 5, 6).norm("n2", 5).node("Relu", "r2").conv("deep", 5, 1, group=5).node("Relu", "r3")
    net.conv("five", 4, 5, 5).node("Relu", "r4").conv("two", 4, 4, strides=[2, 2]).node("Relu", "r5")
    net.conv("pairs", 4, 2, group=2).node("Relu", "r6").node("Flatten", "f", axis=1)
    return net.dense("logits", 4, 48)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(mixed_net(), tmp_path_factory.mktemp("escalated"))


def escalate(capsys: pytest.CaptureFixture[str], work: Path, *words: object) -> tuple[int, str, str]:
    return quantize(capsys, work, "--method", "escalate", "--bases", BASES, *words)


def initialisers(path: Path) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}


def test_bases_go_from_float_weights_to_every_engine(capsys: pytest.CaptureFixture[str], work: Path) -> None:
    """Sums of a layer are those of the multiplied-out kernels, whole tensors, and no engine differs in a code."""
    status, _, notes = escalate(capsys, work)
    assert status == 0 and notes.count("note: ESCALATE leaves") == 5
    for words in (
        "'n1' alone, for it is the first layer, and --escalate-first was not given; it is ShiftConv",
        "'deep' alone, for its kernels read one channel each",
        "'five' alone, for its kernels are 5x5, not 3x3",
        "'pairs' alone, for its kernels read a group of 2 channels each",
        "'logits' alone, for it is dense and has no kernels; it is ShiftDense",
    ):
        assert words in notes
    network = import_onnx(work / "exact.onnx")
    layers = {node.name.removesuffix("_sum"): node for node in network.nodes if node.kind in KINDS.values()}
    assert {name: node.kind for name, node in layers.items()} == KINDS
    samples = np.load(work / "few.npz")["x"]
    codes = network.evaluate_layers(network.encode({network.inputs[0].name: samples}))
    written = initialisers(work / "exact.onnx")
    for name, stride in (("n2", 1), ("two", 2)):
        first, second = layers[f"{name}_bases"], layers[name]
        bases = written[f"{first.name}_weight"].reshape(-1, BASES, 3, 3).astype(np.int64)
        signs = written[f"{second.name}_sign"].astype(np.int64).reshape(-1, len(bases), BASES)
        assert (bases == bases[0]).all() and np.abs(signs).max() == 1 and np.abs(bases).max() <= 128
        assert not written[f"{second.name}_exponent"].any()
        kernels = np.einsum("kcm,cmrs->kcrs", signs, bases).astype(np.float64)
        x = np.moveaxis(codes[first.inputs[0]], -1, 1).astype(np.float64)
        wanted = functional.conv2d(torch.from_numpy(x), torch.from_numpy(kernels), None, stride, 1).numpy()
        assert np.array_equal(np.moveaxis(codes[second.name], -1, 1), wanted.astype(np.int64)), name
    assert run_verb(capsys, "convert", work / "exact.onnx", "-o", work / "project")[0] == 0
    built = load_project(work / "project").design.network
    assert sum(isinstance(node.op, Conv) and node.op.shared is not None for node in built.nodes) == 2
    status, table, _ = run_verb(
        capsys, "verify", work / "project", "--data", work / "few.npz", "--onnx", work / "exact.onnx",
        "--engines", "reference,onnxruntime,csim,native,verilator",
    )  # fmt: skip
    assert status == 0 and " 0 of " in table, table
    status, said, _ = run_verb(capsys, "csim", work / "project", "--data", work / "x.npz", "--native")
    assert status == 0 and "native: 40 samples, 0 of " in said


def test_report_and_inspect_count_the_same_bits(capsys: pytest.CaptureFixture[str], work: Path) -> None:
    """Two bits a sign and eight a number of a base, the file's own arrays, and the errors of the float weights."""
    status, report, _ = escalate(capsys, work, "--json", "--escalate-first")
    spelled = [layer["spelling"] for layer in json.loads(report)["layers"] if layer["spelling"]]
    assert status == 0 and [each["layer"] for each in spelled] == ["n1", "n2", "two"]
    written, constants = initialisers(work / "exact.onnx"), mixed_net().constants
    status, shown, _ = run_verb(capsys, "inspect", work / "exact.onnx", "--json")
    counted = json.loads(shown)["bases"]
    assert status == 0 and len(counted) == 3
    for each, own in zip(spelled, counted.values(), strict=True):
        weights = constants[{"n1": "c1", "n2": "c2", "two": "two"}[each["layer"]] + "_w"].astype(np.float64)
        outs, channels = weights.shape[:2]
        bits = outs * channels * BASES * 2 + BASES * 9 * 8
        (sign,) = (
            array for name, array in written.items() if name.startswith(each["layer"]) and name.endswith("sum_sign")
        )
        stored = {"weights": weights.size, "bases": BASES, "signs": outs * channels * BASES, "basis_bits": BASES * 72,
                  "adds": int(np.count_nonzero(sign)), "products": channels * BASES * 9}  # fmt: skip
        assert each["stored"] == stored and own == {**stored, "bits": bits, "memory_bits": each["memory_bits"],
                                                    "file_bits": each["file_bits"]}  # fmt: skip
        assert each["file_bits"] == 8 * (2 * sign.size + channels * BASES * 9)
        assert bits - BASES * 9 * 2 <= each["memory_bits"] <= bits
        forms = {form["name"]: form for form in each["forms"]}
        assert forms["ESCALATE"]["bits"] == bits and each["size"] == pytest.approx(np.linalg.norm(weights))
        assert forms["LightNN-1"]["lost"] < forms["ESCALATE"]["lost"] < each["size"]
        assert forms["int4"]["bits"] == 4 * weights.size
    status, table, _ = run_verb(capsys, "inspect", work / "exact.onnx")
    (line,) = (line.split() for line in table.splitlines() if line.startswith(" all"))
    total, size = (sum(each[key] for each in counted.values()) for key in ("bits", "weights"))
    assert f"{total:,}" in line and f"{32 * size / total:.2f}" in line and f"{8 * size / total:.2f}" in line


def test_a_dense_ternary_stage_beside_one_power_of_two(capsys: pytest.CaptureFixture[str], work: Path) -> None:
    """The table that quantize prints: bits, compression and error of the same weights in four forms."""
    status, table, _ = escalate(capsys, work)
    rows = [line.split() for line in table.splitlines()]
    at = next(at for at, row in enumerate(rows) if row[:3] == ["the", "same", "weights"])
    assert status == 0 and [row[0] for row in rows[at + 1 : at + 5]] == ["ESCALATE", "LightNN-1", "LightNN-2", "int4"]
    assert float(rows[at + 1][2]) > float(rows[at + 2][2]) and float(rows[at + 1][4]) > float(rows[at + 2][4])


@pytest.mark.parametrize("bases", [1, 3])
def test_one_channel_and_one_basis(capsys: pytest.CaptureFixture[str], tmp_path: Path, bases: int) -> None:
    """A grey image has no groups, and one basis is a depthwise layer, which has a memory for each channel."""
    net = FloatNet((1, 5, 6)).conv("c1", 3, 1).node("Relu", "r1").conv("c2", 4, 3).node("Relu", "r2")
    net.node("GlobalAveragePool", "g").node("Flatten", "f", axis=1).dense("y", 2, 4).save(tmp_path)
    np.savez(tmp_path / "x.npz", x=net.samples(30))
    words = ("--method", "escalate", "--escalate-first", "--bases", bases)
    status, _, error = quantize(capsys, tmp_path, *words)
    assert status == 0, error
    counted = json.loads(run_verb(capsys, "inspect", tmp_path / "exact.onnx", "--json")[1])["bases"]
    assert [each["bits"] for each in counted.values()] == [2 * 3 * bases + 72 * bases, 2 * 12 * bases + 72 * bases]
    wide = [each["memory_bits"] - 2 * each["signs"] for each in counted.values()]
    assert wide[0] <= 72 * bases and (wide[1] <= 72 * bases) == (bases > 1)
    assert run_verb(capsys, "convert", tmp_path / "exact.onnx", "-o", tmp_path / "project")[0] == 0
    status, table, _ = run_verb(
        capsys, "verify", tmp_path / "project", "--data", tmp_path / "x.npz", "--onnx", tmp_path / "exact.onnx",
        "--engines", "reference,onnxruntime",
    )  # fmt: skip
    assert status == 0 and " 0 of " in table


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--method", "escalate", "--bases", 9), "9 bases are outside 1..8; give a number between"),
        (("--method", "escalate", "--error-budget", "0.1"), "an error budget chooses terms, and escalate has none; "
         "leave it out, or give more bases"),
        (("--method", "escalate", "--terms", 2), "--method escalate fixes how many terms a weight has"),
        (("--bases", 3), "--bases belongs to --method escalate; leave it out or take it"),
        (("--escalate-first",), "--escalate-first belongs to --method escalate; leave it out or take it"),
    ],
)  # fmt: skip
def test_mistakes(capsys: pytest.CaptureFixture[str], work: Path, words: tuple[str, ...], sentence: str) -> None:
    status, _, error = quantize(capsys, work, *words)
    assert status == 2 and sentence in error, error


def test_advice_is_a_basis_more() -> None:
    cost = LayerCost("n1", "IntConv, ShiftConv", "s8.4", 0.2, Knob.TERMS)
    words = [choice.words for choice in choices(Options(method=Method.ESCALATE), [cost], {})]
    assert "--bases 7" in words and "--method linear --terms 3" in words and "--terms 4" not in words
    most = [choice.words for choice in choices(Options(method=Method.ESCALATE, numbers={"bases": 8}), [cost], {})]
    assert not any("--bases" in each for each in most)
