"""Pad: zeros around an image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.ir.cost import Cost, lanes_cost
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Op, Operations, Tensor
from shiftwire.ir.unit import Unit, plain_lane_lut
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Codes
from shiftwire.units.window import Taps, WindowUnit


@dataclass(frozen=True, slots=True)
class Pad(Op):
    """Zeros around an image; one entry a spatial axis in `begin` and `end`."""

    unit_types = (WindowUnit,)

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

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        (x,) = inputs
        return (WindowUnit(self._window, x.shape, x.format, fold.pe, Taps(1, fold.pe, x.shape[-1])),)

    def cost(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> Cost:
        """As if codes only passed."""
        return lanes_cost(fold.pe, plain_lane_lut(output.format))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()
