"""The training of an exact file: every step sees the codes that the hardware will see."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from shiftwire_models.data import Dataset, Split
from shiftwire_models.errors import ModelsError
from shiftwire_models.training import Epoch, accuracy, threads

_BATCH = 64


@dataclass(frozen=True, slots=True)
class TuneConfig:
    """rate  Adam's first step as a share of each tensor's root mean square; a cosine takes it to 0."""

    epochs: int = 1
    rate: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or not 0 < self.rate < 1:
            raise ModelsError(
                f"{self.epochs} epochs at a rate of {self.rate} tune nothing; take at least 1 epoch and a rate below 1"
            )


@dataclass(frozen=True, slots=True)
class TuneResult:
    """Fractions of the test pictures, before and after."""

    before: float
    after: float
    seconds: float


def tune(net: nn.Module, data: Dataset, config: TuneConfig, progress: Callable[[Epoch], None]) -> TuneResult:
    """Train the net's codes in place; the weights of the last step stay, better or worse."""
    start = time.perf_counter()
    with threads(1):  # as in training: the layers' many small steps are too small to share
        before = accuracy(net, data.test)
        _fit(net, data.train, config, progress)
        after = accuracy(net, data.test)
    return TuneResult(before, after, time.perf_counter() - start)


def _fit(net: nn.Module, split: Split, config: TuneConfig, progress: Callable[[Epoch], None]) -> None:
    generator = torch.Generator().manual_seed(config.seed)
    batches = -(-len(split.y) // _BATCH)
    optimiser = torch.optim.Adam(_groups(net, config.rate))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.epochs * batches)
    net.train()
    for number in range(1, config.epochs + 1):
        total = 0.0
        for picked in torch.split(torch.randperm(len(split.y), generator=generator), _BATCH):
            loss = functional.cross_entropy(net(split.x[picked]), split.y[picked])
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        progress(Epoch(number, config.epochs, total / batches))


def _groups(net: nn.Module, rate: float) -> list[dict[str, Any]]:
    """Scales of 2**-9 beside weights of 1: one step for all would leave one still or throw the other about.

    A tensor of zeros, such as the bias of a sum, stays zero.
    """
    trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
    sizes = [float(parameter.detach().square().mean().sqrt()) for parameter in trained]
    return [{"params": [parameter], "lr": rate * size} for parameter, size in zip(trained, sizes, strict=True)]
