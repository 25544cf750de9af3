"""ShiftConv, AdderConv and IntConv: windows over one or two axes, grouped or depthwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.fixed import Codes
from shiftwire.kernel import Kernel, settings
from shiftwire.network import Op, Operations, Tensor, Witness
from shiftwire.ops.bias import Bias
from shiftwire.ops.weights import Weights
from shiftwire.ops.window import Window


@dataclass(frozen=True, eq=False)
class Conv(Op):
    """y[p, o] = bias[o] + sum over a window's taps of lane(x, w[o]).

    weights (out, kernel..., channels / groups); x (spatial..., channels). A padded tap reads the value 0, so in
    an adder layer it counts -abs(w).
    """

    weights: Weights
    bias: Bias
    window: Window
    groups: int = 1

    @property
    def kind(self) -> str:
        return f"{self.weights.kind}Conv"

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        filters, channels = self.weights.shape[0], self.weights.shape[-1] * self.groups
        if x.shape[-1] != channels:
            raise InputError(
                f"a convolution of {channels} channels cannot read shape {x.shape}; its last axis must be {channels}"
            )
        if filters % self.groups:
            raise InputError(f"{filters} filters do not divide into {self.groups} groups; make them a multiple")
        spatial = self.window.output(x.shape[:-1])
        frac = self.weights.frac(x.format)
        return Tensor((*spatial, filters), self.bias.output(self.weights.interval(x.format), frac))

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        patches = np.moveaxis(self.window.patches(codes[0]), 1 + self.window.axes, -1)
        per_group = [self._group(patches, group) for group in range(self.groups)]
        return self.bias.add(np.concatenate(per_group, axis=-1), self.weights.frac(inputs[0].format))

    def _group(self, patches: Codes, group: int) -> Codes:
        """Sums (N, positions..., filters / groups) of patches (N, positions..., kernel..., channels)."""
        channels, filters = self.weights.shape[-1], self.weights.shape[0] // self.groups
        own = patches[..., group * channels : (group + 1) * channels]
        taps = own.reshape(*own.shape[: 1 + self.window.axes], -1)
        return self.weights.apply(taps, slice(group * filters, (group + 1) * filters))

    def kernel(self, inputs: Sequence[Tensor], output: Tensor) -> Kernel:
        (x,) = inputs
        frac = self.weights.frac(x.format)
        total = self.weights.interval(x.format).format(frac)
        members = (
            *self.window.settings(x.shape),
            *settings(filters=output.shape[-1], groups=self.groups, lane=self.weights.lane),
            *self.weights.settings(x.format, total),
            *self.bias.settings(frac, output.format),
        )
        return Kernel("conv", members, (self.weights.table(), self.bias.table(output.format.frac)))

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        *position, filter_ = index
        patches = np.moveaxis(self.window.patches(codes[0][None]), 1 + self.window.axes, -1)
        channels, group = self.weights.shape[-1], filter_ * self.groups // self.weights.shape[0]
        patch = patches[(0, *position)][..., group * channels : (group + 1) * channels]
        bias = self.bias.codes[filter_ : filter_ + 1]
        return (("inputs", patch.ravel()), ("weights", self.weights.rows[filter_]), ("bias", bias))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return self.weights.operations(prod(output.shape[:-1]))

    @property
    def weight_bits(self) -> int:
        return self.weights.bits + self.bias.bits

    @property
    def terms(self) -> float | None:
        return self.weights.terms
