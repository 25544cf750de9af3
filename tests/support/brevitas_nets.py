"""Nets of Brevitas, each in a few quantizers, settled and exported by its own exporters."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brevitas.nn as qnn
import torch
from brevitas.export import export_onnx_qcdq, export_qonnx
from brevitas.quant import (
    Int8ActPerTensorFixedPoint,
    Int8ActPerTensorFloat,
    Int8Bias,
    Int8WeightPerChannelFloat,
    Int8WeightPerTensorFixedPoint,
    Int8WeightPerTensorFloat,
    ShiftedUint8ActPerTensorFloat,
    Uint8ActPerTensorFixedPoint,
    Uint8ActPerTensorFloat,
)
from torch import Tensor, nn

import onnx

SAMPLES = 100
"""The batch that the files are exported at."""

Kind = dict[str, Any]

KINDS: dict[str, Kind] = {
    "float": {"weight": Int8WeightPerTensorFloat, "act": Int8ActPerTensorFloat, "relu": Uint8ActPerTensorFloat,
              "bits": 4, "act_bits": 6},
    "channel": {"weight": Int8WeightPerChannelFloat, "act": Int8ActPerTensorFloat, "relu": Uint8ActPerTensorFloat,
                "bits": 8, "act_bits": 8},
    "po2": {"weight": Int8WeightPerTensorFixedPoint, "act": Int8ActPerTensorFixedPoint,
            "relu": Uint8ActPerTensorFixedPoint, "bits": 5, "act_bits": 7},
    "shifted": {"weight": Int8WeightPerTensorFloat, "act": ShiftedUint8ActPerTensorFloat,
                "relu": ShiftedUint8ActPerTensorFloat, "bits": 8, "act_bits": 8},
}  # fmt: skip
"""Quantizers of weights, of signed activations and of those behind a Relu, and their bits."""


def _entry(kind: Kind) -> nn.Module:
    return qnn.QuantIdentity(act_quant=kind["act"], bit_width=8, return_quant_tensor=True)


def _relu(kind: Kind) -> nn.Module:
    return qnn.QuantReLU(act_quant=kind["relu"], bit_width=kind["act_bits"], return_quant_tensor=True)


def _exit(kind: Kind) -> nn.Module:
    return qnn.QuantIdentity(act_quant=kind["act"], bit_width=8)


def _weights(kind: Kind) -> Kind:
    return {"weight_quant": kind["weight"], "weight_bit_width": kind["bits"], "bias": True, "bias_quant": Int8Bias}


def mlp(kind: Kind) -> nn.Module:
    first, last = qnn.QuantLinear(10, 12, **_weights(kind)), qnn.QuantLinear(12, 5, **_weights(kind))
    return nn.Sequential(_entry(kind), first, _relu(kind), last, _exit(kind))


def cnn(kind: Kind) -> nn.Module:
    how = _weights(kind) | {"bias": False, "bias_quant": None}
    first = qnn.QuantConv2d(2, 6, 3, padding=1, **how), nn.BatchNorm2d(6), _relu(kind), nn.MaxPool2d(2)
    middle = qnn.QuantConv2d(6, 6, 3, padding=1, groups=6, **how), nn.BatchNorm2d(6), _relu(kind), nn.Flatten()
    return nn.Sequential(_entry(kind), *first, *middle, qnn.QuantLinear(54, 4, **_weights(kind)), _exit(kind))


def conv1d(kind: Kind) -> nn.Module:
    first = qnn.QuantConv1d(2, 6, 5, stride=2, padding=2, **_weights(kind)), _relu(kind), nn.Flatten()
    return nn.Sequential(_entry(kind), *first, qnn.QuantLinear(48, 4, **_weights(kind)), _exit(kind))


class Residual(nn.Module):
    """Both branches end in the same quantizer, so that their scales are one."""

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        how = _weights(kind)
        self.pixels, self.shared, self.act, self.logits = _entry(kind), _entry(kind), _relu(kind), _exit(kind)
        self.first, self.second = qnn.QuantConv2d(2, 4, 3, padding=1, **how), qnn.QuantConv2d(4, 4, 3, padding=1, **how)
        self.classifier = qnn.QuantLinear(64, 3, **how)

    def forward(self, x: Tensor) -> Any:
        a = self.shared(self.first(self.pixels(x)))
        y = self.act(a + self.shared(self.second(a)))
        return self.logits(self.classifier(y.flatten(1)))


NETS: dict[str, tuple[Callable[[Kind], nn.Module], tuple[int, ...]]] = {
    "mlp": (mlp, (10,)),
    "cnn": (cnn, (2, 6, 6)),
    "conv1d": (conv1d, (2, 16)),
    "residual": (Residual, (2, 4, 4)),
}
"""A maker from quantizers, and the shape of a sample."""


def settled(net: str, kind: str) -> nn.Module:
    """A net in evaluation mode, its scales and statistics behind some batches."""
    make, shape = NETS[net]
    torch.manual_seed(sum(map(ord, net + kind)))
    made = make(KINDS[kind]).train()
    with torch.no_grad():
        for _ in range(20):
            made(torch.randn(16, *shape))
    return made.eval()


def exported(net: str, kind: str, path: Path, *, qcdq: bool) -> onnx.ModelProto:
    """The file that Brevitas writes at a batch of SAMPLES."""
    write = export_onnx_qcdq if qcdq else export_qonnx
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        example = torch.randn(SAMPLES, *NETS[net][1])
        write(settled(net, kind), example, export_path=str(path), dynamo=False)
    return onnx.load(path)
