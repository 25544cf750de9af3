"""Nets with fake quantizers through the older exporter of torch: the codes are the file's own run's, and torch's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fake_quant_nets import KINDS, NETS, settled
from static_quantization import exported
from tiers import some
from torch_files import agrees, beyond, quiet

SCRIPTED = [
    *((net, kind) for net in NETS for kind in ("affine", "affine-channel", "lsq", "pact")),
    *((net, "lsq-beside") for net in ("mlp", "cnn", "conv1d")),
    *((net, "dorefa") for net in ("mlp", "cnn")),
    ("mlp", "pact-absolutes"),
]


@pytest.mark.parametrize(
    ("net", "kind"),
    some(SCRIPTED, ("mlp", "lsq"), ("cnn", "affine"), ("residual", "pact")),
)
def test_torchscript(net: str, kind: str, tmp_path: Path, count: Any) -> None:
    x, made = beyond(NETS[net][1]), settled(net, kind)
    with quiet():
        path = exported(made, x, tmp_path / "net.onnx")
    agrees(path, made, x, "torch_script", count)


def test_every_quantizer_is_among_the_files() -> None:
    assert {kind for _, kind in SCRIPTED} == KINDS.keys()
    assert {net for net, _ in SCRIPTED} == NETS.keys()
