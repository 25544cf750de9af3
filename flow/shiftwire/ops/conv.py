"""ShiftConv, AdderConv and IntConv: windows over one or two axes, grouped or depthwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.fixed import Codes
from shiftwire.kernel import Fold, Kernel, divisors
from shiftwire.network import Op, Operations, Tensor, Witness
from shiftwire.ops.bias import Bias
from shiftwire.ops.folded import Places, Sums, matrix_cycles, matrix_kernels, vector_cycles, vector_kernel
from shiftwire.ops.weights import Weights
from shiftwire.ops.window import Taps, Window


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

    @property
    def is_depthwise(self) -> bool:
        """Whether every channel has one filter of its own."""
        return self.groups == self.weights.shape[0] and self.weights.shape[-1] == 1 and self.groups > 1

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        """PE divides a group's filters; SIMD divides a tap's channels, or is whole taps that divide the window."""
        area, channels = divisors(prod(self.window.kernel)), self.weights.shape[-1]
        if self.is_depthwise:
            return tuple(Fold(pe, simd) for pe in divisors(self.groups) for simd in area)
        simds = divisors(channels) + [channels * count for count in area if count > 1]
        return tuple(Fold(pe, simd) for pe in divisors(output.shape[-1] // self.groups) for simd in simds)

    def kernels(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Kernel, ...]:
        (x,) = inputs
        places, (lanes, taps) = Places(prod(output.shape[:-1]), self.groups), self._taps(fold)
        window = () if self._is_pointwise else (self.window.kernel_for(x.shape, x.format, lanes, taps),)
        sums = Sums(self.weights, self.bias, x.format, output.format)
        if self.is_depthwise:
            return (*window, vector_kernel(sums, places.positions, fold))
        return (*window, *matrix_kernels(sums, places, fold))

    def cycles(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> int:
        places, (lanes, taps) = Places(prod(output.shape[:-1]), self.groups), self._taps(fold)
        window = 0 if self._is_pointwise else self.window.cycles(inputs[0].shape, lanes, taps)
        if self.is_depthwise:
            return max(window, vector_cycles(self.weights, places.positions, fold))
        return max(window, matrix_cycles(self.weights, places, fold))

    @property
    def _is_pointwise(self) -> bool:
        """Whether each window is one pixel, read in the image's own order, so that no window unit is needed."""
        return self.window.is_identity and not self.is_depthwise

    def _taps(self, fold: Fold) -> tuple[int, Taps]:
        """Channels a beat of the image, and what the window unit gives in a beat."""
        if self.is_depthwise:
            return fold.pe, Taps(fold.simd, fold.pe, fold.pe)
        channels = self.weights.shape[-1]
        lanes = min(fold.simd, channels)
        return lanes, Taps(fold.simd // lanes, lanes, channels)

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
