"""Nets of many shapes through the newer exporter of torch: the codes are those of the file's own run, and torch's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is not installed; pip install 'shiftwire[train]'")

import onnx
from static_quantization import exported
from tiers import some
from torch_files import agrees, beyond, quiet
from traced_nets import KINDS, NETS, settled

FIXED = [
    ("mlp", "affine-channel"), ("cnn", "affine"), ("mlp", "lsq"), ("conv1d", "dorefa"), ("residual", "decomposed"),
    ("block", "affine-channel"), ("block", "decomposed-channel"), ("inception", "affine-channel"), ("inception", "lsq"),
    ("causal", "decomposed"), ("decoder", "pact"), ("decoder", "decomposed-channel"), ("separable", "affine-channel"),
    ("head", "affine"), ("averages", "lsq"), ("averages", "decomposed"), ("rows", "pact-absolutes"),
    ("pooled1d", "affine-channel"),
]  # fmt: skip
"""At the batch of the samples."""

OPEN = [("cnn", "lsq"), ("causal", "lsq"), ("head", "pact"), ("block", "lsq-beside"), ("pooled1d", "lsq")]
"""At any batch; torch 2.13 fixes it where a quantizer is its own fake one or a pair of operations."""


@pytest.mark.parametrize(("net", "kind"), some(FIXED, ("pooled1d", "affine-channel")))
def test_a_fixed_batch(net: str, kind: str, tmp_path: Path, count: Any) -> None:
    x, made = beyond(NETS[net][1]), settled(net, kind)
    with quiet():
        path = exported(made, x, tmp_path / "net.onnx", dynamo=True)
    if kind.startswith(("affine", "decomposed")):
        assert "QuantizeLinear" in {node.op_type for node in onnx.load(path).graph.node}
    agrees(path, made, x, "torch_export", count)


@pytest.mark.whole
@pytest.mark.parametrize(("net", "kind"), OPEN)
def test_an_open_batch(net: str, kind: str, tmp_path: Path, count: Any) -> None:
    x, made = beyond(NETS[net][1]), settled(net, kind)
    with quiet():
        path = exported(made, x, tmp_path / "net.onnx", dynamo=True, is_open=True)
    assert onnx.load(path).graph.input[0].type.tensor_type.shape.dim[0].dim_param
    agrees(path, made, x, "torch_export", count)


def test_every_shape_and_quantizer_is_among_the_files() -> None:
    assert {net for net, _ in FIXED} == NETS.keys()
    assert {kind for _, kind in FIXED + OPEN} == KINDS.keys()
