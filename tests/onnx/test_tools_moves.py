"""Moves, ends, gates and constants between onnxruntime's own quantizers: the values are those of the file's own run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from onnxruntime.quantization import QuantFormat, QuantType

import onnx
from foreign_files import File, decoded, executed
from moving_nets import NETS, samples
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import run_onnx
from static_quantization import Static, exported, statically_quantized
from tiers import every_third

OPERATORS = QuantFormat.QOperator
SIGNED, UNSIGNED = QuantType.QInt8, QuantType.QUInt8
HOWS = {
    "unsigned": Static(),
    "signed": Static(activations=SIGNED),
    "symmetric": Static(activations=SIGNED, symmetric=True, per_channel=False, prepared=False),
    "tensor": Static(weights=UNSIGNED, per_channel=False),
    "integer": Static(OPERATORS, reduced=True),
    "integer, signed": Static(OPERATORS, activations=SIGNED, per_channel=False, reduced=True),
}
MOST = 0.002
"""Of values, those that begin on a tie of float32."""


def quantized(name: str, how: Static, folder: Path) -> onnx.ModelProto:
    torch.manual_seed(sum(map(ord, name)))
    x = samples(name)
    path = exported(NETS[name][0]().eval(), x, folder / "net.onnx")
    return onnx.load(statically_quantized(path, x, how))


KEPT = ("end: softmax", "end: boxes", "shuffle: channels", "shuffle: pixels, torch's own", "gate: reshaped",
        "constant: added to, of three axes", "part: the last", "copy: linear", "copy: expanded")  # fmt: skip


UNRUN = [("copy: cubic", "integer"), ("curve: soft shrink", "integer")]
"""What onnxruntime does not run on codes, or does not quantize."""
CASES = [(name, how) for name in NETS for how in HOWS if (name, how[:7]) not in UNRUN]
QUICK = [
    *((name, "unsigned") for name in KEPT),
    ("end: softmax", "integer"),
    ("part: the last", "integer, signed"),
    ("copy: linear", "integer"),
    ("image: normed", "unsigned"),
    ("image: a row", "integer"),
    ("shuffle: channels of joined parts", "integer"),
]


@pytest.mark.parametrize(("name", "how"), every_third(CASES, *QUICK))
def test_pairs_of_quantizers_between(name: str, how: str, tmp_path: Path, count: Any) -> None:
    model = quantized(name, HOWS[how], tmp_path)
    x = samples(name, 40, seed=1)
    wanted, found = run_onnx(model, x), decoded(network_from_model(model), x)
    assert found.shape == wanted.shape and len(np.unique(wanted)) > 3
    differs = np.abs(found - wanted) > 1e-5 * np.abs(wanted).max()
    assert differs.mean() <= MOST
    count(onnxruntime_qdq_values=found.size, values_behind_ties=int(differs.sum()))


CONSTANT = np.random.default_rng(8).integers(-120, 120, (4, 1, 1)).astype(np.int8)
FORMS = ["c, x", "x, c"]


@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("quant", [False, True], ids=["qdq", "qonnx"])
def test_a_quantized_constant_on_either_side(kind: str, form: str, quant: bool, count: Any) -> None:
    """Of three axes, as wide as the image is: channels are the second of four."""
    file = File((4, 3, 4))
    x = file.quant("x", 0.1, 8) if quant else pair(file, "x", 0.1)
    c = (
        file.quant(CONSTANT * 0.0117, 0.0117, 8)
        if quant
        else file.add("DequantizeLinear", CONSTANT, 0.0117, np.int8(0))
    )
    made = file.add(kind, *(c if each == "c" else x for each in form.split(", ")))
    if quant:
        file.quant(made, 0.07, 7, out="y")
    else:
        pair(file, made, 0.07, out="y")
    holds(file, count)


def test_a_quantized_row_of_columns_is_no_row_of_channels(count: Any) -> None:
    """As many columns as channels, in QONNX's spelling and where the host adds it."""
    file = File((4, 3, 4))
    curve = file.add("Softmax", file.quant("x", 0.1, 8), axis=1)
    file.add("Add", curve, file.quant(CONSTANT.ravel() * 0.0117, 0.0117, 8), out="y")
    holds(file, count)


@pytest.mark.parametrize("signed", [0, 1])
def test_a_quantizer_of_qonnx_behind_a_softmax(signed: int, count: Any) -> None:
    file = File((6,))
    curve = file.add("Softmax", file.quant("x", 0.17, 6), axis=1)
    file.quant(curve, 0.011, 5, signed=signed, zero=3.0, out="y")
    holds(file, count)


def test_a_quantized_bound_and_pad(count: Any) -> None:
    """The constant of a Pad as a pair of quantizers gives it."""
    file = File((2, 3, 4))
    zero = file.add("DequantizeLinear", np.int8(5), 0.02, np.int8(5))
    padded = file.add("Pad", pair(file, "x", 0.1), np.array([0, 0, 1, 1, 0, 0, 0, 1]), zero)
    pair(file, padded, 0.1, out="y")
    holds(file, count)


def pair(file: File, x: str, scale: float, out: str = "") -> str:
    """Codes of eight bits, and their values again."""
    codes = file.add("QuantizeLinear", x, scale, np.int8(3))
    return file.add("DequantizeLinear", codes, scale, np.int8(3), out=out)


def holds(file: File, count: Any) -> None:
    """The whole output, but for a code beside a tie."""
    model = file.model()
    x = np.random.default_rng(9).normal(0, 3, (40, *file.shape)).astype(np.float32)
    wanted, found = executed(model, x), decoded(network_from_model(model), x)
    assert found.shape == wanted.shape and len(np.unique(wanted)) > 5
    differs = np.abs(found - wanted) > 1e-5 * np.abs(wanted).max()
    assert differs.mean() <= MOST
    count(onnxruntime_outputs=found.size)
