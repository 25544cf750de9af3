"""onnxruntime's sums of uint8 data and int8 weights of the full range, against sums of whole numbers."""

from __future__ import annotations

import numpy as np
import pytest

import onnx
from foreign_files import MICROSOFT, File
from shiftwire.onnx.runnable import runnable
from shiftwire.onnx.runtime import run_onnx
from shiftwire.onnx.unsaturated import REMARK

CODES = np.random.default_rng(0).choice([0, 1, 254, 255], (16, 40)).astype(np.uint8)
WEIGHTS = np.random.default_rng(1).choice([-128, -127, 126, 127], (40, 6)).astype(np.int8)
ZERO, STEP = 3, 1000.0
SUMS = (CODES.astype(np.int64) - ZERO) @ WEIGHTS.astype(np.int64)


def layer(kind: str) -> File:
    """Codes come in as floats; sums leave as they are, or in steps of 1,000."""
    file = File((40,), rank=2)
    q = file.add("QuantizeLinear", "x", 1.0, np.uint8(ZERO))
    end = np.float32(STEP), np.uint8(128)
    if kind == "MatMulInteger":
        file.add("Cast", file.add(kind, q, WEIGHTS, np.uint8(ZERO), np.int8(0)), out="y", to=1)
    elif kind == "QLinearMatMul":
        made = file.add(kind, q, 1.0, np.uint8(ZERO), WEIGHTS, 1.0, np.int8(0), *end)
        file.add("DequantizeLinear", made, *end, out="y")
    elif kind == "QGemm":
        bias = np.zeros(6, np.int32)
        made = file.add(kind, q, 1.0, np.uint8(ZERO), WEIGHTS, 1.0, np.int8(0), bias, *end, domain=MICROSOFT)
        file.add("DequantizeLinear", made, *end, out="y")
    else:
        image = file.add("Reshape", q, np.array([0, 40, 1, 1]))
        kernel = WEIGHTS.T.reshape(6, 40, 1, 1)
        made = file.add("QLinearConv", image, 1.0, np.uint8(ZERO), kernel, 1.0, np.int8(0), *end)
        file.add("Reshape", file.add("DequantizeLinear", made, *end), np.array([0, 6]), out="y")
    return file


@pytest.mark.parametrize("kind", ["QLinearConv", "QLinearMatMul", "QGemm", "MatMulInteger"])
def test_sums_are_exact(kind: str) -> None:
    model = layer(kind).model()
    found = run_onnx(model, CODES.astype(np.float32) - ZERO)
    in_steps = np.clip(np.rint(SUMS / STEP) + 128, 0, 255) - 128
    assert np.array_equal(found, SUMS if kind == "MatMulInteger" else in_steps * STEP)
    assert runnable(model).remark == REMARK


def test_other_files_run_as_they_are() -> None:
    """Weights that something else reads too, signed data, floats: nothing is changed and nothing is told."""
    twice = layer("QLinearMatMul")
    twice.nodes.insert(0, onnx.helper.make_node("Cast", [twice.nodes[1].input[3]], ["twice"], to=1))
    signed = File((40,), rank=2)
    q = signed.add("QuantizeLinear", "x", 1.0, np.int8(0))
    signed.add("Cast", signed.add("MatMulInteger", q, WEIGHTS, np.int8(0), np.int8(0)), out="y", to=1)
    for file in (twice, signed):
        model = file.model()
        made = runnable(model)
        assert made.remark is None and made.model == model
