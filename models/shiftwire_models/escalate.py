"""ESCALATE: every channel by a layer's few basis kernels, then ternary sums (Li et al., MICRO 2021)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from shiftwire_models.affine import BatchNormAffine
from shiftwire_models.contract import Attribute, ContractNode
from shiftwire_models.errors import ModelsError
from shiftwire_models.grid import Format, Rounding, quantize, to_codes
from shiftwire_models.quant import CalibratedQuant
from shiftwire_models.shift import ShiftConv2d
from shiftwire_models.terms import ExponentRange
from shiftwire_models.weights import WeightRule, WeightSpec
from shiftwire_models.window import Geometry, Sides

BASIS = Format(8, 7, True)
"""Of a number of a basis."""
_SPREAD = 0.3
"""Deviation of the numbers that a basis begins with."""
_BETWEEN_BITS = 8


class BasisConv2d(nn.Module):
    """y[c * bases + m] = basis[m] on x[c]: integer weights, the same for every channel."""

    def __init__(self, inputs: int, bases: int, kernel: Sides, *, stride: Sides = 1, padding: Sides = 0) -> None:
        super().__init__()
        if bases < 1:
            raise ModelsError(f"{bases} bases convolve nothing; take at least 1")
        self.inputs, self.geometry = inputs, Geometry.of(kernel, stride, padding)
        self.basis = nn.Parameter(torch.randn(bases, 1, *self.geometry.kernel) * _SPREAD)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, H, W) -> (N, inputs * bases, H', W')."""
        basis = quantize(self.basis, BASIS, Rounding.HALF_EVEN).repeat(self.inputs, 1, 1, 1)
        return functional.conv2d(self.geometry.padded(x), basis, None, self.geometry.stride, groups=self.inputs)

    def frozen(self) -> ContractNode:
        """shiftwire::IntConv of as many groups as inputs: int8 weight (inputs * bases, 1, kernel...), a bias of 0."""
        codes = to_codes(self.basis.detach(), BASIS, Rounding.HALF_EVEN).to(torch.int8).repeat(self.inputs, 1, 1, 1)
        attributes: dict[str, Attribute] = {**self.geometry.attributes(), "group": self.inputs}
        tensors = {"weight": codes, "bias": torch.zeros(len(codes), dtype=torch.int32)}
        shape = self.geometry.out_shape(len(codes))
        return ContractNode(
            "shiftwire::IntConv", tensors, {"weight_frac": BASIS.frac, "bias_frac": 0, **attributes}, shape
        )


class EscalateNorm(nn.Module):
    """Bases on every channel -> quantizer -> ternary 1x1 convolution -> batch norm; the stride is the bases'.

    The quantizer between, of 8 bits, is ours: sums of bases would be 20 bits wide. Its format follows the largest value
    of the first epoch.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int,
        *,
        bases: int,
        scale: ExponentRange,
        bias_frac: int,
        kernel: int = 3,
    ) -> None:
        super().__init__()
        self.bases = BasisConv2d(inputs, bases, kernel, stride=stride, padding=kernel // 2)
        self.between = CalibratedQuant(_BETWEEN_BITS, signed=True)
        self.sums = ShiftConv2d(inputs * bases, outputs, 1, weight=WeightSpec(WeightRule.TERNARY))
        self.bn = BatchNormAffine(outputs, exponent_range=scale, bias_frac=bias_frac)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, H, W) -> (N, outputs, H / stride, W / stride), sides rounded up."""
        y: Tensor = self.bn(self.sums(self.between(self.bases(x))))
        return y
