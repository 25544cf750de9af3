"""Weights of -1 and 1 on bits: what agrees is counted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.cfg import CodeType, Element, settings
from shiftwire.ir.module import Pe
from shiftwire.ir.network import Operations
from shiftwire.ir.weights import PeCodes, TapSums
from shiftwire.numbers.exact import exact_matmul
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import Interval, linear_interval
from shiftwire.ops.weights.coded import Coded

BIT = CodeType(1, signed=False)


def is_bit(x: Fixed) -> bool:
    """Whether a format has two codes, 0 and 1."""
    return x.bits == 1 and not x.signed


@dataclass(frozen=True, eq=False)
class Binary(Coded):
    """Weights of -1 and 1 times 2**-grid on inputs of one bit.

    Where p of n taps agree, a bit of 1 with a weight of 1 and one of 0 with -1, and m weights are -1: sum w x = p - m.
    Read as signs, s = 2 x - 1, the same bits give sum w s = 2 p - n (Rastegari et al., XNOR-Net, 2016). A padded tap
    is the code 0, the sign -1.
    """

    element = Element.XNOR
    kind = "Binary"

    def __post_init__(self) -> None:
        if (np.abs(self.codes) != 1).any():
            strange = self.codes[np.abs(self.codes) != 1][0]
            raise InputError(f"a binary weight of {strange} is neither -1 nor 1; scale them by the grid")

    def frac(self, x: Fixed) -> int:
        if not is_bit(x):
            raise InputError(f"a binary layer reads codes of one bit, u1, and not {x}; threshold its input to 0 and 1")
        return x.frac + self.grid

    def interval(self, x: Fixed) -> Interval:
        return linear_interval(self.rows, x)

    def apply(self, taps: Codes, rows: slice) -> Codes:
        return exact_matmul(taps, self.rows[rows].T)

    @cached_property
    def planes(self) -> Codes:
        """The bit with which each tap agrees."""
        return (self.rows > 0).astype(np.int64)[None]

    @property
    def rom_type(self) -> CodeType:
        return BIT

    def tap_sums(self, x: Fixed, *, is_depthwise: bool) -> TapSums:
        taps = self.planes.shape
        whole = np.full(len(self.rows), self.rows.shape[1])
        return TapSums(
            settings(lane=self.element),
            Interval(np.zeros(taps, np.int64), np.ones(taps, np.int64)),
            Interval(np.zeros_like(whole), whole),
            -(self.rows < 0).sum(axis=1),
        )

    def operations(self, uses: int) -> Operations:
        return Operations(xnors=self.codes.size * uses, adds=self.codes.size * uses)

    def pe_codes(self, rom: Codes, x: Fixed, *, is_depthwise: bool) -> PeCodes:
        return PeCodes(Pe.XNOR, rom, BIT)

    @property
    def element_lut(self) -> tuple[float, float]:
        """A counter of 12 bits and 1.1 LUT a bit by yosys, doubled: of narrow inputs the model takes half of these."""
        return 24.0, 2.2
