"""Add: the sum of two tensors, possibly on different grids, on the finer one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.kernel import Fold, Kernel, Port, settings
from shiftwire.ir.network import Op, Operations, Tensor, Witness
from shiftwire.numbers.alignment import Alignment
from shiftwire.numbers.fixed import Codes, Fixed


@dataclass(frozen=True, slots=True)
class Add(Op):
    """The sum of two tensors of one shape, such as a residual."""

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

    def kernels(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Kernel, ...]:
        aligned = Alignment.of(inputs[0].format, inputs[1].format)
        port = Port(fold.pe, output.size // fold.pe)
        members = settings(beats=port.beats, lanes=fold.pe) + aligned.settings(output.format)
        return (Kernel("add", (port, port), port, output.format, port.beats, members),)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        return (("left", codes[0][index].reshape(1)), ("right", codes[1][index].reshape(1)))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations(adds=output.size)
