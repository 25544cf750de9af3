"""MaxPool, AveragePool and SumPool over windows of one or two axes, channel by channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.kernel import CodeType, Fold, Kernel, Port, divisors, settings
from shiftwire.ir.network import Op, Operations, Tensor
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import require_width
from shiftwire.ops.window import Taps, Window


@dataclass(frozen=True)
class _Pool(Op):
    """A window unit and a unit that reduces each window; PE divides the channels, SIMD a window's positions."""

    window: Window
    reduce: ClassVar[str]

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        area = divisors(prod(self.window.kernel))
        return tuple(Fold(pe, simd) for pe in divisors(output.shape[-1]) for simd in area)

    def cycles(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> int:
        shape, working = inputs[0].shape, self._working(inputs[0].shape, fold)
        return max(self.window.cycles(shape, fold.pe, self.taps(shape, fold)), working)

    def _working(self, shape: tuple[int, ...], fold: Fold) -> int:
        """Cycles a frame of the unit that reduces images of a shape."""
        blocks = prod(self.window.output(shape[:-1])) * shape[-1] // fold.pe
        return blocks * (prod(self.window.kernel) // fold.simd)

    def taps(self, shape: tuple[int, ...], fold: Fold) -> Taps:
        """What the window unit gives in a beat."""
        return self.window.taps_for(shape, Taps(fold.simd, fold.pe, fold.pe), self._working(shape, fold))

    def kernels(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Kernel, ...]:
        (x,) = inputs
        synapses, cycles = prod(self.window.kernel) // fold.simd, self._working(x.shape, fold)
        writes = Port(fold.pe, output.size // fold.pe)
        reads = Port(fold.simd * fold.pe, writes.beats * synapses)
        members = settings(
            outputs=writes.beats,
            synapse_folds=synapses,
            pe=fold.pe,
            simd=fold.simd,
            acc_t=CodeType(output.format.signed_bits),
        )
        unit = Kernel(self.reduce, (reads,), writes, output.format, cycles, members)
        return (*self.window.feeding((x.shape, x.format), self.taps(x.shape, fold), reads, self.fill(x)), unit)

    def fill(self, x: Tensor) -> int:
        """The code of a padded position."""
        return 0

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations(adds=output.size * (prod(self.window.kernel) - 1))

    def _sums(self, codes: Codes) -> Codes:
        total: Codes = np.sum(self.window.patches(codes), axis=tuple(range(-self.window.axes, 0)))
        return total


@dataclass(frozen=True)
class MaxPool(_Pool):
    """The largest code of a window; padded positions are never chosen."""

    reduce = "max_pool"

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        _require_values(self.window)
        return Tensor((*self.window.output(x.shape[:-1]), x.shape[-1]), x.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        patches = self.window.patches(codes[0], fill=inputs[0].format.lo)
        largest: Codes = np.max(patches, axis=tuple(range(-self.window.axes, 0)))
        return largest

    def fill(self, x: Tensor) -> int:
        return x.format.lo

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations(compares=output.size * (prod(self.window.kernel) - 1))


@dataclass(frozen=True)
class AveragePool(_Pool):
    """The mean of 2**n positions, exact: the sum, read n bits finer; padded positions count as 0."""

    reduce = "sum_pool"

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        _require_values(self.window)
        area = prod(self.window.kernel)
        if area & (area - 1):
            raise InputError(
                f"an average over {area} positions divides by a number that is no power of two; "
                "pool over 2, 4, 8 or 16 positions"
            )
        require_width(2.0**x.format.bits * area)
        frac = x.format.frac + area.bit_length() - 1
        grid = Fixed.covering(x.format.lo * area, x.format.hi * area, frac)
        return Tensor((*self.window.output(x.shape[:-1]), x.shape[-1]), grid)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return self._sums(codes[0])


@dataclass(frozen=True)
class SumPool(_Pool):
    """The sum of any number of positions, exact; who divides by their number keeps that in a scale."""

    reduce = "sum_pool"

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        _require_values(self.window)
        area = prod(self.window.kernel)
        require_width(2.0**x.format.bits * area)
        held = Fixed.covering(x.format.lo * area, x.format.hi * area, x.format.frac)
        return Tensor((*self.window.output(x.shape[:-1]), x.shape[-1]), held)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return self._sums(codes[0])


def _require_values(window: Window) -> None:
    """As ONNX asks: every window holds at least one position of the image."""
    rows = zip(window.kernel, window.begin, window.end, strict=True)
    if any(max(before, after) >= k for k, before, after in rows):
        raise InputError(f"pads of a whole kernel {window.kernel} leave windows with no value; pad less")
