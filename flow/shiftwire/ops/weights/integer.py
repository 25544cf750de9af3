"""Integer weights by multiplier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shiftwire.ir.cfg import Element, settings
from shiftwire.ir.module import Pe
from shiftwire.ir.network import Operations
from shiftwire.ir.weights import PeCodes, TapSums
from shiftwire.numbers.exact import exact_matmul
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import Interval, linear_interval
from shiftwire.ops.weights.coded import Coded

NARROW_BITS = 4
"""Up to so many bits a product takes few LUTs."""

BOOTH_BITS = 8
"""Widest weights of products in Booth's form; wider ones are sums of narrow products."""

WIDE_LUT = 20.0
"""For each bit of such a weight."""


@dataclass(frozen=True, eq=False)
class Int(Coded):
    """Integer weights by multiplier; the honest baseline, never chosen by default."""

    element = Element.INT
    kind = "Int"
    skips_zeros = True

    def frac(self, x: Fixed) -> int:
        return x.frac + self.grid

    def interval(self, x: Fixed) -> Interval:
        return linear_interval(self.rows, x)

    def apply(self, taps: Codes, rows: slice) -> Codes:
        return exact_matmul(taps, self.rows[rows].T)

    def tap_sums(self, x: Fixed, *, is_depthwise: bool) -> TapSums:
        ends = np.stack([self.rows * x.lo, self.rows * x.hi, np.zeros_like(self.rows)])[:, None]
        reach = Interval(ends.min(axis=0), ends.max(axis=0))
        return TapSums(settings(lane=self.element), reach, self.interval(x), np.zeros(len(self.rows), np.int64))

    def operations(self, uses: int) -> Operations:
        return Operations(adds=self.codes.size * uses, multiplies=self.codes.size * uses)

    def pe_codes(self, rom: Codes, x: Fixed, *, is_depthwise: bool) -> PeCodes:
        return PeCodes(Pe.INT, rom, self.rom_type)

    @property
    def element_lut(self) -> tuple[float, float]:
        bits = self.rom_type.bits
        return 0.0, 37.0 if bits <= NARROW_BITS else 66.0 if bits <= BOOTH_BITS else WIDE_LUT * bits
