"""Small float nets of every shape that people quantize, for files that the real tools write in a moment."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


class Residual(nn.Module):
    """Two blocks, the second with a shortcut of its own, a mean over the image and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
        self.one, self.two = nn.Conv2d(6, 6, 3, padding=1), nn.Conv2d(6, 8, 3, stride=2, padding=1)
        self.side, self.classifier = nn.Conv2d(6, 8, 1, stride=2), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.norm(self.first(x)))
        x = functional.relu(self.one(x) + x)
        x = functional.relu(self.two(x) + self.side(x))
        return self.classifier(x.mean((2, 3)))


class Joined(nn.Module):
    """Two branches of unlike ranges beside one another."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(2, 3, 1)
        self.last, self.classifier = nn.Conv2d(7, 4, 3, stride=2), nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([functional.relu(self.one(x)), functional.relu(self.two(x))], 1)
        return self.classifier(functional.relu(self.last(x)).flatten(1))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 10), nn.ReLU(), nn.Linear(10, 5))


def cnn() -> nn.Module:
    layers = (
        nn.Conv2d(2, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 4, 3),
        nn.ReLU6(),
    )
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16, 5))


def depthwise() -> nn.Module:
    first = nn.Conv2d(3, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6), nn.ReLU6()
    middle = nn.Conv2d(6, 6, 3, padding=1, groups=6), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 8, 1), nn.ReLU()
    return nn.Sequential(*first, *middle, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))


def conv1d() -> nn.Module:
    layers = nn.Conv1d(2, 6, 5, stride=2, padding=2), nn.BatchNorm1d(6), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(6, 4, 3)
    return nn.Sequential(*layers, nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))


def average() -> nn.Module:
    """Means over 4 and over 9 pixels: one is a shift, the other is not."""
    layers = nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(4, 4, 1), nn.LeakyReLU(0.1)
    return nn.Sequential(*layers, nn.AvgPool2d(3), nn.Flatten(), nn.Linear(4, 4))


NETS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "mlp": (mlp, (12,)),
    "cnn": (cnn, (2, 8, 8)),
    "residual": (Residual, (3, 8, 8)),
    "depthwise": (depthwise, (3, 8, 8)),
    "conv1d": (conv1d, (2, 16)),
    "average": (average, (2, 6, 6)),
    "joined": (Joined, (2, 6, 6)),
}
"""A net and the shape of a sample."""


def settled(name: str) -> nn.Module:
    """The net of that name in evaluation mode, its batch norms behind some batches."""
    make, shape = NETS[name]
    torch.manual_seed(sum(map(ord, name)))
    net = make().train()
    with torch.no_grad():
        for _ in range(8):
            net(2 * torch.randn(16, *shape))
    return net.eval()


def samples(name: str, count: int = 200, seed: int = 0) -> np.ndarray:
    """Normal samples (count, ...) of several spans, the last ones beyond what calibration saw."""
    spans = np.resize([0.25, 1, 2, 3], count).reshape(-1, *[1] * len(NETS[name][1]))
    drawn = np.random.default_rng(seed).normal(size=(count, *NETS[name][1])) * spans
    drawn[-1], drawn[-2], drawn[-3] = 0, 1e5, -1e5
    return drawn.astype(np.float32)
