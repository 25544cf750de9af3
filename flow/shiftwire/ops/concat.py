"""Concat: the channels of two tensors, possibly on different grids, on the finer one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.kernel import Fold, Kernel, Port, divisors, settings
from shiftwire.ir.network import Op, Operations, Tensor
from shiftwire.numbers.alignment import Alignment
from shiftwire.numbers.fixed import Codes, Fixed


@dataclass(frozen=True, slots=True)
class Concat(Op):
    """The channels of one tensor behind those of another."""

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
        members = sizes + Alignment.of(a.format, b.format).settings(output.format)
        return (Kernel("concat", reads, writes, output.format, writes.beats, members),)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()
