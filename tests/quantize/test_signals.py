"""Layers of one axis in float nets of torch: the exact file in onnxruntime, and its kernels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from float_texts import is_repeated
from instruction_sets import differing
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.quantize.floats.float_run import Samples
from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import quantize_model
from static_quantization import exported
from tiers import some

SHAPE = (3, 16)


class Excited(nn.Module):
    """Channels weighed by the whole signal's means."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv1d(3, 8, 3, padding=1), nn.Conv1d(8, 4, 1)
        self.squeeze, self.excite = nn.Conv1d(8, 2, 1), nn.Conv1d(2, 8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        signal = functional.hardswish(self.first(x))
        means = functional.relu(self.squeeze(functional.adaptive_avg_pool1d(signal, 1)))
        out: torch.Tensor = self.last(signal * functional.hardsigmoid(self.excite(means)))
        return out


class Shuffled(nn.Module):
    """Split, dilated, joined, and its channels shuffled."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv1d(3, 8, 3, padding=1), nn.Conv1d(8, 3, 1)
        self.far = nn.Conv1d(4, 4, 3, padding=2, dilation=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        one, other = functional.relu(self.first(x)).chunk(2, 1)
        both = torch.cat([functional.leaky_relu(self.far(one), 0.125), other], 1)
        out: torch.Tensor = self.last(both.view(-1, 2, 4, 16).transpose(1, 2).reshape(-1, 8, 16))
        return out


class Difference(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.other, self.last = nn.Conv1d(3, 4, 3, padding=1), nn.Conv1d(3, 4, 1), nn.Conv1d(4, 3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.last(torch.tanh(self.one(x)) - torch.sigmoid(self.other(x)))
        return out


def line(*behind: nn.Module, edges: str = "zeros") -> nn.Module:
    return nn.Sequential(nn.Conv1d(3, 6, 3, padding=1, padding_mode=edges), *behind)


NETS: dict[str, Callable[[], nn.Module]] = {
    "transposed": lambda: line(nn.ReLU(), nn.ConvTranspose1d(6, 4, 4, stride=2, padding=1), nn.ReLU()),
    "transposed by three": lambda: line(nn.ReLU(), nn.ConvTranspose1d(6, 4, 5, 3, padding=1, output_padding=1)),
    "linear": lambda: line(nn.ReLU(), nn.Upsample(scale_factor=2, mode="linear"), nn.Conv1d(6, 2, 3, padding=1)),
    "nearest": lambda: line(nn.ReLU(), nn.Upsample(scale_factor=3), nn.Conv1d(6, 2, 3, padding=1)),
    "edges": lambda: line(nn.GELU(), nn.Conv1d(6, 2, 1), edges="replicate"),
    "rounded up": lambda: line(nn.PReLU(6), nn.MaxPool1d(3, 2, ceil_mode=True), nn.Conv1d(6, 2, 1)),
    "highest": lambda: line(nn.SiLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(6, 3)),
    "cut": lambda: line(nn.Mish(), nn.AvgPool1d(2), nn.Conv1d(6, 2, 1), nn.Hardtanh(-1, 1)),
    "excited": Excited,
    "shuffled": Shuffled,
    "difference": Difference,
}


@pytest.mark.parametrize("name", some(NETS, "transposed", "excited"))
def test_a_net_of_signals(name: str, tmp_path: Path, count: Any) -> None:
    torch.manual_seed(0)
    x = np.random.default_rng(0).normal(size=(64, *SHAPE)).astype(np.float32)
    path = exported(NETS[name]().eval(), x, tmp_path / "net.onnx")
    made = quantize_model(path, Samples(x), Options(), lambda *_: None)
    assert made.report.answers.error.relative_error < 0.08
    count(repeated_outputs=is_repeated(made, {"x": SHAPE}))
    network = run_pipeline(made.network)
    wrong, live = differing(network, network.encode({"x": x}), tmp_path / "native")
    assert not wrong and live
    count(native_signals=1)
