"""Layers of one axis, of groups, and of more rows than a matrix has: factors from a float file to the engines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import onnx
from float_nets import FloatNet
from verbs import run_verb


def lines() -> FloatNet:
    """Along one axis: kernels of one tap are rows, those of three are left alone."""
    net = FloatNet((4, 9), seed=2)
    net.node("Conv", "point", net.constant("point_w", net.rng.normal(0, 0.5, (5, 4, 1)))).node("Relu", "r")
    return net.node("Conv", "three", net.constant("three_w", net.rng.normal(0, 0.3, (2, 5, 3))))


def grouped() -> FloatNet:
    net = FloatNet((4, 5, 5), seed=3).conv("a", 6, 2, group=2).node("Relu", "r").conv("b", 4, 2, 1, group=3)
    net.constants["b_w"], net.constants["b_b"] = net.rng.normal(0, 0.5, (6, 2, 1, 1)), np.zeros(6)
    return net


def long() -> FloatNet:
    """210 rows are two matrices, and a dense layer of 700 has 234 rows."""
    net = FloatNet((70, 3, 3), seed=5).conv("a", 3, 70, pads=[0] * 4).node("Relu", "r").node("Flatten", "f", axis=1)
    net.node("Gemm", "wide", net.constant("wide_w", net.rng.normal(0, 0.5, (700, 3))), transB=1).node("Relu", "s")
    return net.dense("y", 2, 700)


@pytest.mark.parametrize(("net", "factors"), [(lines, 1), (grouped, 2), (long, 3)])
def test_other_layers_are_factors_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, net: Callable[[], FloatNet], factors: int
) -> None:
    own = net()
    for name, values in own.constants.items():
        own.constants[name] = np.asarray(values, np.float32)
    own.save(tmp_path)
    np.savez(tmp_path / "x.npz", x=own.samples(30))
    words = ("--method", "smartexchange", "--no-trials", "-o", tmp_path / "exact.onnx")
    assert run_verb(capsys, "quantize", tmp_path / "float.onnx", "--calibrate", tmp_path / "x.npz", *words)[0] == 0
    kinds = [node.op_type for node in onnx.load(tmp_path / "exact.onnx").graph.node]
    assert sum(kind.startswith("Factored") for kind in kinds) == factors
    assert run_verb(capsys, "convert", tmp_path / "exact.onnx", "-o", tmp_path / "project")[0] == 0
    status, table, error = run_verb(
        capsys, "verify", tmp_path / "project", "--data", tmp_path / "x.npz", "--onnx", tmp_path / "exact.onnx",
        "--engines", "reference,onnxruntime,native",
    )  # fmt: skip
    assert status == 0 and " 0 of " in table, (table, error)
