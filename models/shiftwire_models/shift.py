"""Shift layers: dense and convolutional sums of shifted inputs."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from shiftwire_models.contract import Attribute, ContractNode, Shape
from shiftwire_models.errors import ModelsError
from shiftwire_models.grid import Format, Rounding, quantize, to_codes
from shiftwire_models.weights import WeightSpec
from shiftwire_models.window import Geometry, Sides

_BIAS_BITS = 24


class GridBias(nn.Module):
    """A bias on its own grid of `frac` fraction bits, one value an output."""

    def __init__(self, outputs: int, frac: int) -> None:
        super().__init__()
        self.grid = Format(_BIAS_BITS, frac, True)
        self.latent = nn.Parameter(torch.zeros(outputs))

    def forward(self) -> Tensor:
        """Values (outputs,) on the grid."""
        return quantize(self.latent, self.grid, Rounding.HALF_EVEN)

    def codes(self) -> Tensor:
        """int32 (outputs,)."""
        return to_codes(self.latent.detach(), self.grid, Rounding.HALF_EVEN).to(torch.int32)


class ShiftLinear(nn.Module):
    """y = bias + sum_i w[o,i] * x[i], every weight a sum of powers of two; without `bias_frac` there is no bias."""

    op = "ShiftDense"

    def __init__(
        self, inputs: int, outputs: int, weight: WeightSpec | None = None, bias_frac: int | None = None
    ) -> None:
        super().__init__()
        self.outputs = outputs
        self.weight = (weight or WeightSpec()).build((outputs, inputs))
        self.bias = None if bias_frac is None else GridBias(outputs, bias_frac)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs) -> (N, outputs)."""
        return functional.linear(x, self.weight(), None if self.bias is None else self.bias())

    def frozen(self) -> ContractNode:
        """shiftwire::ShiftDense: sign and exponent int8 (terms, outputs, inputs), bias int32 (outputs,)."""
        return _shift_node(self, self.outputs, {}, lambda x: (x[0], self.outputs))


class ShiftConv2d(nn.Module):
    """The same over windows of (N, C, H, W); a padded tap counts 0."""

    axes = 2
    op = "ShiftConv"

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: Sides,
        *,
        stride: Sides = 1,
        padding: Sides = 0,
        groups: int = 1,
        weight: WeightSpec | None = None,
        bias_frac: int | None = None,
    ) -> None:
        super().__init__()
        if inputs % groups or outputs % groups:
            raise ModelsError(f"{groups} groups do not divide {inputs} inputs and {outputs} outputs; take a divisor")
        self.geometry, self.groups = Geometry.of(kernel, stride, padding, self.axes), groups
        self.shape = (outputs, inputs // groups, *self.geometry.kernel)
        self.weight = (weight or WeightSpec()).build(self.shape)
        self.bias = None if bias_frac is None else GridBias(outputs, bias_frac)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, [H,] W) -> (N, outputs, [H',] W')."""
        bias = None if self.bias is None else self.bias()
        padded = self.geometry.padded(x)
        if self.axes == 1:
            return functional.conv1d(padded, self.weight(), bias, self.geometry.stride, groups=self.groups)
        return functional.conv2d(padded, self.weight(), bias, self.geometry.stride, groups=self.groups)

    def frozen(self) -> ContractNode:
        """shiftwire::ShiftConv: int8 sign and exponent (terms, outputs, inputs / groups, kernel...), int32 bias."""
        attributes: dict[str, Attribute] = {**self.geometry.attributes(), "group": self.groups}
        return _shift_node(self, self.shape[0], attributes, self.geometry.out_shape(self.shape[0]))


class ShiftConv1d(ShiftConv2d):
    """The same over (N, C, L)."""

    axes = 1


def _shift_node(
    layer: ShiftLinear | ShiftConv2d,
    outputs: int,
    attributes: Mapping[str, Attribute],
    out_shape: Callable[[Shape], Shape],
) -> ContractNode:
    terms = layer.weight.terms()
    bias = torch.zeros(outputs, dtype=torch.int32) if layer.bias is None else layer.bias.codes()
    bounds = {"exponent_min": terms.exponent_range.lowest, "exponent_max": terms.exponent_range.highest}
    bias_frac = 0 if layer.bias is None else layer.bias.grid.frac
    tensors = {"sign": terms.sign, "exponent": terms.exponent, "bias": bias}
    return ContractNode(f"shiftwire::{layer.op}", tensors, {**bounds, "bias_frac": bias_frac, **attributes}, out_shape)
