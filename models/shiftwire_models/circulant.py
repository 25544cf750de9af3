"""Circulant layers: shift layers whose blocks of outputs and inputs are each one vector, turned on row by row."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from shiftwire_models.errors import ModelsError
from shiftwire_models.shift import ShiftConv2d, ShiftLinear
from shiftwire_models.terms import PowerTerms
from shiftwire_models.weights import ShiftWeight, WeightSpec
from shiftwire_models.weights.latent import Shape
from shiftwire_models.window import Sides


def turned(vectors: Tensor) -> Tensor:
    """Weights (out, in, kernel...) of vectors (out / b, in / b, b, kernel...).

    w[o, i] = v[o // b, i // b, (i - o) mod b]. Source: Ding et al., CirCNN, 2017, whose blocks are these transposed.
    """
    outputs, inputs, block, *kernel = vectors.shape
    lane = torch.arange(block)
    blocks = vectors[:, :, (lane[None] - lane[:, None]) % block]
    return blocks.transpose(1, 2).reshape(outputs * block, inputs * block, *kernel)


class CirculantWeight(ShiftWeight):
    """Vectors of any rule of sums of powers of two; `terms` are those of the vectors."""

    def __init__(self, spec: WeightSpec, shape: Shape, block: int) -> None:
        outputs, inputs, *kernel = shape
        if block < 1 or outputs % block or inputs % block:
            raise ModelsError(
                f"blocks of {block} do not divide {outputs} outputs and {inputs} inputs; take a divisor of both, such "
                f"as {math.gcd(outputs, inputs)}"
            )
        vectors = spec.build((outputs // block, inputs // block, block, *kernel))
        super().__init__(vectors.exponent_range)
        self.vectors, self.block = vectors, block

    def terms(self) -> PowerTerms:
        """(terms, out / b, in / b, b, kernel...)."""
        return self.vectors.terms()

    def penalty(self) -> Tensor:
        """The rule's own."""
        return self.vectors.penalty()

    def forward(self) -> Tensor:
        """Values (out, in, kernel...); a vector's gradient is the sum of its diagonals'."""
        return turned(self.vectors())


class CirculantLinear(ShiftLinear):
    """y = bias + sum_i w[o,i] * x[i] with circulant blocks of `block` outputs and inputs."""

    op = "CirculantDense"

    def __init__(
        self, inputs: int, outputs: int, block: int, weight: WeightSpec | None = None, bias_frac: int | None = None
    ) -> None:
        super().__init__(inputs, outputs, weight, bias_frac)
        self.weight = CirculantWeight(weight or WeightSpec(), (outputs, inputs), block)


class CirculantConv2d(ShiftConv2d):
    """The same over windows of (N, C, H, W), a vector for each place of the kernel; channels are in blocks."""

    op = "CirculantConv"

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: Sides,
        block: int,
        *,
        stride: Sides = 1,
        padding: Sides = 0,
        weight: WeightSpec | None = None,
        bias_frac: int | None = None,
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride, padding=padding, weight=weight, bias_frac=bias_frac)
        self.weight = CirculantWeight(weight or WeightSpec(), self.shape, block)


def linear(inputs: int, outputs: int, block: int, weight: WeightSpec, bias_frac: int | None = None) -> ShiftLinear:
    """A circulant layer where blocks of more than one divide its sides, else a shift layer."""
    if block > 1 and not inputs % block and not outputs % block:
        return CirculantLinear(inputs, outputs, block, weight, bias_frac)
    return ShiftLinear(inputs, outputs, weight, bias_frac)
