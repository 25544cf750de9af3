"""Add and Concat: two tensors, possibly on different grids, become one on the finer grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np

from shiftwire.errors import InputError
from shiftwire.fixed import Codes, Fixed
from shiftwire.interval import require_width
from shiftwire.kernel import CodeType, Fold, Kernel, Port, Setting, divisors, settings
from shiftwire.network import Op, Operations, Tensor, Witness


@dataclass(frozen=True, slots=True)
class _Aligned:
    """Two formats moved to the finer of their grids."""

    frac: int
    shift_a: int
    shift_b: int

    @classmethod
    def of(cls, a: Fixed, b: Fixed) -> _Aligned:
        frac = max(a.frac, b.frac)
        shifts = frac - a.frac, frac - b.frac
        require_width(2.0 ** (max(a.bits + shifts[0], b.bits + shifts[1])))
        return cls(frac, *shifts)

    def move(self, a: Codes, b: Codes) -> tuple[Codes, Codes]:
        return a << self.shift_a, b << self.shift_b

    def settings(self, output: Fixed) -> tuple[Setting, ...]:
        return settings(shift_a=self.shift_a, shift_b=self.shift_b, acc_t=CodeType(output.signed_bits))


@dataclass(frozen=True, slots=True)
class Add(Op):
    """The sum of two tensors of one shape, such as a residual."""

    def infer(self, *inputs: Tensor) -> Tensor:
        a, b = inputs
        if a.shape != b.shape:
            raise InputError(f"shapes {a.shape} and {b.shape} cannot be added element by element; make them equal")
        aligned = _Aligned.of(a.format, b.format)
        lo = (a.format.lo << aligned.shift_a) + (b.format.lo << aligned.shift_b)
        hi = (a.format.hi << aligned.shift_a) + (b.format.hi << aligned.shift_b)
        return Tensor(a.shape, Fixed.covering(lo, hi, aligned.frac))

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return np.add(*_Aligned.of(inputs[0].format, inputs[1].format).move(codes[0], codes[1]))

    def kernels(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Kernel, ...]:
        aligned = _Aligned.of(inputs[0].format, inputs[1].format)
        port = Port(fold.pe, output.size // fold.pe)
        members = settings(beats=port.beats, lanes=fold.pe) + aligned.settings(output.format)
        return (Kernel("add", (port, port), port, output.format, port.beats, members),)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        return (("left", codes[0][index].reshape(1)), ("right", codes[1][index].reshape(1)))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations(adds=output.size)


@dataclass(frozen=True, slots=True)
class Concat(Op):
    """The channels of one tensor behind those of another."""

    def infer(self, *inputs: Tensor) -> Tensor:
        a, b = inputs
        if a.shape[:-1] != b.shape[:-1]:
            raise InputError(f"shapes {a.shape} and {b.shape} differ before the channels; they cannot be concatenated")
        aligned = _Aligned.of(a.format, b.format)
        lo = min(a.format.lo << aligned.shift_a, b.format.lo << aligned.shift_b)
        hi = max(a.format.hi << aligned.shift_a, b.format.hi << aligned.shift_b)
        return Tensor((*a.shape[:-1], a.shape[-1] + b.shape[-1]), Fixed.covering(lo, hi, aligned.frac))

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        moved = _Aligned.of(inputs[0].format, inputs[1].format).move(codes[0], codes[1])
        return np.concatenate(moved, axis=-1)

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        """Lanes that divide the channels of both."""
        return tuple(Fold(lanes) for lanes in divisors(gcd(inputs[0].shape[-1], inputs[1].shape[-1])))

    def kernels(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Kernel, ...]:
        a, b = inputs
        reads = tuple(Port(fold.pe, x.size // fold.pe) for x in inputs)
        writes = Port(fold.pe, output.size // fold.pe)
        sizes = settings(
            pixels=output.size // output.shape[-1],
            folds_a=a.shape[-1] // fold.pe,
            folds_b=b.shape[-1] // fold.pe,
            lanes=fold.pe,
        )
        members = sizes + _Aligned.of(a.format, b.format).settings(output.format)
        return (Kernel("concat", reads, writes, output.format, writes.beats, members),)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()
