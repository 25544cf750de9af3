"""Distances to a weight: AdderNet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.cfg import CodeType, Element, settings
from shiftwire.ir.module import Pe
from shiftwire.ir.network import Operations
from shiftwire.ir.weights import PeCodes, TapSums
from shiftwire.numbers.exact import exact_distances
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import Interval, adder_interval
from shiftwire.ops.weights.coded import Coded


@dataclass(frozen=True, eq=False)
class Adder(Coded):
    """Distances: each tap counts -abs(x - w), x and w on one grid (AdderNet, Chen et al. 2020, eq. 2)."""

    element = Element.ADDER
    kind = "Adder"
    has_bias = False

    def frac(self, x: Fixed) -> int:
        if x.frac != self.grid:
            raise InputError(
                f"an adder layer with weights in steps of 2^{-self.grid} cannot read values in steps of "
                f"2^{-x.frac}; requantize the input to {self.grid} fraction bits"
            )
        return x.frac

    def interval(self, x: Fixed) -> Interval:
        return adder_interval(self.rows, x)

    def apply(self, taps: Codes, rows: slice) -> Codes:
        weights = self.rows[rows]
        flat = taps.reshape(-1, taps.shape[-1])
        return exact_distances(flat, weights).reshape(*taps.shape[:-1], len(weights))

    def tap_sums(self, x: Fixed, *, is_depthwise: bool) -> TapSums:
        """Sums of minima, whole after -sum abs(x - w) = 2 sum min(x, w) - sum x - sum w; of distances if depthwise."""
        rows, whole = self.rows, self.interval(x)
        if is_depthwise:
            lo, hi = x.lo - int(rows.max()), x.hi - int(rows.min())
            farthest = max(abs(lo), abs(hi))
            members = settings(
                lane=Element.DISTANCE, operand_t=CodeType(Fixed.covering(-farthest, farthest, 0).signed_bits)
            )
            furthest = np.maximum(np.abs(rows - x.lo), np.abs(rows - x.hi))
            reach = Interval(-furthest[None], np.zeros_like(rows)[None])
            return TapSums(members, reach, whole, np.zeros(len(rows), np.int64))
        operand = Fixed.covering(min(x.lo, int(rows.min())), max(x.hi, int(rows.max())), 0)
        reach = Interval(np.minimum(x.lo, np.minimum(rows, 0))[None], np.maximum(np.minimum(rows, x.hi), 0)[None])
        weights = rows.sum(axis=1)
        inputs = rows.shape[1] * max(abs(x.lo), abs(x.hi))
        # what is halfway, the sum of the inputs, is held in the same type
        span = Interval(np.minimum(whole.lo + weights, -inputs), np.maximum(whole.hi + weights, inputs))
        return TapSums(settings(lane=self.element, operand_t=CodeType(operand.signed_bits)), reach, span, -weights)

    def operations(self, uses: int) -> Operations:
        return Operations(adds=2 * self.codes.size * uses)

    def pe_codes(self, rom: Codes, x: Fixed, *, is_depthwise: bool) -> PeCodes:
        """Codes that count from the lowest of x and w; sums of minima, but where a sum has few taps."""
        grid = Fixed.covering(min(x.lo, int(rom.min())), max(x.hi, int(rom.max())), 0)
        return PeCodes(Pe.DISTANCE if is_depthwise else Pe.ADDER, rom - grid.lo, CodeType.of(grid))

    @property
    def element_lut(self) -> tuple[float, float]:
        return 6.0, 16.7
