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
from shiftwire.errors import InputError
from static_quantization import exported
from tiers import some

SCRIPTED = [(net, kind) for net in NETS for kind in ("affine", "affine-channel", "lsq", "pact")]
TRACED = [("mlp", "affine-channel"), ("cnn", "affine")]
"""The newer exporter takes seconds a file."""

BESIDE = "x + (round(x) - x) is not read as the rounding that it is"
FOLDED = "weights that were rounded at export are floats on a grid that is not looked for"
REFUSED = [
    *((net, "lsq-beside", False, BESIDE) for net in ("mlp", "cnn", "conv1d")),
    ("mlp", "dorefa", False, FOLDED),
    ("cnn", "dorefa", False, FOLDED),
    ("mlp", "pact-absolutes", False, "no Abs is read"),
    ("mlp", "lsq", True, FOLDED),
]
"""Of each kind the net, its quantizers, whether the newer exporter writes it, and why it is not read yet."""


def failing(net: str, kind: str, dynamo: bool, why: str) -> Any:
    """A case that turns the run red as soon as it is read."""
    mark = pytest.mark.xfail(raises=InputError, strict=True, reason=why)
    return pytest.param(net, kind, dynamo, id=f"{net}-{kind}-{'export' if dynamo else 'script'}", marks=mark)


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


@pytest.mark.whole
@pytest.mark.parametrize(("net", "kind", "dynamo"), [failing(*case) for case in REFUSED])
def test_not_read_yet(net: str, kind: str, dynamo: bool, tmp_path: Path, count: Any) -> None:
    agrees(net, kind, tmp_path / "net.onnx", count, dynamo=dynamo)


def test_every_quantizer_is_among_the_files() -> None:
    assert {kind for _, kind, *_ in (*SCRIPTED, *REFUSED)} == KINDS.keys()
    assert {net for net, _ in SCRIPTED} == NETS.keys()
