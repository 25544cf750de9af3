"""PartialPool: averages that count only a part of the positions of a window, as at the edges of an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm, prod

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.network import Op, Operations, Tensor, Witness
from shiftwire.ir.unit import Unit
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import require_width
from shiftwire.numbers.shift_weights import signed_digits
from shiftwire.ops.affine import AffineUnit, scaled_lane_lut
from shiftwire.ops.pool import SumPool
from shiftwire.ops.weights.shift import Shift


@dataclass(frozen=True, slots=True)
class PartialPool(Op):
    """y = sum of the window * (divisor / its number of positions): averages, all of them times one `divisor`.

    Positions of the image count, and `begin` and `end` more on each side; what else a window pads is 0 and counts
    nothing. `divisor` is the least common multiple of all numbers, and of its factors 2 the grid takes care.
    Sums are exact; each is scaled by few signed powers of two, one scale for each place of the window.
    """

    unit_types = (*SumPool.unit_types, AffineUnit)

    window: Window
    begin: tuple[int, ...]
    end: tuple[int, ...]

    def counts(self, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
        """Positions that count in each window of an image of `shape` (spatial..., C), one for each place of it."""
        window, counts = self.window, np.ones((), np.int64)
        places = window.output(shape[:-1])
        for axis, size in enumerate(shape[:-1]):
            first = np.arange(places[axis]) * window.stride[axis] - window.begin[axis]
            last = np.minimum(first + window.kernel[axis], size + self.end[axis])
            counts = np.multiply.outer(counts, np.maximum(last - np.maximum(first, -self.begin[axis]), 0))
        return np.asarray(counts)

    def divisor(self, shape: tuple[int, ...]) -> int:
        """The least common multiple of the numbers of positions; raises InputError for a window that counts none."""
        counts = np.unique(self.counts(shape))
        if not counts.min():
            raise InputError(f"windows {self.window.kernel} that count no position average nothing; pad less")
        return lcm(*counts.tolist())

    def odd_divisor(self, shape: tuple[int, ...]) -> int:
        """What values are multiplied by beside the averages: the divisor without its factors 2."""
        divisor = self.divisor(shape)
        return divisor // (divisor & -divisor)

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        summed, divisor = SumPool(self.window).infer(x), self.divisor(x.shape)
        require_width(2.0**x.format.bits * divisor)
        twos = (divisor & -divisor).bit_length() - 1
        return Tensor(summed.shape, Fixed.covering(x.format.lo * divisor, x.format.hi * divisor, x.format.frac + twos))

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        (x,) = inputs
        scaled: Codes = SumPool(self.window).evaluate(inputs, *codes) * self._factors(x.shape)[..., None]
        return scaled

    def _factors(self, shape: tuple[int, ...]) -> Codes:
        factors: Codes = self.divisor(shape) // self.counts(shape)
        return factors

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        return SumPool(self.window).folds(inputs, output)

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        (x,) = inputs
        sums = SumPool(self.window)
        summed = sums.infer(x)
        scale = self._scale(x)
        scales = len(np.unique(scale.weights.integers))
        lane_lut = scaled_lane_lut(scales, scale.weights.terms, output.format)
        port, bias = Port.of(output.size, fold.pe), Bias.none(output.size)
        scaled = AffineUnit(port, summed.format, output.format, scale, bias, lane_lut=lane_lut)
        return (*sums.units(inputs, summed, fold), scaled)

    def _scale(self, x: Tensor) -> Shift:
        """A row of one tap for each code of a frame."""
        divisor = self.divisor(x.shape)
        twos = (divisor & -divisor).bit_length() - 1
        factors = np.repeat(self._factors(x.shape).ravel(), x.shape[-1])
        return Shift(signed_digits(factors[:, None], twos))

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        *place, channel = index
        window = self.window.patches(codes[0][None])[(0, *place, channel)]
        factor = self._factors(codes[0].shape)[tuple(place)]
        return (("input", window), ("factor", factor.reshape(1)))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        adds = output.size * (prod(self.window.kernel) - 1)
        return Operations(adds=adds) + self._scale(inputs[0]).operations(1)
