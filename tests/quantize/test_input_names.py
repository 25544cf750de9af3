"""Inputs whose names no project can have are quantized, verified and explored as others are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import onnx
from onnx import TensorProto, helper, numpy_helper
from verbs import run_verb

NAMES = ("input.1", "0", "x:0", "in put", "in/put", "a,b", "for")


def dense_net(inputs: tuple[str, ...], folder: Path) -> Path:
    """A sum of one dense layer an input; samples lie beside it."""
    rng = np.random.default_rng(3)
    nodes, tensors = [], []
    for at, name in enumerate(inputs):
        tensors.append(numpy_helper.from_array(rng.normal(0, 0.3, (4, 6)).astype(np.float32), f"w{at}"))
        nodes.append(helper.make_node("Gemm", [name, f"w{at}"], [f"y{at}"], transB=1))
    if len(inputs) > 1:
        nodes.append(helper.make_node("Add", ["y0", "y1"], ["sum"]))
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 6]) for name in inputs]
    out = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, ["N", 4])
    graph = helper.make_graph(nodes, "net", given, [out], tensors)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "float.onnx"
    )
    values = {name: rng.normal(0, 1, (24, 6)).astype(np.float32) for name in inputs}
    np.savez(folder / "x.npz", **(values if len(inputs) > 1 else {"x": values[inputs[0]]}))
    return folder / "float.onnx"


@pytest.mark.parametrize("inputs", [*((name,) for name in NAMES), ("input.1", "0"), ("a b", "a/b")], ids=str)
def test_from_a_float_file_to_its_own_runtime(
    inputs: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, exact, data = dense_net(inputs, tmp_path), tmp_path / "exact.onnx", tmp_path / "x.npz"
    status, _, error = run_verb(capsys, "quantize", model, "--calibrate", data, "--no-trials", "-o", exact)
    assert status == 0, error
    assert run_verb(capsys, "convert", exact, "-o", tmp_path / "p")[0] == 0
    asked = ("--data", data, "--onnx", exact, "--engines", "reference,onnxruntime,native")
    status, table, error = run_verb(capsys, "verify", tmp_path / "p", *asked)
    assert status == 0 and " 0 of " in table, table + error


def test_a_layer_may_have_the_name_that_the_file_would_give_its_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, exact = dense_net(("x",), tmp_path), tmp_path / "exact.onnx"
    file = onnx.load(model)
    file.graph.node[0].output[0] = file.graph.output[0].name = "x_values"
    onnx.save(file, model)
    status, _, error = run_verb(
        capsys, "quantize", model, "--calibrate", tmp_path / "x.npz", "--no-trials", "-o", exact
    )
    assert status == 0, error
    assert run_verb(capsys, "convert", exact, "-o", tmp_path / "p")[0] == 0
    status, table, error = run_verb(capsys, "verify", tmp_path / "p", "--data", tmp_path / "x.npz", "--onnx", exact)
    assert status == 0 and " 0 of " in table, table + error


def test_a_search_reads_such_samples_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = dense_net(("input.1",), tmp_path)
    words = ("--calibrate", tmp_path / "x.npz", "--trials", 2, "--samples", 12, "-o", tmp_path / "f.json")
    status, out, error = run_verb(capsys, "explore", model, *words)
    assert status == 0 and "2 of " in out, error
