"""Convolutions of any weight scheme: windows over at most two axes, grouped or depthwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd, prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.cost import Cost
from shiftwire.ir.fold import Fold, divisors
from shiftwire.ir.network import Operations, Tensor, Witness
from shiftwire.ir.unit import Unit
from shiftwire.ir.weights import Weighted, Weights
from shiftwire.ir.window import Window
from shiftwire.numbers.exact import blocks, narrowed
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.ops.weights.factors import rebuilt_folds
from shiftwire.units.reorder import Reorder, Restore, moving_cost
from shiftwire.units.sums.matrix import MatrixUnit
from shiftwire.units.sums.rebuild import RebuildUnit
from shiftwire.units.sums.vector import VectorUnit
from shiftwire.units.width import Widen
from shiftwire.units.window import Taps, WindowUnit, feeding, taps_for

LEAST_WORD = 32
"""Bits of a line buffer's word, from which on narrower ones save nothing."""

TURNS = (1, 2, 4, 8)
"""Positions for which a weight may stay that is rebuilt."""


@dataclass(frozen=True, eq=False)
class Conv(Weighted):
    """y[p, o] = bias[o] + sum over a window's taps of element(x, w[o]).

    weights (out, kernel..., channels / groups); x (spatial..., channels). A padded tap reads the value 0, so in
    an adder layer it counts -abs(w).
    """

    unit_types = (WindowUnit, Widen, MatrixUnit, VectorUnit, RebuildUnit, Reorder, Restore)

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
        x, positions = narrowed(codes[0]), self.window.output(codes[0].shape[1:-1])
        sums = np.empty((len(x), *positions, self.weights.shape[0]), np.int64)
        for part in blocks(len(x), prod(positions) * prod(self.weights.shape[1:]) * self.groups):
            columns = self.window.columns(x[part])
            for group in range(self.groups):
                self._group(columns, group, sums[part])
        return self.bias.add(sums, self.weights.frac(inputs[0].format))

    def _group(self, columns: Codes, group: int, sums: Codes) -> None:
        """Fill in a group's sums (N, positions..., filters) of columns (kernel..., channels, N, positions...)."""
        channels, filters = self.weights.shape[-1], self.weights.shape[0] // self.groups
        own = columns[(*[slice(None)] * self.window.axes, slice(group * channels, (group + 1) * channels))]
        taps = np.moveaxis(own.reshape(-1, *own.shape[1 + self.window.axes :]), 0, -1)
        rows = slice(group * filters, (group + 1) * filters)
        sums[..., rows] = self.weights.apply(taps, rows)

    @property
    def is_depthwise(self) -> bool:
        """Whether every channel has one filter of its own."""
        return self.groups == self.weights.shape[0] and self.weights.shape[-1] == 1 and self.groups > 1

    @cached_property
    def shared(self) -> tuple[Weights, Bias] | None:
        """Weights and biases of a group where all groups of several filters have the same: one memory serves them."""
        planes, filters = self.weights.planes, self.weights.shape[0] // self.groups
        if self.groups == 1 or self.is_depthwise or len(self.bias.codes) % self.groups:
            return None
        parts = planes.reshape(len(planes), self.groups, filters, -1), self.bias.codes.reshape(self.groups, filters)
        if (parts[0] != parts[0][:, :1]).any() or (parts[1] != parts[1][:1]).any():
            return None
        return self.weights.with_rows(np.arange(filters)), Bias(self.bias.codes[:filters], self.bias.frac)

    @property
    def weight_bits(self) -> int:
        return super().weight_bits if self.shared is None else sum(part.bits for part in self.shared)

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        """PE divides a group's filters (the channels of a depthwise layer), SIMD the taps of one."""
        pes = divisors(self.groups if self.is_depthwise else output.shape[-1] // self.groups)
        pairs = tuple(Fold(pe, simd) for pe in pes for simd in divisors(prod(self.weights.shape[1:])))
        return (*pairs, *self._rebuilt(pairs, output))

    def _rebuilt(self, pairs: Sequence[Fold], output: Tensor) -> Iterator[Fold]:
        """Folds whose weights are rebuilt, for positions side by side."""
        if self.groups > 1:
            return iter(())
        fits = [fold for fold in pairs if self.weights.shape[-1] % fold.simd == 0]
        turns = [turn for turn in TURNS if output.shape[-2] % turn == 0]
        return rebuilt_folds(self.weights, self._stream, fits, turns[:1] if self.is_pointwise else turns)

    def _stream(self, simd: int) -> Codes:
        """Taps of a filter as beats of `simd` channels bring them: blocks of channels, then places of the kernel."""
        kernel, channels = self.weights.shape[1:-1], self.weights.shape[-1]
        taps = np.arange(prod(kernel) * channels).reshape(prod(kernel), channels // simd, simd)
        return taps.swapaxes(0, 1).ravel()

    def _turned(self, x: Tensor, output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        """Weights that are rebuilt, and windows of several positions that come in turn."""
        streamed, positions = self.weights.in_stream(self._stream(fold.simd)), prod(output.shape[:-1])
        sums = RebuildUnit(streamed, self.bias, x.format, output.format, positions, fold)
        if self.is_pointwise:
            return (sums, *sums.restored)
        window = self._turning_window(x, fold, sums.iterations)
        return (*feeding(window, sums.reads[0]), sums, *sums.restored)

    def _turning_window(self, x: Tensor, fold: Fold, working: int) -> WindowUnit:
        """With as few channels a beat as keep the pace: a line buffer of narrow words is smaller."""
        windows = (
            WindowUnit(self.window, x.shape, x.format, lanes, Taps(1, lanes, fold.simd), together=fold.turns)
            for lanes in divisors(fold.simd)
        )
        *_, widest = fitting = [
            window for window in windows if window.lanes == fold.simd or window.iterations <= working
        ]
        return next((window for window in fitting if window.lanes * x.format.bits >= LEAST_WORD), widest)

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        (x,) = inputs
        if fold.turns:
            return self._turned(x, output, fold)
        sums = self._sums(x.format, output, fold)
        behind = sums.restored if isinstance(sums, MatrixUnit) else ()
        if self.is_pointwise:
            return (sums, *behind)
        working = max(unit.iterations for unit in (sums, *behind))
        taps = taps_for(self.window, x.shape, self._wanted_taps(fold), working)
        window = WindowUnit(self.window, x.shape, x.format, taps.channels, taps)
        return (*feeding(window, sums.reads[0]), sums, *behind)

    def _sums(self, x: Fixed, output: Tensor, fold: Fold) -> MatrixUnit | VectorUnit:
        positions = prod(output.shape[:-1])
        if self.is_depthwise:
            return VectorUnit(self.weights, self.bias, x, output.format, positions, fold)
        if self.shared is not None:  # groups pass one after the other, as positions do
            return MatrixUnit(*self.shared, x, output.format, positions * self.groups, fold)
        return MatrixUnit(self.weights, self.bias, x, output.format, positions, fold, self.groups)

    def _wanted_taps(self, fold: Fold) -> Taps:
        """What the unit that sums would take in a beat."""
        if self.is_depthwise:
            return Taps(fold.simd, fold.pe, fold.pe)
        channels = self.weights.shape[-1]
        lanes = gcd(fold.simd, channels)
        return Taps(fold.simd // lanes, lanes, channels)

    def cost(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> Cost:
        """Sums that leave in turn are put in order."""
        return moving_cost(self.units(inputs, output, fold)) if fold.turns else super().cost(inputs, output, fold)

    @property
    def is_pointwise(self) -> bool:
        """Whether each window is one pixel, read in the image's own order, so that no window unit is needed."""
        return self.window.is_identity

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        *position, filter_ = index
        patches = np.moveaxis(self.window.patches(codes[0][None]), 1 + self.window.axes, -1)
        channels, group = self.weights.shape[-1], filter_ * self.groups // self.weights.shape[0]
        patch = patches[(0, *position)][..., group * channels : (group + 1) * channels]
        bias = self.bias.codes[filter_ : filter_ + 1]
        return (("inputs", patch.ravel()), ("weights", self.weights.rows[filter_]), ("bias", bias))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return self.weights.operations(prod(output.shape[:-1]))
