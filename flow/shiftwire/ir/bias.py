"""A constant for each output, on a grid of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shiftwire.ir.cfg import CodeType, Setting, Table, settings
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import Interval, require_width


@dataclass(frozen=True, eq=False)
class Bias:
    """codes (out,) on the grid 2**-frac."""

    codes: Codes
    frac: int

    @classmethod
    def none(cls, outputs: int) -> Bias:
        """Zeros, which take no bits and leave the grid of the sums as it is."""
        return cls(np.zeros(outputs, np.int64), 0)

    def grid(self, frac: int) -> int:
        """`frac`, or finer where a code needs it."""
        used = self.codes[self.codes != 0]
        if not used.size:
            return frac
        union = int(np.bitwise_or.reduce(used))
        trailing_zeros = (union & -union).bit_length() - 1
        return max(frac, self.frac - trailing_zeros)

    def on(self, frac: int) -> Codes:
        """The codes on a grid that `grid` named."""
        drop = self.frac - frac
        if drop > 0:
            return self.codes >> drop
        require_width(float(np.abs(self.codes).max()) * 2.0**-drop)
        return self.codes << -drop

    def output(self, sums: Interval, frac: int) -> Fixed:
        """Narrowest format of sums on the grid 2**-frac plus the bias."""
        grid = self.grid(frac)
        return sums.moved(grid - frac, self.on(grid)).format(grid)

    def add(self, sums: Codes, frac: int) -> Codes:
        """Sums (..., out) on the grid 2**-frac plus the bias, on the output's grid."""
        grid = self.grid(frac)
        moved = sums << (grid - frac) if grid > frac else sums
        return moved + self.on(grid) if self.codes.any() else moved

    def table(self, frac: int, order: slice | Codes = slice(None)) -> Table:
        """The bias as a unit reads it: (out,) in the order given, on the output's grid 2**-frac."""
        codes = self.on(frac)
        return Table("bias", codes[order], CodeType.holding(codes))

    @property
    def bits(self) -> int:
        """Bits that the bias takes; none where it is zero."""
        return self.table(self.grid(self.frac)).type.bits * self.codes.size if self.codes.any() else 0

    def members(self, frac: int, output: Fixed) -> tuple[Setting, ...]:
        """How far sums on the grid 2**-frac move before the bias is added, and in what width."""
        return settings(acc_t=CodeType(output.signed_bits), grid_shift=output.frac - frac)
