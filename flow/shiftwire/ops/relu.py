"""Relu: the larger of a code and 0."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.fixed import Codes, Fixed
from shiftwire.kernel import Kernel, settings
from shiftwire.network import Op, Operations, Tensor, Witness


@dataclass(frozen=True, slots=True)
class Relu(Op):
    """The result is unsigned, one bit narrower than a signed input."""

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        return Tensor(x.shape, Fixed.covering(0, x.format.hi, x.format.frac))

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return np.maximum(codes[0], 0)

    def kernel(self, inputs: Sequence[Tensor], output: Tensor) -> Kernel:
        return Kernel("relu", settings(n=output.size))

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        return (("input", codes[0][index].reshape(1)),)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations(compares=output.size)
