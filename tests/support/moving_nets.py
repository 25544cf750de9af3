"""Float nets that reshape, transpose, rank and gate, as quantizing tools put pairs of quantizers between all of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

IMAGE, ROW, LINE = (3, 8, 8), (12,), (3, 16)
Body = Callable[..., Tensor]


class Net(nn.Module):
    """`body` of the input and the layers."""

    def __init__(self, body: Body, *layers: nn.Module) -> None:
        super().__init__()
        self.body, self.layers = body, nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x, *self.layers)


def conv(inputs: int, outputs: int, size: int = 3) -> nn.Module:
    return nn.Conv2d(inputs, outputs, size, padding=size // 2)


def ended(behind: Body) -> Callable[[], nn.Module]:
    """What stands behind a convolution to five channels."""
    return lambda: Net(lambda x, a: behind(a(x)), conv(3, 5))


def within(between: Body, channels: int, behind: int) -> Callable[[], nn.Module]:
    """What stands between two convolutions: it reads so many channels, and makes so many."""
    return lambda: Net(lambda x, a, b: b(between(torch.relu(a(x)))), conv(3, channels), conv(behind, 4))


def shuffled(x: Tensor) -> Tensor:
    batch, channels, height, width = x.shape
    return x.reshape(batch, 2, channels // 2, height, width).transpose(1, 2).reshape(batch, channels, height, width)


def blocks(x: Tensor, *order: int) -> Tensor:
    """Blocks of two by two pixels as channels, in an order of the axes behind the batch."""
    batch, channels, height, width = x.shape
    apart = x.reshape(batch, channels, height // 2, 2, width // 2, 2)
    return apart.permute(0, *order).reshape(batch, 4 * channels, height // 2, width // 2)


def spaced(x: Tensor) -> Tensor:
    batch, channels, height, width = x.shape
    apart = x.reshape(batch, channels // 4, 2, 2, height, width).permute(0, 1, 4, 2, 5, 3)
    return apart.reshape(batch, channels // 4, 2 * height, 2 * width)


def gated(mean: Body, curve: Body, back: Body, *, is_first: bool = False) -> Callable[[], nn.Module]:
    """Squeeze and excite by dense layers: a mean to a row, and its gate back to an image of one pixel."""

    def body(x: Tensor, front: nn.Module, one: nn.Module, two: nn.Module, last: nn.Module) -> Tensor:
        x = torch.relu(front(x))
        gate = back(curve(two(torch.relu(one(mean(x))))))
        product: Tensor = last(gate * x if is_first else x * gate)
        return product

    return lambda: Net(body, conv(3, 6), nn.Linear(6, 3), nn.Linear(3, 6), conv(6, 4, 1))


def pooled(x: Tensor) -> Tensor:
    return functional.adaptive_avg_pool2d(x, 1).flatten(1)


def meant(x: Tensor) -> Tensor:
    return x.mean((2, 3))


def line_gated() -> nn.Module:
    """Of a signal, whose gate has one axis more."""

    def body(x: Tensor, front: nn.Module, one: nn.Module, last: nn.Module) -> Tensor:
        x = torch.relu(front(x))
        product: Tensor = last(x * torch.sigmoid(one(x.mean(2))).unsqueeze(2))
        return product

    return Net(body, nn.Conv1d(3, 6, 3), nn.Linear(6, 6), nn.Conv1d(6, 4, 1))


def constant(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(3).normal(0, 0.5, shape).astype(np.float32))


def dense(behind: Body) -> Callable[[], nn.Module]:
    return lambda: Net(lambda x, a, b: behind(b(torch.relu(a(x)))), nn.Linear(12, 8), nn.Linear(8, 5))


ENDS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "softmax": (dense(lambda x: torch.softmax(x, 1)), ROW),
    "softmax of channels": (ended(lambda x: torch.softmax(x, 1)), IMAGE),
    "softmax, scaled": (dense(lambda x: torch.softmax(x, 1) * 3.0 + 0.5), ROW),
    "softmax, bent": (dense(lambda x: torch.relu(torch.softmax(x, 1) - 0.2)), ROW),
    "softmax, channels last": (ended(lambda x: torch.softmax(x, 1).permute(0, 2, 3, 1)), IMAGE),
    "the largest": (ended(lambda x: torch.softmax(x, 1).argmax(1)), IMAGE),
    "channels last": (ended(lambda x: x.permute(0, 2, 3, 1)), IMAGE),
    "channels last, flat": (ended(lambda x: x.permute(0, 2, 3, 1).flatten(1)), IMAGE),
    "flat": (ended(lambda x: x.flatten(1)), IMAGE),
    "pixels in a row": (ended(lambda x: x.reshape(-1, 5, 64)), IMAGE),
    "boxes": (ended(lambda x: x.reshape(-1, 5, 64).transpose(1, 2)), IMAGE),
    "boxes, ranked": (ended(lambda x: torch.softmax(x.permute(0, 2, 3, 1).reshape(-1, 64, 5), -1)), IMAGE),
    "a curve in a row": (ended(lambda x: torch.tanh(x).reshape(-1, 5, 64)), IMAGE),
}
SHUFFLES = {
    "channels": (within(shuffled, 6, 6), IMAGE),
    "channels, at the end": (lambda: Net(lambda x, a: shuffled(torch.relu(a(x))), conv(3, 6)), IMAGE),
    "channels of joined parts": (within(lambda x: shuffled(torch.cat([x[:, 3:], x[:, :3]], 1)), 6, 6), IMAGE),
    "pixels, torch's own": (within(lambda x: functional.pixel_unshuffle(x, 2), 4, 16), IMAGE),
    "pixels, channels slowest": (within(lambda x: blocks(x, 1, 3, 5, 2, 4), 4, 16), IMAGE),
    "pixels, blocks slowest": (within(lambda x: blocks(x, 3, 5, 1, 2, 4), 4, 16), IMAGE),
    "pixels of the input": (lambda: Net(lambda x, a: a(blocks(x, 1, 3, 5, 2, 4)), conv(12, 4)), IMAGE),
    "depth": (within(spaced, 8, 2), IMAGE),
    "depth, torch's own": (within(lambda x: functional.pixel_shuffle(x, 2), 8, 2), IMAGE),
}
GATES = {
    "reshaped": (gated(meant, torch.sigmoid, lambda x: x.reshape(-1, 6, 1, 1)), IMAGE),
    "pooled": (gated(pooled, functional.hardsigmoid, lambda x: x.reshape(-1, 6, 1, 1)), IMAGE),
    "two axes": (gated(meant, functional.hardsigmoid, lambda x: x.unsqueeze(-1).unsqueeze(-1)), IMAGE),
    "indexed": (gated(pooled, torch.sigmoid, lambda x: x[:, :, None, None]), IMAGE),
    "first": (gated(pooled, torch.tanh, lambda x: x.view(-1, 6, 1, 1), is_first=True), IMAGE),
    "bent behind": (gated(meant, lambda x: x, lambda x: torch.sigmoid(x.reshape(-1, 6, 1, 1))), IMAGE),
    "of a signal": (line_gated, LINE),
}
CONSTANTS = {
    "added to": (within(lambda x: constant(1, 4, 1, 1) + x, 4, 4), IMAGE),
    "added to, of three axes": (within(lambda x: constant(4, 1, 1) + x, 4, 4), IMAGE),
    "multiplied by": (within(lambda x: constant(1, 4, 1, 1) * x, 4, 4), IMAGE),
    "multiplied, of three axes": (within(lambda x: x * constant(4, 1, 1), 4, 4), IMAGE),
    "less the tensor": (within(lambda x: constant(4, 1, 1) - x, 4, 4), IMAGE),
    "of a row": (dense(lambda x: constant(5) + constant(5) * x), ROW),
}


def lined(part: Body, behind: int) -> Callable[[], nn.Module]:
    """A part of a signal that a dense layer reads."""
    return lambda: Net(lambda x, a, b: b(part(torch.relu(a(x)))), nn.Conv1d(3, 6, 3), nn.Linear(behind, 4))


def pictured(part: Body, behind: int) -> Callable[[], nn.Module]:
    return lambda: Net(lambda x, a, b: b(part(torch.relu(a(x)))), conv(3, 6), nn.Linear(behind, 4))


PARTS = {
    "the last": (lined(lambda x: x[:, :, -1], 6), LINE),
    "the first": (lined(lambda x: x[:, :, 0], 6), LINE),
    "a list of one": (lined(lambda x: x[:, :, [-3]].flatten(1), 6), LINE),
    "a pixel": (pictured(lambda x: x[:, :, 2, -1], 6), IMAGE),
    "a column": (pictured(lambda x: x[..., 1].flatten(1), 48), IMAGE),
    "a row, at the end": (ended(lambda x: x[:, :, -2]), IMAGE),
    "a channel, at the end": (ended(lambda x: x[:, 3]), IMAGE),
    "a channel, flat": (pictured(lambda x: x[:, -1].flatten(1), 64), IMAGE),
    "a row of the input": (lambda: Net(lambda x, a: a(x[:, :, [4]]), conv(3, 4)), IMAGE),
}


def beside(over: Body) -> Callable[[], nn.Module]:
    """A branch behind a global pool that comes back over the whole image, as in DeepLab (Chen et al. 2017)."""

    def body(x: Tensor, front: nn.Module, fine: nn.Module, mean: nn.Module, last: nn.Module) -> Tensor:
        x = torch.relu(front(x))
        axes = tuple(range(2, x.dim()))
        back = over(torch.relu(mean(x.mean(axes, keepdim=True))), x)
        joined: Tensor = last(torch.cat([torch.relu(fine(x)), back], 1))
        return joined

    return lambda: Net(body, conv(3, 5), conv(5, 3), conv(5, 3, 1), conv(6, 4, 1))


def line_beside() -> nn.Module:
    def body(x: Tensor, front: nn.Module, mean: nn.Module, last: nn.Module) -> Tensor:
        x = torch.relu(front(x))
        back = mean(x.mean(2, keepdim=True)).expand(-1, -1, x.shape[2])
        joined: Tensor = last(torch.cat([x, back], 1))
        return joined

    return Net(body, nn.Conv1d(3, 5, 3), nn.Conv1d(5, 3, 1), nn.Conv1d(8, 4, 1))


def interpolated(mode: str, aligned: bool | None = None) -> Body:
    return lambda x, image: functional.interpolate(x, image.shape[2:], mode=mode, align_corners=aligned)


COPIES = {
    "linear": (beside(interpolated("bilinear", False)), IMAGE),
    "linear, corners": (beside(interpolated("bilinear", True)), (3, 7, 5)),
    "nearest": (beside(interpolated("nearest")), (3, 7, 5)),
    "cubic": (beside(interpolated("bicubic", False)), (3, 5, 7)),
    "expanded": (beside(lambda x, image: x.expand(-1, -1, *image.shape[2:])), (3, 7, 5)),
    "of its shape": (beside(lambda x, image: x.expand_as(image[:, :3])), (3, 7, 5)),
    "of a signal": (line_beside, LINE),
}


def decoded(between: Body, inputs: int, *layers: nn.Module) -> Callable[[], nn.Module]:
    """A row that becomes an image, as in a decoder (Radford et al. 2016)."""

    def body(x: Tensor, row: nn.Module, last: nn.Module, *rest: nn.Module) -> Tensor:
        image: Tensor = last(between(row(x), *rest))
        return image

    return lambda: Net(body, nn.Linear(12, 60), conv(inputs, 3), *layers)


def normed() -> nn.Module:
    norm = nn.BatchNorm2d(4)
    with torch.no_grad():
        norm.running_var.copy_(torch.linspace(0.5, 2, 4))
        norm.running_mean.copy_(torch.linspace(-0.3, 0.3, 4))
    return norm


def rows_read() -> nn.Module:
    """A row of an image is a signal."""
    return Net(lambda x, a, b: b(torch.relu(a(x))[:, :, -1]), conv(3, 6), nn.Conv1d(6, 4, 3))


IMAGES = {
    "a row": (decoded(lambda x: torch.relu(x).view(-1, 4, 3, 5), 4), ROW),
    "bent behind": (decoded(lambda x: functional.elu(x.view(-1, 4, 3, 5)), 4), ROW),
    "normed": (decoded(lambda x, norm: torch.relu(norm(x.view(-1, 4, 3, 5))), 4, normed()), ROW),
    "a pixel": (decoded(lambda x: x.view(-1, 60, 1, 1), 60), ROW),
    "another image": (within(lambda x: x.reshape(-1, 8, 4, 8), 4, 8), IMAGE),
    "a row of it": (rows_read, IMAGE),
    "a signal": (lambda: Net(lambda x, a, b: b(torch.relu(a(x)).flatten(2)), conv(3, 4), nn.Conv1d(4, 3, 3)), IMAGE),
}
CURVES = {
    "softplus, chosen": (within(lambda x: torch.where(x > 0.4, x, functional.softplus(x)), 4, 4), IMAGE),
    "log sigmoid": (within(lambda x: torch.log(torch.sigmoid(x)), 4, 4), IMAGE),
    "hard shrink": (within(lambda x: functional.hardshrink(x - 0.3, 0.1), 4, 4), IMAGE),
    "soft shrink": (within(lambda x: functional.softshrink(x - 0.3, 0.1), 4, 4), IMAGE),
    "threshold": (within(lambda x: torch.where(x <= 0.3, -0.2, x), 4, 4), IMAGE),
    "masked": (within(lambda x: x * (x > 0.2).float() + (~((x < 0.1) & (x >= 0.05))).float(), 4, 4), IMAGE),
    "a root": (within(lambda x: (x - 0.2).abs().sqrt(), 4, 4), IMAGE),
    "elu, by hand": (within(lambda x: torch.where(x - 0.3 > 0, x - 0.3, torch.exp(x - 0.3) - 1), 4, 4), IMAGE),
}
NETS = {
    f"{kind}: {name}": net
    for kind, nets in {
        "end": ENDS,
        "shuffle": SHUFFLES,
        "gate": GATES,
        "constant": CONSTANTS,
        "part": PARTS,
        "copy": COPIES,
        "curve": CURVES,
        "image": IMAGES,
    }.items()
    for name, net in nets.items()
}
"""A net and the shape of a sample."""


def samples(name: str, count: int = 60, seed: int = 0) -> np.ndarray:
    """Normal samples (count, ...), the later ones wider."""
    spans = np.linspace(0.5, 1.5, count).reshape(-1, *[1] * len(NETS[name][1]))
    return (np.random.default_rng(seed).normal(size=(count, *NETS[name][1])) * spans).astype(np.float32)
