"""The four shapes of MLPerf Tiny as float torch nets; 'Banbury et al., MLPerf Tiny Benchmark, 2021' has the originals.

The data are not that benchmark's: pictures of Fashion-MNIST brought to each input's shape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_linear_bn_eval


def _normed(inputs: int, outputs: int, kernel: int | tuple[int, int], stride: int, groups: int = 1) -> nn.Sequential:
    """A convolution that keeps the size up to its stride, a batch norm and a Relu."""
    sides = (kernel, kernel) if isinstance(kernel, int) else kernel
    pads = tuple(side // 2 for side in sides)
    conv = nn.Conv2d(inputs, outputs, sides, stride, pads, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


class Block(nn.Module):
    """Two convolutions beside a shortcut, which is one of 1 x 1 where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(_normed(inputs, outputs, 3, stride), *_normed(outputs, outputs, 3, 1)[:2])
        self.side = nn.Identity() if stride == 1 else nn.Conv2d(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.body(x) + self.side(x))


def resnet8() -> nn.Module:
    """(N, 3, 32, 32) to (N, 10): 16, 32 and 64 channels."""
    blocks = (Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2))
    return nn.Sequential(_normed(3, 16, 3, 1), *blocks, nn.AvgPool2d(8), nn.Flatten(), nn.Linear(64, 10))


def _separable(inputs: int, outputs: int, stride: int = 1) -> list[nn.Module]:
    return [_normed(inputs, inputs, 3, stride, groups=inputs), _normed(inputs, outputs, 1, 1)]


def dscnn() -> nn.Module:
    """(N, 1, 49, 10) to (N, 12): four separable layers of 64 channels."""
    first = nn.Conv2d(1, 64, (10, 4), 2, (5, 1), bias=False)
    layers = [layer for _ in range(4) for layer in _separable(64, 64)]
    ends = nn.AvgPool2d((25, 5)), nn.Flatten(), nn.Linear(64, 12)
    return nn.Sequential(first, nn.BatchNorm2d(64), nn.ReLU(), *layers, *ends)


MOBILE = ((8, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 128, 2), *((128, 128, 1),) * 5,
          (128, 256, 2), (256, 256, 1))  # fmt: skip
"""Inputs, outputs and stride of MobileNetV1's layers at a quarter of its width."""


def mobilenet() -> nn.Module:
    """(N, 3, 32, 32) to (N, 10); the last layers see one pixel."""
    layers = [layer for shape in MOBILE for layer in _separable(*shape)]
    return nn.Sequential(_normed(3, 8, 3, 2), *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10))


def autoencoder() -> nn.Module:
    """(N, 640) to (N, 640) through eight channels."""
    widths = [640, *[128] * 4, 8, *[128] * 4]
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(128, 640))


@dataclass(frozen=True, slots=True)
class Shape:
    """A net, the shape (C, H, W) of a picture that it reads, and how long it is trained."""

    name: str
    make: Callable[[], nn.Module]
    picture: tuple[int, int, int]
    flat: bool = False
    """Whether it reads the pixels in a row, and answers with a picture."""
    pictures: int = 8000
    epochs: int = 2

    def read(self, pictures: Tensor) -> Tensor:
        """Pictures (N, 1, 28, 28) as the net reads them: padded to 32 x 32, else resampled; channels are copies."""
        channels, *sides = self.picture
        if sides == [32, 32]:
            made = functional.pad(pictures, (2, 2, 2, 2))
        else:
            made = functional.interpolate(pictures, sides, mode="bilinear", antialias=True)
        made = made.expand(-1, channels, -1, -1)
        return made.flatten(1) if self.flat else made.contiguous()


SHAPES = (
    Shape("autoencoder", autoencoder, (1, 32, 20), flat=True, pictures=20000, epochs=8),
    Shape("dscnn", dscnn, (1, 49, 10), pictures=5000),
    Shape("resnet8", resnet8, (3, 32, 32), pictures=5000),
    Shape("mobilenet", mobilenet, (3, 32, 32), pictures=5000, epochs=3),
)


def trained(shape: Shape, x: Tensor, y: Tensor, seed: int) -> nn.Module:
    """The net in evaluation mode, of images (N, ...) as it reads them; Adam, its rate falling to 0 as a cosine."""
    torch.manual_seed(seed)
    net = shape.make()
    steps = shape.epochs * -(-len(x) // 64)
    optimizer = torch.optim.Adam(net.parameters(), 2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(shape.epochs):
        for at in torch.randperm(len(x)).split(64):
            made = net(x[at])
            loss = functional.mse_loss(made, x[at]) if shape.flat else functional.cross_entropy(made, y[at])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return net.eval()


def folded(net: nn.Module) -> nn.Module:
    """The same net, batch norms folded into the linear layers in front; exporters fold those behind convolutions."""
    if not isinstance(net, nn.Sequential):
        return net
    layers = list(net)
    for at in range(len(layers) - 1):
        if isinstance(layers[at], nn.Linear) and isinstance(layers[at + 1], nn.BatchNorm1d):
            layers[at : at + 2] = [fuse_linear_bn_eval(layers[at], layers[at + 1]), nn.Identity()]
    return nn.Sequential(*layers).eval()
