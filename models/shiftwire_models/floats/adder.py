"""Adder layers in float, as AdderNet trains them, on no grid."""

import torch
from torch import Tensor, nn

from shiftwire_models.adder import ETA, adder_windows
from shiftwire_models.contract import Attribute, ContractNode
from shiftwire_models.l1 import adaptive_rate
from shiftwire_models.window import Geometry


class FloatAdderConv2d(nn.Module):
    """y = -sum |x - w| over square windows of (N, C, H, W), without bias; a padded tap counts -|w|."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, padding: int = 0) -> None:
        super().__init__()
        self.geometry = Geometry.of(kernel, stride, padding)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, H, W) -> (N, outputs, H', W')."""
        return adder_windows(x, adaptive_rate(self.weight, ETA), self.geometry)

    def frozen(self) -> ContractNode:
        """shiftwire::AdderConv with the float32 weight itself and weight_frac 0."""
        attributes: dict[str, Attribute] = {"weight_frac": 0, **self.geometry.attributes(), "group": 1}
        shape = self.geometry.out_shape(len(self.weight))
        return ContractNode("shiftwire::AdderConv", {"weight": self.weight.detach()}, attributes, shape)
