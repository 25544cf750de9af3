"""Concat: the channels of two tensors, possibly on different grids, on the finer one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.cfg import Cfg, settings
from shiftwire.ir.fold import Fold, Port, divisors
from shiftwire.ir.module import Module
from shiftwire.ir.nest import Nest, choosing
from shiftwire.ir.network import Op, Operations, Tensor
from shiftwire.ir.unit import Surroundings, Unit
from shiftwire.numbers.alignment import Alignment
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.units.join import JoinUnit


@dataclass(frozen=True, eq=False)
class ConcatUnit(JoinUnit):
    """For each of `pixels`, so many beats of the first stream as `folds` tells, then those of the second."""

    function = "concat"
    pixels: int
    folds: tuple[int, int]

    @property
    def reads(self) -> tuple[Port, ...]:
        return tuple(Port(self.lanes, self.pixels * fold) for fold in self.folds)

    @property
    def writes(self) -> Port:
        return Port(self.lanes, self.pixels * sum(self.folds))

    @property
    def iterations(self) -> int:
        return self.writes.beats

    @cached_property
    def nest(self) -> Nest:
        return choosing(self.pixels, self.folds)

    @cached_property
    def cfg(self) -> Cfg:
        a, b = self.folds
        return Cfg(settings(iterations=self.iterations, folds_a=a, folds_b=b, lanes=self.lanes) + self._shifts)

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        sizes = {"LANES": self.lanes, "FOLDS_A": self.folds[0], "FOLDS_B": self.folds[1]}
        return (Module("sw_concat", {**sizes, **self._formats}, self.nest),)


@dataclass(frozen=True, slots=True)
class Concat(Op):
    """The channels of one tensor behind those of another."""

    unit_types = (ConcatUnit,)

    def infer(self, *inputs: Tensor) -> Tensor:
        a, b = inputs
        if a.shape[:-1] != b.shape[:-1]:
            raise InputError(f"shapes {a.shape} and {b.shape} differ before the channels; they cannot be concatenated")
        aligned = Alignment.of(a.format, b.format)
        lo = min(a.format.lo << aligned.shift_a, b.format.lo << aligned.shift_b)
        hi = max(a.format.hi << aligned.shift_a, b.format.hi << aligned.shift_b)
        return Tensor((*a.shape[:-1], a.shape[-1] + b.shape[-1]), Fixed.covering(lo, hi, aligned.frac))

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        moved = Alignment.of(inputs[0].format, inputs[1].format).move(codes[0], codes[1])
        return np.concatenate(moved, axis=-1)

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        """Lanes that divide the channels of both."""
        return tuple(Fold(lanes) for lanes in divisors(gcd(inputs[0].shape[-1], inputs[1].shape[-1])))

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        a, b = inputs
        folds = a.shape[-1] // fold.pe, b.shape[-1] // fold.pe
        pixels = output.size // output.shape[-1]
        return (ConcatUnit(a.format, b.format, output.format, fold.pe, pixels, folds),)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()
