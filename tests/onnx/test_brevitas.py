"""What Brevitas trains and exports, converted as it comes: the codes are those of qonnx."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import onnx

brevitas = pytest.importorskip("brevitas.nn", reason="brevitas is not installed; pip install 'shiftwire[dev]'")
pytest.importorskip("onnxoptimizer", reason="brevitas exports QONNX through onnxoptimizer; install it")
qonnx_exec = pytest.importorskip("qonnx.core.onnx_exec", reason="qonnx is not installed; pip install 'shiftwire[dev]'")

import torch  # noqa: E402
from brevitas.export import export_qonnx  # noqa: E402
from brevitas.quant import (  # noqa: E402
    Int8ActPerTensorFixedPoint,
    Int8Bias,
    Int8WeightPerChannelFloat,
    Int8WeightPerTensorFixedPoint,
    SignedTernaryWeightPerTensorConst,
    Uint8ActPerTensorFixedPoint,
)
from brevitas.quant.binary import SignedBinaryActPerTensorConst, SignedBinaryWeightPerTensorConst  # noqa: E402
from qonnx.core.modelwrapper import ModelWrapper  # noqa: E402
from qonnx.transformation.infer_shapes import InferShapes  # noqa: E402
from torch import nn  # noqa: E402

import shiftwire  # noqa: E402
from tiers import some  # noqa: E402

SAMPLES = 200
"""The batch that the files are exported at."""


def cnn() -> nn.Module:
    """Scales of floats, one for each output channel; biases on the grid of the sums; float batch norm."""
    how: dict[str, Any] = {"weight_bit_width": 4, "weight_quant": Int8WeightPerChannelFloat, "bias_quant": Int8Bias}
    return nn.Sequential(
        brevitas.QuantIdentity(bit_width=6, return_quant_tensor=True),
        brevitas.QuantConv2d(2, 6, 3, padding=1, **how),
        nn.BatchNorm2d(6),
        brevitas.QuantReLU(bit_width=4, return_quant_tensor=True),
        nn.MaxPool2d(2),
        brevitas.QuantConv2d(6, 6, 3, padding=1, groups=6, **how),
        brevitas.QuantReLU(bit_width=3, return_quant_tensor=True),
        nn.Flatten(),
        brevitas.QuantLinear(54, 5, bias=True, weight_bit_width=5),
        brevitas.QuantIdentity(bit_width=8),
    )


def mlp() -> nn.Module:
    """Powers of two throughout."""
    weight: dict[str, Any] = {"weight_bit_width": 4, "weight_quant": Int8WeightPerTensorFixedPoint}
    return nn.Sequential(
        brevitas.QuantIdentity(act_quant=Int8ActPerTensorFixedPoint, bit_width=6, return_quant_tensor=True),
        brevitas.QuantLinear(12, 16, bias=True, bias_quant=Int8Bias, **weight),
        brevitas.QuantReLU(act_quant=Uint8ActPerTensorFixedPoint, bit_width=4, return_quant_tensor=True),
        brevitas.QuantLinear(16, 6, bias=False, **weight),
        brevitas.QuantIdentity(act_quant=Int8ActPerTensorFixedPoint, bit_width=8),
    )


def binary() -> nn.Module:
    return nn.Sequential(
        brevitas.QuantIdentity(act_quant=SignedBinaryActPerTensorConst),
        brevitas.QuantLinear(16, 12, bias=False, weight_quant=SignedBinaryWeightPerTensorConst),
        nn.BatchNorm1d(12),
        brevitas.QuantIdentity(act_quant=SignedBinaryActPerTensorConst),
        brevitas.QuantLinear(12, 6, bias=False, weight_quant=SignedTernaryWeightPerTensorConst),
        nn.BatchNorm1d(6),
        brevitas.QuantIdentity(bit_width=6),
    )


class Residual(nn.Module):
    """Both branches end in the same quantizer, so that their scales are one."""

    def __init__(self) -> None:
        super().__init__()
        self.pixels = brevitas.QuantIdentity(bit_width=8, return_quant_tensor=True)
        self.first = brevitas.QuantConv2d(3, 4, 3, padding=1, bias=False, weight_bit_width=4)
        self.second = brevitas.QuantConv2d(4, 4, 3, padding=1, bias=False, weight_bit_width=4)
        self.norms = nn.ModuleList([nn.BatchNorm2d(4), nn.BatchNorm2d(4)])
        self.shared = brevitas.QuantIdentity(bit_width=5, return_quant_tensor=True)
        self.act = brevitas.QuantReLU(bit_width=4, return_quant_tensor=True)
        self.mean = brevitas.QuantIdentity(bit_width=6, return_quant_tensor=True)
        self.classifier = brevitas.QuantLinear(4, 3, bias=False, weight_bit_width=5)
        self.logits = brevitas.QuantIdentity(bit_width=8)

    def forward(self, x: Any) -> Any:
        a = self.shared(self.norms[0](self.first(self.pixels(x))))
        b = self.shared(self.norms[1](self.second(a)))
        y = self.act(a + b)
        y = y.value if hasattr(y, "value") else y
        return self.logits(self.classifier(self.mean(y.mean((2, 3)))))


NETS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "cnn": (cnn, (2, 6, 6)),
    "mlp": (mlp, (12,)),
    "binary": (binary, (16,)),
    "residual": (Residual, (3, 4, 4)),
}


def exported(net: nn.Module, shape: tuple[int, ...], path: Path) -> onnx.ModelProto:
    """The file that Brevitas writes, after some steps that settle scales and statistics."""
    for _ in range(20):
        net(torch.randn(16, *shape))
    net.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        export_qonnx(net, torch.randn(SAMPLES, *shape), export_path=str(path))
    return onnx.load(path)


@pytest.mark.parametrize("name", some(NETS, "mlp", "cnn"))
def test_what_brevitas_exports(name: str, tmp_path: Path, count: Any) -> None:
    torch.manual_seed(3)
    make, shape = NETS[name]
    path = tmp_path / "net.onnx"
    wrapper = ModelWrapper(exported(make(), shape, path)).transform(InferShapes())
    spans = np.resize([0.25, 1, 3, 12], SAMPLES).reshape(-1, *[1] * len(shape))
    values = (np.random.default_rng(0).normal(size=(SAMPLES, *shape)) * spans).astype(np.float32)
    values[0], values[1], values[2] = 1e9, -1e9, 0
    expected = qonnx_exec.execute_onnx(wrapper, {wrapper.graph.input[0].name: values})[wrapper.graph.output[0].name]
    network = shiftwire.load_network(path)
    codes = network.evaluate(network.host_input.encode(values, network.input.format))
    made = network.host_output.decode(codes, network.output.format)
    assert np.array_equal(made.astype(np.float32), expected)
    assert len(np.unique(codes)) > 10 and np.count_nonzero(codes) > codes.size // 4
    count(brevitas_outputs=codes.size)
