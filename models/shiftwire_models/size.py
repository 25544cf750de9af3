"""How much hardware a net asks for, counted, not modelled."""

from dataclasses import dataclass

import torch
from torch import nn

from shiftwire_models.adder import AdderConv2d, AdderLinear
from shiftwire_models.circulant import CirculantWeight
from shiftwire_models.escalate import BasisConv2d
from shiftwire_models.floats.adder import FloatAdderConv2d
from shiftwire_models.nets import NetConfig, build
from shiftwire_models.shift import ShiftConv2d, ShiftLinear

_LAYERS = (ShiftLinear, ShiftConv2d, AdderLinear, AdderConv2d, FloatAdderConv2d, BasisConv2d, nn.Linear, nn.Conv2d)


@dataclass(frozen=True, slots=True)
class NetSize:
    """weights of all layers, each counted once; operations = weights times the outputs they serve."""

    weights: int
    operations: int


def net_size(config: NetConfig) -> NetSize:
    """Counted on one blank picture that runs through a fresh net."""
    counts: list[NetSize] = []

    def count(layer: nn.Module, _: object, y: torch.Tensor) -> None:
        weights = _weight_count(layer)
        uses = y[0, 0].numel() * _copies(layer)
        counts.append(NetSize(weights, weights * uses))

    net = build(config, 0).eval()
    for layer in net.modules():
        if isinstance(layer, _LAYERS):
            layer.register_forward_hook(count)
    with torch.no_grad():
        net(torch.zeros(1, *config.input_shape))
    return NetSize(sum(size.weights for size in counts), sum(size.operations for size in counts))


def _copies(layer: nn.Module) -> int:
    """How often a layer has each of its weights."""
    if isinstance(layer, BasisConv2d):
        return layer.inputs
    return layer.weight.block if isinstance(layer.weight, CirculantWeight) else 1


def _weight_count(layer: nn.Module) -> int:
    weight = layer.basis if isinstance(layer, BasisConv2d) else layer.weight
    weight = weight.vectors if isinstance(weight, CirculantWeight) else weight
    values = weight() if isinstance(weight, nn.Module) else weight
    return values.numel() if isinstance(values, torch.Tensor) else 0
