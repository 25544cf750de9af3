"""Float nets whose weights go to the nearest Ce B of SmartExchange after every epoch."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from shiftwire.numbers.smart_exchange import Theta, decompose, takes


def exchanged_net(net: nn.Module, theta: Theta) -> None:
    """Every weight that SmartExchange takes becomes the product of its factors, in place."""
    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            wanted = layer.weight.detach().double().numpy()
            if takes(wanted.shape, is_depthwise=False):
                factors = decompose(wanted, theta)
                values = np.ldexp(factors.integers.astype(np.float64), -factors.grid).reshape(wanted.shape)
                layer.weight.data = torch.from_numpy(values).to(layer.weight.dtype)
