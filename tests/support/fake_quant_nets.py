"""Nets with fake quantizers as papers and people write them in torch, and straight-through gradients of both kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class RoundThrough(torch.autograd.Function):
    """Rounds; gradients pass as if it did not."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return torch.round(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0]


def rounded_beside(x: Tensor) -> Tensor:
    """The same with a difference that has no gradient."""
    return x + (torch.round(x) - x).detach()


class Affine(nn.Module):
    """torch's own fake quantizer, a zero point within the range."""

    def __init__(self, scale: float, zero: int, low: int, high: int) -> None:
        super().__init__()
        self.scale, self.zero, self.low, self.high = scale, zero, low, high

    def forward(self, x: Tensor) -> Tensor:
        return torch.fake_quantize_per_tensor_affine(x, self.scale, self.zero, self.low, self.high)


class Channels(nn.Module):
    """torch's own of a weight, a scale for each output."""

    def forward(self, w: Tensor) -> Tensor:
        scale = w.detach().abs().flatten(1).amax(1) / 127
        zero = torch.zeros(len(w), dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(w, scale, zero, 0, -128, 127)


class Lsq(nn.Module):
    """A learned step: Esser et al., Learned Step Size Quantization, 2020, equations 1 and 2."""

    def __init__(self, step: float, bits: int, *, signed: bool, through: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.step, self.through = nn.Parameter(torch.tensor(step)), through
        self.low, self.high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.through(torch.clamp(x / self.step, self.low, self.high)) * self.step


class DorefaWeight(nn.Module):
    """Zhou et al., DoReFa-Net, 2016, equation 9."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.levels = 2**bits - 1

    def forward(self, w: Tensor) -> Tensor:
        bent = torch.tanh(w)
        share = bent / (2 * bent.abs().max()) + 0.5
        return 2 * RoundThrough.apply(share * self.levels) / self.levels - 1


class DorefaAct(nn.Module):
    """Equation 11 there: codes of values between 0 and 1."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.levels = 2**bits - 1

    def forward(self, x: Tensor) -> Tensor:
        return RoundThrough.apply(torch.clamp(x, 0, 1) * self.levels) / self.levels


class Pact(nn.Module):
    """A learned bound: Choi et al., PACT, 2018, equations 1 and 2."""

    def __init__(self, bound: float, bits: int, *, by_absolutes: bool = False) -> None:
        super().__init__()
        self.bound, self.levels, self.by_absolutes = nn.Parameter(torch.tensor(bound)), 2**bits - 1, by_absolutes

    def forward(self, x: Tensor) -> Tensor:
        if self.by_absolutes:
            y = 0.5 * (x.abs() - (x - self.bound).abs() + self.bound)
        else:
            y = torch.minimum(functional.relu(x), self.bound)
        return RoundThrough.apply(y * self.levels / self.bound) * self.bound / self.levels


class Weighted(nn.Module):
    """A layer whose weight is quantized as it is read."""

    def __init__(self, layer: nn.Module, quantizer: nn.Module) -> None:
        super().__init__()
        self.layer, self.quantizer = layer, quantizer

    def forward(self, x: Tensor) -> Tensor:
        weight = self.quantizer(self.layer.weight)
        if isinstance(self.layer, nn.Linear):
            return functional.linear(x, weight, self.layer.bias)
        layer: Any = self.layer
        of = functional.conv1d if isinstance(layer, nn.Conv1d) else functional.conv2d
        return of(x, weight, layer.bias, layer.stride, layer.padding, 1, layer.groups)


Quantizers = tuple[Callable[[], nn.Module], Callable[[bool], nn.Module]]
"""Of weights, and of activations: signed ones, or those behind a Relu."""

KINDS: dict[str, Quantizers] = {
    "affine": (
        lambda: Affine(0.0071, 0, -128, 127),
        lambda s: Affine(0.031, 0, -128, 127) if s else Affine(0.0131, 3, 0, 255),
    ),
    "affine-channel": (Channels, lambda s: Affine(0.027, 7, -128, 127) if s else Affine(0.0097, 0, 0, 127)),
    "lsq": (
        lambda: Lsq(0.037, 4, signed=True, through=RoundThrough.apply),
        lambda s: Lsq(0.071 if s else 0.113, 6 if s else 4, signed=s, through=RoundThrough.apply),
    ),
    "lsq-beside": (
        lambda: Lsq(0.037, 4, signed=True, through=rounded_beside),
        lambda s: Lsq(0.071 if s else 0.113, 6 if s else 4, signed=s, through=rounded_beside),
    ),
    "dorefa": (lambda: DorefaWeight(3), lambda s: DorefaAct(4)),
    "pact": (
        lambda: Lsq(0.041, 4, signed=True, through=RoundThrough.apply),
        lambda s: Lsq(0.093, 5, signed=True, through=RoundThrough.apply) if s else Pact(1.7, 4),
    ),
    "pact-absolutes": (
        lambda: Lsq(0.041, 4, signed=True, through=RoundThrough.apply),
        lambda s: Lsq(0.093, 5, signed=True, through=RoundThrough.apply) if s else Pact(1.7, 4, by_absolutes=True),
    ),
}  # fmt: skip


class ResidualQuant(nn.Module):
    """A block whose sum is quantized again."""

    def __init__(self, weight: Callable[[], nn.Module], act: Callable[[bool], nn.Module]) -> None:
        super().__init__()
        self.pixels, self.one, self.two = act(True), act(False), act(False)
        self.first = Weighted(nn.Conv2d(2, 4, 3, padding=1), weight())
        self.second = Weighted(nn.Conv2d(4, 4, 3, padding=1), weight())
        self.inner, self.classifier, self.logits = act(True), Weighted(nn.Linear(36, 4), weight()), act(True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.one(functional.relu(self.first(self.pixels(x))))
        y = self.inner(self.second(x))
        return self.logits(self.classifier(functional.max_pool2d(self.two(functional.relu(x + y)), 2).flatten(1)))


def mlp(weight: Callable[[], nn.Module], act: Callable[[bool], nn.Module]) -> nn.Module:
    first, last = Weighted(nn.Linear(10, 12), weight()), Weighted(nn.Linear(12, 5, bias=False), weight())
    return nn.Sequential(act(True), first, nn.ReLU(), act(False), last, act(True))


def cnn(weight: Callable[[], nn.Module], act: Callable[[bool], nn.Module]) -> nn.Module:
    first = Weighted(nn.Conv2d(2, 6, 3, padding=1, bias=False), weight()), nn.BatchNorm2d(6), nn.ReLU(), act(False)
    middle = nn.MaxPool2d(2), Weighted(nn.Conv2d(6, 6, 3, padding=1, groups=6), weight()), nn.ReLU(), act(False)
    return nn.Sequential(act(True), *first, *middle, nn.Flatten(), Weighted(nn.Linear(54, 4), weight()), act(True))


def conv1d(weight: Callable[[], nn.Module], act: Callable[[bool], nn.Module]) -> nn.Module:
    first = Weighted(nn.Conv1d(2, 6, 5, stride=2, padding=2), weight()), nn.BatchNorm1d(6), nn.ReLU(), act(False)
    return nn.Sequential(act(True), *first, nn.Flatten(), Weighted(nn.Linear(48, 4), weight()), act(True))


NETS: dict[str, tuple[Callable[..., nn.Module], tuple[int, ...]]] = {
    "mlp": (mlp, (10,)),
    "cnn": (cnn, (2, 6, 6)),
    "conv1d": (conv1d, (2, 16)),
    "residual": (ResidualQuant, (2, 6, 6)),
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
