"""State dicts in the names of the families' repositories, and what their equations make of pictures.

Nothing here is ours: weights are rounded and layers computed by the papers' formulas alone, in float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

State = dict[str, Tensor]
APOT_LEVELS = torch.tensor([0, 1, 2, 3, 4, 6, 8, 10], dtype=torch.float64)
PS_LOWEST, Q_LOWEST = -14.0, -15.0
"""Exponents of DeepShift with five bits."""


def state_of(family: str, width: int, classes: int = 4) -> State:
    """A ResNet-8: random layers, batch norms that know what random pictures do to them."""
    generator = torch.Generator().manual_seed(len(family))
    state: State = {}
    for name, shape in shapes(family, width, classes):
        state.update(layer(family, name, shape, generator))
    net = Equations(family, state, fits_norms=True)
    net.forward(torch.randn(16, 3, 32, 32, generator=generator).double())
    return {name: tensor.float() for name, tensor in net.state.items()}


def shapes(family: str, width: int, classes: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every layer with weights; a family's pair of shift and adder is two."""
    yield "conv1", (width, 3, 3, 3)
    inputs = width
    for stage in (1, 2, 3):
        outputs = width << stage - 1
        path = f"layer{stage}.0"
        pair = family == "shiftaddnet"
        for at, first in ((1, inputs), (2, outputs)):
            yield f"{path}.conv{at}" + (".0" if pair else ""), (outputs, first, 3, 3)
            if pair:
                yield f"{path}.conv{at}.1", (outputs, outputs, 3, 3)
        if inputs != outputs and family != "deepshift-ps":
            branch = "shortcut" if family == "deepshift-q" else "downsample"
            yield f"{path}.{branch}.0", (outputs, inputs, 1, 1)
            if pair:
                yield f"{path}.{branch}.1", (outputs, outputs, 1, 1)
        inputs = outputs
    dense = family in ("deepshift-ps", "deepshift-q", "apot")
    name = "linear" if family.startswith("deepshift") else "fc"
    yield name, (classes, inputs) if dense else (classes, inputs, 1, 1)


def layer(family: str, name: str, shape: tuple[int, ...], generator: torch.Generator) -> State:
    """The tensors of one layer, by the names that its repository gives them."""
    weight = torch.randn(shape, generator=generator) * (2.0 / weight_fan(shape)) ** 0.5
    is_end = name in ("conv1", "fc", "linear")
    bias = {f"{name}.bias": torch.randn(shape[0], generator=generator)} if len(shape) == 2 else {}
    if (family == "adder" and not is_end) or (family == "shiftaddnet" and ".1" in name[6:]):
        return {f"{name}.adder": 4 * torch.randn(shape, generator=generator)}
    if family in ("deepshift-ps", "shiftaddnet"):
        shift = torch.empty(shape).uniform_(-9, 1, generator=generator)
        return {f"{name}.shift": shift, f"{name}.sign": 2 * torch.randn(shape, generator=generator), **bias}
    if family == "apot" and not is_end:
        alphas = {f"{name}.weight_quant.wgt_alpha": torch.tensor(2.0), f"{name}.act_alpha": torch.tensor(1.5)}
        return {f"{name}.weight": weight, **alphas}
    return {f"{name}.weight": weight, **bias}


def weight_fan(shape: tuple[int, ...]) -> int:
    return int(torch.tensor(shape[1:]).prod())


@dataclass
class Equations:
    """A ResNet-8 by the formulas; with `fits_norms` its batch norms are made on the way."""

    family: str
    state: State
    fits_norms: bool = False
    double: State = field(init=False)

    def __post_init__(self) -> None:
        self.double = {name: tensor.double() for name, tensor in self.state.items()}

    def weight(self, name: str) -> Tensor:
        """Of a layer that sums products, (out, in...)."""
        if f"{name}.shift" in self.double:
            sign = torch.sign(torch.round(self.double[f"{name}.sign"]))
            return sign * 2.0 ** torch.round(self.double[f"{name}.shift"].clamp(PS_LOWEST, 0))
        w = self.double[f"{name}.weight"]
        if self.family == "deepshift-q":
            return torch.sign(w) * 2.0 ** torch.round(torch.log2(w.abs().clamp(2.0**Q_LOWEST, 1.0)))
        if f"{name}.act_alpha" in self.double:
            alpha = self.double[f"{name}.weight_quant.wgt_alpha"]
            normal = ((w - w.mean()) / w.std() / alpha).clamp(-1, 1)
            nearest = (normal.abs()[..., None] * 10 - APOT_LEVELS).abs().argmin(-1)
            return normal.sign() * APOT_LEVELS[nearest] * alpha / 10
        return torch.round(w / w.max() * 127) / 127 * w.max() if self.family == "apot" else w

    def codes(self, name: str) -> Tensor:
        """The same as whole numbers times a power of two, where a scale of the layer is left to what follows."""
        w = self.double.get(f"{name}.weight")
        if self.family != "apot" or w is None:
            return self.weight(name)
        if f"{name}.act_alpha" in self.double:
            return torch.round(self.weight(name) * 10 / self.double[f"{name}.weight_quant.wgt_alpha"])
        return torch.round(self.weight(name) * 127 / w.max())

    def template(self, name: str) -> Tensor:
        """Of an adder layer; ShiftAddNet's wageubn of eight bits rounds to 2^-7."""
        w = self.double[f"{name}.adder"]
        return torch.round(w * 128) / 128 if self.family == "shiftaddnet" else w

    def conv(self, name: str, x: Tensor, stride: int) -> Tensor:
        """Whatever layer stands at a name."""
        if f"{name}.0.shift" in self.double:
            summed = torch.round(self.conv(f"{name}.0", x, stride) * 128) / 128
            return distance(summed, self.template(f"{name}.1"), 1)
        if f"{name}.adder" in self.double:
            return distance(x, self.template(name), stride)
        if f"{name}.act_alpha" in self.double:
            x = x.clamp(max=float(self.double[f"{name}.act_alpha"]))
        w = self.weight(name)
        return functional.conv2d(x, w, None, stride, w.shape[2] // 2)

    def norm(self, name: str, x: Tensor) -> Tensor:
        if self.fits_norms:
            channels = x.shape[1]
            made = {"weight": torch.ones(channels), "bias": 0.2 * torch.ones(channels)}
            made |= {"running_mean": x.mean((0, 2, 3)), "running_var": x.var((0, 2, 3), unbiased=False) + 1e-3}
            made["num_batches_tracked"] = torch.tensor(7)
            self.state.update({f"{name}.{part}": value for part, value in made.items()})
            self.double.update({f"{name}.{part}": value.double() for part, value in made.items()})
        parts = ("running_mean", "running_var", "weight", "bias")
        return functional.batch_norm(x, *(self.double[f"{name}.{part}"] for part in parts))

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 3, 32, 32) -> logits (N, classes)."""
        x = functional.relu(self.norm("bn1", self.conv("conv1", x, 1)))
        for stage in (1, 2, 3):
            path, stride = f"layer{stage}.0", 2 if stage > 1 else 1
            y = functional.relu(self.norm(f"{path}.bn1", self.conv(f"{path}.conv1", x, stride)))
            y = self.norm(f"{path}.bn2", self.conv(f"{path}.conv2", y, 1))
            x = functional.relu(y + (self.shortcut(path, x) if stage > 1 else x))
        x = x.mean((2, 3), keepdim=True)
        if any(name.startswith("fc.") for name in self.double) and self.family != "apot":
            return self.norm("bn2", self.conv("fc", x, 1)).flatten(1)
        name = "fc" if self.family == "apot" else "linear"
        bias = self.double[f"{name}.bias"]
        if self.family != "apot":
            bias = torch.floor(bias * 2.0**16) * 2.0**-16
        return functional.linear(x.flatten(1), self.weight(name), bias)

    def shortcut(self, path: str, x: Tensor) -> Tensor:
        if self.family == "deepshift-ps":
            channels = x.shape[1] // 2
            return functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, channels, channels))
        branch = "shortcut" if self.family == "deepshift-q" else "downsample"
        is_pair = f"{path}.{branch}.1.adder" in self.double
        y = self.conv(f"{path}.{branch}" if is_pair else f"{path}.{branch}.0", x, 2)
        return self.norm(f"{path}.{branch}.{2 if is_pair else 1}", y)


def distance(x: Tensor, w: Tensor, stride: int) -> Tensor:
    """-sum |x - w| over windows; a padded tap counts -|w|."""
    kernel = w.shape[2]
    taps = functional.unfold(x, kernel, padding=kernel // 2, stride=stride)
    apart = [-(taps - filter_.flatten()[None, :, None]).abs().sum(1) for filter_ in w]
    side = int(taps.shape[2] ** 0.5)
    return torch.stack(apart, 1).reshape(len(x), len(w), side, side)
