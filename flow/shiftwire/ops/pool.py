"""MaxPool, AveragePool and SumPool over windows of one or two axes, channel by channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import ClassVar

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.cfg import Cfg, CodeType, settings
from shiftwire.ir.cost import Cost
from shiftwire.ir.fold import Fold, Port, divisors
from shiftwire.ir.module import Module
from shiftwire.ir.nest import Nest, joining
from shiftwire.ir.network import Op, Operations, Tensor
from shiftwire.ir.unit import Surroundings, Unit
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import require_width
from shiftwire.units.width import Widen
from shiftwire.units.window import Taps, WindowUnit, feeding, taps_for

CONTROL_LUT = 20
"""Counters of a pool, modelled."""


@dataclass(frozen=True, eq=False)
class PoolUnit(Unit):
    """Windows that come in `synapse_folds` beats of `simd` positions of `pe` channels become a beat each."""

    x: Fixed
    format: Fixed
    windows: int
    """Beats that leave in a frame."""
    synapse_folds: int
    fold: Fold
    takes_largest: ClassVar[bool]

    @property
    def reads(self) -> tuple[Port, ...]:
        return (Port(self.fold.simd * self.fold.pe, self.iterations),)

    @property
    def writes(self) -> Port:
        return Port(self.fold.pe, self.windows)

    @property
    def iterations(self) -> int:
        return self.windows * self.synapse_folds

    @property
    def read_formats(self) -> tuple[Fixed, ...]:
        return (self.x,)

    @property
    def hls_steps(self) -> int:
        """The window's part of a beat, one after the other, and what came before."""
        return self.fold.simd + 1

    @cached_property
    def nest(self) -> Nest:
        return joining(self.windows, self.synapse_folds)

    @cached_property
    def cfg(self) -> Cfg:
        return Cfg(
            settings(
                iterations=self.iterations,
                synapse_folds=self.synapse_folds,
                pe=self.fold.pe,
                simd=self.fold.simd,
                acc_t=CodeType(self.format.signed_bits),
            )
        )

    @property
    def cost(self) -> Cost:
        return Cost(lut=self.fold.pe * (self.fold.simd + 1) * self.format.bits + CONTROL_LUT)

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        parameters = {
            "PE": self.fold.pe,
            "SIMD": self.fold.simd,
            "SYNAPSES": self.synapse_folds,
            "LARGEST": int(self.takes_largest),
            "IN_BITS": self.x.bits,
            "IN_SIGNED": int(self.x.signed),
            "OUT_BITS": self.format.bits,
        }
        levels = (self.fold.simd - 1).bit_length()
        return (Module("sw_pool", parameters, self.nest, stages=max(1, levels), is_paced=True),)


class MaxPoolUnit(PoolUnit):
    """The largest code of each window."""

    function = "max_pool"
    takes_largest = True


class SumPoolUnit(PoolUnit):
    """The sum of each window's codes."""

    function = "sum_pool"
    takes_largest = False


@dataclass(frozen=True)
class _Pool(Op):
    """A window unit and a unit that reduces each window; PE divides the channels, SIMD a window's positions."""

    window: Window
    unit: ClassVar[type[PoolUnit]]

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        area = divisors(prod(self.window.kernel))
        return tuple(Fold(pe, simd) for pe in divisors(output.shape[-1]) for simd in area)

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        (x,) = inputs
        synapses = prod(self.window.kernel) // fold.simd
        pool = self.unit(x.format, output.format, output.size // fold.pe, synapses, fold)
        taps = taps_for(self.window, x.shape, Taps(fold.simd, fold.pe, fold.pe), pool.iterations)
        window = WindowUnit(self.window, x.shape, x.format, taps.channels, taps, self.fill(x))
        return (*feeding(window, pool.reads[0]), pool)

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

    unit = MaxPoolUnit
    unit_types = (WindowUnit, Widen, MaxPoolUnit)

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

    unit = SumPoolUnit
    unit_types = (WindowUnit, Widen, SumPoolUnit)

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

    unit = SumPoolUnit
    unit_types = (WindowUnit, Widen, SumPoolUnit)

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        _require_values(self.window)
        area = prod(self.window.kernel)
        require_width(2.0**x.format.bits * area)
        format = Fixed.covering(x.format.lo * area, x.format.hi * area, x.format.frac)
        return Tensor((*self.window.output(x.shape[:-1]), x.shape[-1]), format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return self._sums(codes[0])


def _require_values(window: Window) -> None:
    """As ONNX asks: every window holds at least one position of the image."""
    rows = zip(window.kernel, window.begin, window.end, strict=True)
    if any(max(before, after) >= k for k, before, after in rows):
        raise InputError(f"pads of a whole kernel {window.kernel} leave windows with no value; pad less")
