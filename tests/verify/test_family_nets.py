"""Nets of ViP and of ESCALATE, from torch to every engine: odd sides, random pictures and extreme ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import onnx
from shiftwire.onnx.importer import import_onnx
from shiftwire_models.block import BlockKind
from shiftwire_models.calibration import calibrated_net
from shiftwire_models.exact_export import export_model
from shiftwire_models.nets.zoo import resnet
from tiers import first
from verbs import run_verb


@pytest.mark.parametrize("kind", first(BlockKind.ESCALATE, BlockKind.VIP))
def test_nets_in_every_engine(kind: BlockKind, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = replace(resnet(kind, 1, (2, 4)), input_shape=(2, 7, 6))
    net, x = calibrated_net(config, 3, 4)
    ends = torch.tensor([0.0, -3e38, 3e38, 1 / 64])[torch.randint(0, 4, (3, *config.input_shape))]
    pictures = torch.cat([x, ends]).numpy()
    onnx.save(export_model(net, config.input_shape), tmp_path / "net.onnx")
    with torch.no_grad():
        wanted = net.eval()(torch.from_numpy(pictures)).numpy()
    network = import_onnx(tmp_path / "net.onnx")
    codes = network.evaluate(network.encode({"x": pictures}))
    assert np.array_equal(network.output.format.decode(codes), wanted)
    np.savez(tmp_path / "x.npz", x=pictures)
    assert run_verb(capsys, "convert", tmp_path / "net.onnx", "-o", tmp_path / "project")[0] == 0
    status, table, notes = run_verb(
        capsys, "verify", tmp_path / "project", "--data", tmp_path / "x.npz", "--onnx", tmp_path / "net.onnx",
        "--engines", "reference,onnxruntime,csim,native,verilator",
    )  # fmt: skip
    assert status == 0 and " 0 of " in table, table + notes
    status, said, _ = run_verb(capsys, "csim", tmp_path / "project", "--data", tmp_path / "x.npz", "--native")
    assert status == 0 and "native: 7 samples, 0 of " in said
