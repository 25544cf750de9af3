"""Shapes of nets for torch's newer exporter, on the fake quantizers of `fake_quant_nets`."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.ao.quantization.fx import _decomposed  # noqa: F401, registers the operations below
from torch.nn import functional

import fake_quant_nets
from fake_quant_nets import Lsq, Quantizers, RoundThrough, Weighted

Maker = Callable[[], nn.Module]
Act = Callable[[bool], nn.Module]


def meant() -> nn.Module:
    """A quantizer of means: of the scale of what it averages, every other mean of codes would be a tie."""
    return Lsq(0.01937, 8, signed=True, through=RoundThrough.apply)


class Decomposed(nn.Module):
    """The pair of operations that torch's own static quantization leaves; torch exports no range of bits but int8's."""

    def __init__(self, scale: float, zero: int, low: int = -128, high: int = 127) -> None:
        super().__init__()
        self.how = scale, zero, low, high, torch.int8

    def forward(self, x: Tensor) -> Tensor:
        operations = torch.ops.quantized_decomposed
        values: Tensor = operations.dequantize_per_tensor(operations.quantize_per_tensor(x, *self.how), *self.how)
        return values


class DecomposedChannels(nn.Module):
    """The same of a weight, a scale for each output."""

    def forward(self, w: Tensor) -> Tensor:
        operations = torch.ops.quantized_decomposed
        how = w.detach().abs().flatten(1).amax(1) / 127, torch.zeros(len(w), dtype=torch.int64), 0, -127, 127
        codes = operations.quantize_per_channel(w, *how, torch.int8)
        values: Tensor = operations.dequantize_per_channel(codes, *how, torch.int8)
        return values


KINDS: dict[str, Quantizers] = fake_quant_nets.KINDS | {
    "decomposed": (
        lambda: Decomposed(0.0071, 0, -127, 127),
        lambda s: Decomposed(0.031, 3) if s else Decomposed(0.0131, -128),
    ),
    "decomposed-channel": (
        DecomposedChannels,
        lambda s: Decomposed(0.0471, 1) if s else Decomposed(0.0131, -120),
    ),
}


class Block(nn.Module):
    """A stride beside a layer of one pixel with the same stride, batch norms in both."""

    def __init__(self, weight: Maker, act: Act) -> None:
        super().__init__()
        self.pixels, self.logits, self.last = act(True), act(True), act(False)
        self.one = nn.Sequential(Weighted(nn.Conv2d(2, 4, 3, 2, 1, bias=False), weight()), nn.BatchNorm2d(4), act(True))
        self.two = nn.Sequential(Weighted(nn.Conv2d(2, 4, 1, 2, bias=False), weight()), nn.BatchNorm2d(4), act(True))
        self.head = Weighted(nn.Linear(36, 4), weight())

    def forward(self, x: Tensor) -> Tensor:
        x = self.pixels(x)
        x = self.last(functional.relu(self.one(x) + self.two(x)))
        y: Tensor = self.logits(self.head(x.reshape(x.size(0), -1)))
        return y


class Inception(nn.Module):
    """Branches of one pixel, of nine and of a maximum side by side, on one scale."""

    def __init__(self, weight: Maker, act: Act) -> None:
        super().__init__()
        self.pixels, self.logits, self.shared, self.last = act(True), act(True), act(False), meant()
        self.one = Weighted(nn.Conv2d(3, 2, 1), weight())
        self.two = Weighted(nn.Conv2d(3, 3, 3, padding=1), weight())
        self.three = Weighted(nn.Conv2d(3, 2, 1), weight())
        self.head = Weighted(nn.Linear(7, 4), weight())

    def forward(self, x: Tensor) -> Tensor:
        x = self.pixels(x)
        pooled = functional.max_pool2d(x, 3, stride=1, padding=1)
        branches = [self.one(x), self.two(x), self.three(pooled)]
        y = torch.cat([self.shared(functional.relu(branch)) for branch in branches], dim=1)
        made: Tensor = self.logits(self.head(self.last(y.mean((2, 3)))))
        return made


class Causal(nn.Module):
    """Bai et al., Convolutional and Recurrent Networks, 2018: dilated layers that see no later step."""

    def __init__(self, weight: Maker, act: Act) -> None:
        super().__init__()
        self.entry, self.one, self.two, self.logits = act(True), act(False), act(False), act(True)
        self.inner = act(True)
        self.first = Weighted(nn.Conv1d(3, 4, 3), weight())
        self.second = Weighted(nn.Conv1d(4, 4, 3), weight())
        self.head = Weighted(nn.Linear(48, 4), weight())

    def forward(self, x: Tensor) -> Tensor:
        x = self.one(functional.relu(self.first(functional.pad(self.entry(x), (2, 0)))))
        y = self.inner(self.second(functional.pad(x, (2, 0))))
        made: Tensor = self.logits(self.head(torch.flatten(self.two(functional.relu(x + y)), 1)))
        return made


class Decoder(nn.Module):
    """Half the size and back, beside the pixels of before; an image comes out."""

    def __init__(self, weight: Maker, act: Act) -> None:
        super().__init__()
        self.pixels, self.one, self.two, self.image = act(True), act(False), act(False), act(True)
        self.down = Weighted(nn.Conv2d(2, 4, 3, 2, 1), weight())
        self.side = Weighted(nn.Conv2d(2, 4, 1), weight())
        self.last = Weighted(nn.Conv2d(8, 3, 3, padding=1), weight())

    def forward(self, x: Tensor) -> Tensor:
        x = self.pixels(x)
        y = functional.interpolate(self.one(functional.relu(self.down(x))), scale_factor=2, mode="nearest")
        both = torch.cat((y, self.one(functional.relu(self.side(x)))), 1)
        made: Tensor = self.image(self.last(self.two(both)))
        return made


def separable(weight: Maker, act: Act) -> nn.Module:
    """Depthwise layers and those of one pixel, Relu6, a mean over what is left."""
    first = Weighted(nn.Conv2d(3, 4, 3, 2, 1, bias=False), weight()), nn.BatchNorm2d(4), nn.ReLU6(), act(False)
    deep = Weighted(nn.Conv2d(4, 8, 3, 1, 1, groups=4, bias=False), weight()), nn.BatchNorm2d(8), nn.ReLU6(), act(False)
    wide = Weighted(nn.Conv2d(8, 6, 1, bias=False), weight()), nn.BatchNorm2d(6), nn.ReLU6(), act(False)
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), meant(), Weighted(nn.Linear(6, 4), weight()), act(True)
    return nn.Sequential(act(True), *first, *deep, *wide, *head)


def head(weight: Maker, act: Act) -> nn.Module:
    """Images flattened at once, batch norm between dense layers."""
    first = Weighted(nn.Linear(32, 12, bias=False), weight()), nn.BatchNorm1d(12), nn.ReLU(), act(False)
    middle = Weighted(nn.Linear(12, 10), weight()), nn.BatchNorm1d(10), nn.LeakyReLU(0.25), act(True)
    return nn.Sequential(nn.Flatten(), act(True), *first, *middle, Weighted(nn.Linear(10, 4), weight()), act(True))


def averages(weight: Maker, act: Act) -> nn.Module:
    """A mean of four pixels, a mean of nine, a maximum of all."""
    first = Weighted(nn.Conv2d(2, 5, 3), weight()), nn.Hardtanh(0.0, 4.0), act(False), nn.AvgPool2d(2), meant()
    last = Weighted(nn.Conv2d(5, 4, 1), weight()), act(True), nn.AvgPool2d(3, stride=1), meant()
    return nn.Sequential(act(True), *first, *last, nn.AdaptiveMaxPool2d(1), nn.Flatten())


def rows(weight: Maker, act: Act) -> nn.Module:
    """A length as an image of one row, by a view."""
    layer = Weighted(nn.Conv2d(2, 4, (1, 3), stride=(1, 2)), weight()), nn.ReLU(), act(False)
    return nn.Sequential(act(True), nn.Unflatten(1, (2, 1)), *layer, nn.Flatten(), Weighted(nn.Linear(28, 4), weight()),
                         act(True))  # fmt: skip


def pooled1d(weight: Maker, act: Act) -> nn.Module:
    """Grouped layers of a length, maxima and a mean of lengths."""
    first = Weighted(nn.Conv1d(4, 8, 3, padding=1, groups=2), weight()), nn.ReLU(), act(False), nn.MaxPool1d(2)
    last = Weighted(nn.Conv1d(8, 4, 3, bias=False), weight()), nn.BatchNorm1d(4), act(True), nn.AdaptiveAvgPool1d(1)
    return nn.Sequential(act(True), *first, *last, meant(), nn.Flatten())


NETS: dict[str, tuple[Callable[[Maker, Act], nn.Module], tuple[int, ...]]] = fake_quant_nets.NETS | {
    "block": (Block, (2, 6, 6)),
    "inception": (Inception, (3, 5, 5)),
    "causal": (Causal, (3, 12)),
    "decoder": (Decoder, (2, 6, 6)),
    "separable": (separable, (3, 8, 8)),
    "head": (head, (2, 4, 4)),
    "averages": (averages, (2, 12, 12)),
    "rows": (rows, (2, 16)),
    "pooled1d": (pooled1d, (4, 12)),
}
"""A maker from quantizers, and the shape of a sample."""


def settled(net: str, kind: str) -> nn.Module:
    """A net in evaluation mode, its batch norms behind some batches."""
    make, shape = NETS[net]
    torch.manual_seed(sum(map(ord, net + kind)))
    made = make(*KINDS[kind]).train()
    with torch.no_grad():
        for _ in range(8):
            made(torch.randn(16, *shape))
    return made.eval()
