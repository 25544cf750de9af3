"""Float nets whose weights go to the nearest Ce B of SmartExchange after every epoch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from shiftwire.numbers.fixed import Values
from shiftwire.numbers.smart_exchange import Theta, decompose, takes

BATCH, HAIR = 64, 2.0**-20


def float_layers(net: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    """Those whose weights SmartExchange takes."""
    layers = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    return [layer for layer in layers if takes(tuple(layer.weight.shape), is_depthwise=False)]


def exchanged(wanted: Values, theta: Theta) -> tuple[int, Values]:
    """Bits of the factors of weights (out, channels, kernel...), and the weights that they multiply out to."""
    factors = decompose(wanted, theta)
    return factors.storage.bits, np.ldexp(factors.integers.astype(np.float64), -factors.grid).reshape(wanted.shape)


def exchanged_net(net: nn.Module, theta: Theta, x: Tensor) -> None:
    """Every weight that SmartExchange takes becomes the product of its factors, in place.

    Then the statistics of batch norms become those of pictures x, no longer those of the weights before.
    """
    for layer in float_layers(net):
        _, values = exchanged(layer.weight.detach().double().numpy(), theta)
        layer.weight.data.copy_(torch.from_numpy(values))
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all batches
    net.train()
    with torch.no_grad():
        for part in torch.split(x, BATCH):
            net(part)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def off_grid(net: nn.Module) -> None:
    """Projected weights a hair beside themselves, in place: whole numbers are left as they are by quantize.

    It decomposes them again, to factors whose products are some percent off.
    """
    generator = torch.Generator().manual_seed(0)
    for layer in float_layers(net):
        layer.weight.data.mul_(1 + HAIR * torch.randn(layer.weight.shape, generator=generator))
