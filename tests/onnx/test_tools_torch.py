"""Nets with fake quantizers through both exporters of torch: the codes are those of the file's own run, and torch's."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fake_quant_nets import KINDS, NETS, settled
from rounding_ties import held
from shiftwire.api import load_network
from static_quantization import exported
from tiers import some

SCRIPTED = [
    *((net, kind) for net in NETS for kind in ("affine", "affine-channel", "lsq", "pact")),
    *((net, "lsq-beside") for net in ("mlp", "cnn", "conv1d")),
    *((net, "dorefa") for net in ("mlp", "cnn")),
    ("mlp", "pact-absolutes"),
]
TRACED = [("mlp", "affine-channel"), ("cnn", "affine"), ("mlp", "lsq"), ("conv1d", "dorefa")]
"""The newer exporter takes seconds a file."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Torch's exporters tell of every step."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def values(net: str) -> np.ndarray:
    drawn = np.random.default_rng(0).normal(size=(200, *NETS[net][1])) * 1.5
    drawn[0], drawn[1], drawn[2] = 0, 100, -100
    return drawn.astype(np.float32)


def agrees(net: str, kind: str, path: Path, count: Any, *, dynamo: bool) -> None:
    """The file's run, and torch's own: its codes too but for ties, where a float sum in another order may decide."""
    x, made = values(net), settled(net, kind)
    exported(made, x, path, dynamo=dynamo)
    found = held(path, x, f"torch_{'export' if dynamo else 'script'}", count)
    network = load_network(path)
    with torch.no_grad():
        outputs = made(torch.from_numpy(x)).numpy().astype(np.float64)
    codes = network.evaluate(network.host_input.encode(x, network.input.format))
    differing = np.count_nonzero(codes != network.host_output.nearest(outputs, network.output.format))
    assert differing <= max(2, found.different)
    count(torch_codes=codes.size)


@pytest.mark.parametrize(
    ("net", "kind"),
    some(SCRIPTED, ("mlp", "lsq"), ("cnn", "affine"), ("residual", "pact")),
)
def test_torchscript(net: str, kind: str, tmp_path: Path, count: Any) -> None:
    agrees(net, kind, tmp_path / "net.onnx", count, dynamo=False)


@pytest.mark.whole
@pytest.mark.parametrize(("net", "kind"), TRACED)
def test_torch_export(net: str, kind: str, tmp_path: Path, count: Any) -> None:
    agrees(net, kind, tmp_path / "net.onnx", count, dynamo=True)


def test_every_quantizer_is_among_the_files() -> None:
    assert {kind for _, kind in SCRIPTED} == KINDS.keys()
    assert {net for net, _ in SCRIPTED} == NETS.keys()
