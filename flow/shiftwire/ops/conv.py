"""ShiftConv, AdderConv and IntConv: windows over one or two axes, grouped or depthwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd, prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.kernel import Fold, Kernel, divisors
from shiftwire.ir.network import Op, Operations, Tensor, Witness
from shiftwire.ir.weights import Weights
from shiftwire.numbers.fixed import Codes
from shiftwire.ops.folded import Places, Sums, matrix_cycles, matrix_kernels, vector_cycles, vector_kernel
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
        """PE divides a group's filters (the channels of a depthwise layer), SIMD the taps of one."""
        pes = divisors(self.groups if self.is_depthwise else output.shape[-1] // self.groups)
        return tuple(Fold(pe, simd) for pe in pes for simd in divisors(prod(self.weights.shape[1:])))

    def kernels(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Kernel, ...]:
        (x,) = inputs
        places = Places(prod(output.shape[:-1]), self.groups)
        sums = Sums(self.weights, self.bias, x.format, output.format)
        if self.is_depthwise:
            working: tuple[Kernel, ...] = (vector_kernel(sums, places.positions, fold),)
        else:
            working = matrix_kernels(sums, places, fold)
        if self.is_pointwise:
            return working
        return (*self.window.feeding((x.shape, x.format), self.taps(x.shape, fold), working[0].reads[0]), *working)

    def cycles(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> int:
        shape = inputs[0].shape
        taps = self.taps(shape, fold)
        window = 0 if self.is_pointwise else self.window.cycles(shape, taps.channels, taps)
        return max(window, self._working(prod(output.shape[:-1]), fold))

    def _working(self, positions: int, fold: Fold) -> int:
        """Cycles a frame of the unit that sums."""
        if self.is_depthwise:
            return vector_cycles(self.weights, positions, fold)
        return matrix_cycles(self.weights, Places(positions, self.groups), fold)

    @property
    def is_pointwise(self) -> bool:
        """Whether each window is one pixel, read in the image's own order, so that no window unit is needed."""
        return self.window.is_identity and not self.is_depthwise

    def taps(self, shape: tuple[int, ...], fold: Fold) -> Taps:
        """What the window unit gives in a beat."""
        channels, working = self.weights.shape[-1], self._working(prod(self.window.output(shape[:-1])), fold)
        if self.is_depthwise:
            return self.window.taps_for(shape, Taps(fold.simd, fold.pe, fold.pe), working)
        lanes = gcd(fold.simd, channels)
        return self.window.taps_for(shape, Taps(fold.simd // lanes, lanes, channels), working)

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
