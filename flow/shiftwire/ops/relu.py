"""Relu: the larger of a code and 0."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.ir.kernel import Fold, Kernel, Port, settings
from shiftwire.ir.network import Op, Operations, Tensor, Witness
from shiftwire.numbers.fixed import Codes, Fixed


@dataclass(frozen=True, slots=True)
class Relu(Op):
    """The result is unsigned, one bit narrower than a signed input."""

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        return Tensor(x.shape, Fixed.covering(0, x.format.hi, x.format.frac))

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return np.maximum(codes[0], 0)

    def kernels(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Kernel, ...]:
        port = Port(fold.pe, output.size // fold.pe)
        members = settings(beats=port.beats, lanes=fold.pe)
        return (Kernel("relu", (port,), port, output.format, port.beats, members),)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        return (("input", codes[0][index].reshape(1)),)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations(compares=output.size)
