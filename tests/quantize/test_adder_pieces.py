"""Nets of adder layers, quantized with the layers in pieces and whole: the same file and the same figures."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import onnx
from float_nets import FloatNet
from quantized import quantized
from shiftwire.quantize.floats import float_run


def adders(shape: tuple[int, int, int], widths: tuple[int, ...], seed: int) -> FloatNet:
    """A convolution and adder layers of these widths, each with a batch norm that keeps half of it alive."""
    net = FloatNet(shape, seed).conv("c", widths[0], shape[0]).node("Relu", "r")
    for at, (inputs, outputs) in enumerate(pairwise(widths)):
        net.adder(f"d{at}", outputs, inputs).norm(f"n{at}", outputs)
        net.constants[f"n{at}_2"] = np.full(outputs, -1.4 * 9 * inputs, np.float32)
        net.constants[f"n{at}_3"] = np.full(outputs, 2.0 * 9 * inputs, np.float32)
        net.node("Relu", f"r{at}")
    return net.node("GlobalAveragePool", "g").node("Flatten", "f", axis=1).dense("logits", 4, widths[-1])


@pytest.mark.parametrize(
    ("shape", "widths", "options"),
    [
        ((3, 8, 8), (8, 16, 24), {}),
        ((2, 7, 9), (16, 16, 32), {"act_bits": 6}),
        ((1, 12, 12), (4, 9, 40), {"act_bits": 10, "error_budget": 0.05, "terms": 6}),
        ((3, 16, 16), (16, 20, 8), {"input_bits": 12}),
        ((3, 5, 4), (12, 8, 12, 65), {}),
    ],
)
def test_a_file_does_not_depend_on_pieces(
    shape: tuple[int, int, int], widths: tuple[int, ...], options: dict, tmp_path: Path, monkeypatch
) -> None:
    net = adders(shape, widths, seed=len(widths) + shape[1])
    path, values, scans = net.save(tmp_path), net.samples(72), []

    def whole(model: onnx.ModelProto) -> onnx.ModelProto:
        scans.append(sum(node.op_type == "Scan" for node in cut(model).graph.node))
        return model

    cut = float_run.in_pieces
    found = quantized(path, values, **options)
    monkeypatch.setattr(float_run, "in_pieces", whole)
    wanted = quantized(path, values, **options)
    assert max(scans) > 0, "no layer was in pieces"
    assert found.model.SerializeToString(deterministic=True) == wanted.model.SerializeToString(deterministic=True)
    assert found.report == wanted.report and found.report.answers.error.rms_error > 0
