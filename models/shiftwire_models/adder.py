"""Adder layers: the response of a filter is how near the input lies to it, y = -sum |x - w|."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from shiftwire_models.contract import Attribute, ContractNode
from shiftwire_models.errors import ModelsError
from shiftwire_models.grid import Format, Rounding, quantize, to_codes
from shiftwire_models.l1 import adaptive_rate, negative_distance
from shiftwire_models.window import Geometry, Sides

ETA = 0.2
"""AdderNet's adaptive learning rate."""


class TemplateWeight(nn.Module):
    """Weights on the input's own grid: |x - w| is an integer only if both share one scale.

    Saturating them to the input's range loses nothing: beyond it |x - w| differs by a constant for each filter,
    which batch norm absorbs.
    """

    def __init__(self, shape: tuple[int, ...], grid: Format) -> None:
        super().__init__()
        self.grid = grid
        self.latent = nn.Parameter(torch.randn(shape))

    def forward(self) -> Tensor:
        """Values on the grid, of the weight's shape; the gradient has AdderNet's adaptive rate."""
        return adaptive_rate(quantize(self.latent, self.grid, Rounding.HALF_EVEN), ETA)

    def codes(self) -> Tensor:
        """The narrowest of int8, int16 and int32 that holds the grid; shape of the weight."""
        bits = self.grid.bits + (not self.grid.signed)
        codes = to_codes(self.latent.detach(), self.grid, Rounding.HALF_EVEN)
        return codes.to(torch.int8 if bits <= 8 else torch.int16 if bits <= 16 else torch.int32)


class AdderLinear(nn.Module):
    """y[o] = -sum_i |x[i] - w[o,i]|; `grid` is the format of the quantizer before it."""

    def __init__(self, inputs: int, outputs: int, grid: Format) -> None:
        super().__init__()
        self.outputs = outputs
        self.weight = TemplateWeight((outputs, inputs), grid)

    def forward(self, x: Tensor) -> Tensor:
        """x (rows, inputs) -> (rows, outputs)."""
        return negative_distance(x, self.weight())

    def frozen(self) -> ContractNode:
        """shiftwire::AdderDense with the weight's codes (outputs, inputs)."""
        attributes = {"weight_frac": self.weight.grid.frac}
        weight = {"weight": self.weight.codes()}
        return ContractNode("shiftwire::AdderDense", weight, attributes, lambda x: (x[0], self.outputs))


class AdderConv2d(nn.Module):
    """The same over windows of (N, C, H, W); a padded tap is not skipped, it counts -|w|."""

    axes = 2

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: Sides,
        grid: Format,
        *,
        stride: Sides = 1,
        padding: Sides = 0,
        groups: int = 1,
    ) -> None:
        super().__init__()
        if inputs % groups or outputs % groups:
            raise ModelsError(f"{groups} groups do not divide {inputs} inputs and {outputs} outputs; take a divisor")
        self.geometry, self.groups = Geometry.of(kernel, stride, padding, self.axes), groups
        self.shape = (outputs, inputs // groups, *self.geometry.kernel)
        self.weight = TemplateWeight(self.shape, grid)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, [H,] W) -> (N, outputs, [H',] W')."""
        return adder_windows(x, self.weight(), self.geometry, self.groups)

    def frozen(self) -> ContractNode:
        """shiftwire::AdderConv with the weight's codes (outputs, inputs / groups, kernel...)."""
        attributes: dict[str, Attribute] = {
            "weight_frac": self.weight.grid.frac,
            **self.geometry.attributes(),
            "group": self.groups,
        }
        shape = self.geometry.out_shape(self.shape[0])
        return ContractNode("shiftwire::AdderConv", {"weight": self.weight.codes()}, attributes, shape)


class AdderConv1d(AdderConv2d):
    """The same over (N, C, L)."""

    axes = 1


def adder_windows(x: Tensor, weight: Tensor, geometry: Geometry, groups: int = 1) -> Tensor:
    """x (N, C, [H,] W), weight (out, C/groups, kernel...) -> -sum |x - w| over each window, (N, out, [H',] W')."""
    padded = geometry.padded(x)
    flat = (1,) * (4 - x.dim())  # a line is a picture of height 1
    picture = padded.reshape(*x.shape[:2], *flat, *padded.shape[2:])
    windows = functional.unfold(picture, (*flat, *geometry.kernel), stride=(*flat, *geometry.stride))
    batch, _, pixels = windows.shape
    parts = [
        negative_distance(taps.transpose(1, 2).reshape(batch * pixels, -1), templates)
        for taps, templates in zip(windows.chunk(groups, 1), weight.flatten(1).chunk(groups), strict=True)
    ]
    rows = torch.cat(parts, 1).reshape(batch, pixels, len(weight))
    # channels first in memory too: the other layout crashes oneDNN's backward of a narrow 1 x 1 convolution
    return rows.transpose(1, 2).reshape(batch, len(weight), *geometry.area(tuple(x.shape[2:]))).contiguous()
