"""Add and Multiply: two tensors, possibly on different grids; sums lie on the finer one, products are exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.cfg import Cfg, settings
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.module import Module
from shiftwire.ir.nest import Nest, each_beat
from shiftwire.ir.network import Op, Operations, Tensor, Witness
from shiftwire.ir.unit import Surroundings, Unit
from shiftwire.numbers.alignment import Alignment
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import require_width
from shiftwire.units.join import JoinUnit
from shiftwire.units.multiply import MultiplyUnit


@dataclass(frozen=True, eq=False)
class AddUnit(JoinUnit):
    """A beat of either stream in each iteration."""

    function = "add"
    beats: int

    @property
    def reads(self) -> tuple[Port, ...]:
        return (self.writes, self.writes)

    @property
    def writes(self) -> Port:
        return Port(self.lanes, self.beats)

    @property
    def iterations(self) -> int:
        return self.beats

    @cached_property
    def nest(self) -> Nest:
        return each_beat(self.beats, inputs=2)

    @cached_property
    def cfg(self) -> Cfg:
        return Cfg(settings(iterations=self.iterations, lanes=self.lanes) + self._shifts)

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        return (Module("sw_add", {"LANES": self.lanes, **self._formats}, self.nest),)


@dataclass(frozen=True, slots=True)
class Add(Op):
    """The sum of two tensors of one shape, such as a residual."""

    unit_types = (AddUnit,)

    def infer(self, *inputs: Tensor) -> Tensor:
        a, b = inputs
        if a.shape != b.shape:
            raise InputError(f"shapes {a.shape} and {b.shape} cannot be added element by element; make them equal")
        aligned = Alignment.of(a.format, b.format)
        lo = (a.format.lo << aligned.shift_a) + (b.format.lo << aligned.shift_b)
        hi = (a.format.hi << aligned.shift_a) + (b.format.hi << aligned.shift_b)
        return Tensor(a.shape, Fixed.covering(lo, hi, aligned.frac))

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return np.add(*Alignment.of(inputs[0].format, inputs[1].format).move(codes[0], codes[1]))

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        a, b = inputs
        return (AddUnit(a.format, b.format, output.format, fold.pe, output.size // fold.pe),)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        return (("left", codes[0][index].reshape(1)), ("right", codes[1][index].reshape(1)))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations(adds=output.size)


@dataclass(frozen=True, slots=True)
class Multiply(Op):
    """The product of two computed tensors of one shape, or of an image and one factor a channel: by multipliers.

    The only layer that multiplies data by data, such as the gate of a squeeze-and-excite block. The factors of an image
    are known when all of it was seen, so its FIFO holds a whole frame.
    """

    unit_types = (MultiplyUnit,)

    def infer(self, *inputs: Tensor) -> Tensor:
        a, b = inputs
        if b.shape not in (a.shape, a.shape[-1:], (*[1] * (len(a.shape) - 1), a.shape[-1])):
            raise InputError(
                f"shapes {a.shape} and {b.shape} cannot be multiplied; make them equal, or give one factor a channel"
            )
        require_width(2.0 ** (a.format.bits + b.format.bits))
        ends = [one * other for one in (a.format.lo, a.format.hi) for other in (b.format.lo, b.format.hi)]
        return Tensor(a.shape, Fixed.covering(min(ends), max(ends), a.format.frac + b.format.frac))

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        one, other = codes
        product: Codes = one * other.reshape(len(other), *[1] * (one.ndim - other.ndim), *other.shape[1:])
        return product

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        a, b = inputs
        pixels = a.size // b.size
        return (MultiplyUnit(a.format, b.format, output.format, fold.pe, b.size // fold.pe, pixels),)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        place = index if codes[1].shape == codes[0].shape else (*[0] * (codes[1].ndim - 1), index[-1])
        return (("left", codes[0][index].reshape(1)), ("right", codes[1][place].reshape(1)))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations(multiplies=output.size)
