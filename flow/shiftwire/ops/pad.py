"""Pad: zeros around an image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.ir.kernel import Fold, Kernel
from shiftwire.ir.network import Op, Operations, Tensor
from shiftwire.numbers.fixed import Codes
from shiftwire.ops.window import Taps, Window


@dataclass(frozen=True, slots=True)
class Pad(Op):
    """Zeros around an image; one entry a spatial axis in `begin` and `end`."""

    begin: tuple[int, ...]
    end: tuple[int, ...]

    @property
    def _window(self) -> Window:
        ones = (1,) * len(self.begin)
        return Window(ones, ones, self.begin, self.end)

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        return Tensor((*self._window.output(x.shape[:-1]), x.shape[-1]), x.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        spatial = tuple(zip(self.begin, self.end, strict=True))
        return np.pad(codes[0], ((0, 0), *spatial, (0, 0)))

    def cycles(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> int:
        (x,) = inputs
        return self._window.cycles(x.shape, fold.pe, Taps(1, fold.pe, x.shape[-1]))

    def kernels(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Kernel, ...]:
        (x,) = inputs
        return (self._window.kernel_for(x.shape, x.format, fold.pe, Taps(1, fold.pe, x.shape[-1])),)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()
