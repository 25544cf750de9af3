"""The distribution loss: what keeps the values in front of a binarisation from falling on one side or out of reach."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from shiftwire_models.quant import ActivationQuant

WEIGHT = 2.0
"""Of the loss beside the cross entropy, as its authors have it."""

_REACH = 2.0
_WIDEST = 4.0
_LEAST_VARIANCE = 1e-12
"""Below it a channel is constant, and the root has no gradient."""


def distribution_losses(x: Tensor) -> tuple[Tensor, Tensor]:
    """L1 and L2 of values x (N, C, ...) that a sign reads, mu and sigma those of each channel over all else.

    L1 = mean(max(min(2 - mu - sigma, 2 + mu - sigma), 0)^2) + mean(max(sigma - 4, 0)^2),
    L2 = mean(max(mu^2 - sigma^2, 0)), sigma that of the batch itself, not an estimate.
    Source: Ding et al., Regularizing Activation Distribution for Training Binarized Deep Networks, CVPR 2019.
    """
    channels = x.transpose(0, 1).flatten(1)
    mu, variance = channels.mean(1), channels.var(1, correction=0)
    sigma = variance.clamp_min(_LEAST_VARIANCE).sqrt()
    short = torch.minimum(_REACH - mu - sigma, _REACH + mu - sigma).clamp_min(0)
    wide = (sigma - _WIDEST).clamp_min(0)
    return short.square().mean() + wide.square().mean(), (mu.square() - variance).clamp_min(0).mean()


def binarisations(net: nn.Module) -> list[ActivationQuant]:
    """Quantizers of one bit."""
    quants = (module for module in net.modules() if isinstance(module, ActivationQuant))
    return [quant for quant in quants if quant.grid.bits == 1]


class Distribution:
    """The sum of both losses over all binarisations of a net in its last forward pass."""

    def __init__(self) -> None:
        self._losses: list[Tensor] = []

    def see(self, quant: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        """Values that a bit is made of, as a sign sees them: the bit is 1 above half a step."""
        assert isinstance(quant, ActivationQuant)
        self._losses.append(sum(distribution_losses(inputs[0] * 2.0 ** (quant.grid.frac + 1) - 1), torch.zeros(())))

    def taken(self) -> Tensor:
        """The losses so far, which start anew."""
        total = sum(self._losses, torch.zeros(()))
        self._losses = []
        return total


@contextmanager
def watched(net: nn.Module) -> Iterator[Distribution]:
    """What every binarisation of a net reads, seen as long as this lasts."""
    seen = Distribution()
    handles = [quant.register_forward_pre_hook(seen.see) for quant in binarisations(net)]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
