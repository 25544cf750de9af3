"""Two grids become the finer of them."""

from __future__ import annotations

from dataclasses import dataclass

from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import require_width


@dataclass(frozen=True, slots=True)
class Alignment:
    """Two formats moved to the finer of their grids."""

    frac: int
    shift_a: int
    shift_b: int

    @classmethod
    def of(cls, a: Fixed, b: Fixed) -> Alignment:
        """Raises InputError where an int64 code cannot hold the sum of both."""
        frac = max(a.frac, b.frac)
        shifts = frac - a.frac, frac - b.frac
        require_width(2.0 ** (max(a.bits + shifts[0], b.bits + shifts[1])))
        return cls(frac, *shifts)

    def move(self, a: Codes, b: Codes) -> tuple[Codes, Codes]:
        """Codes of either format on the finer grid."""
        return a << self.shift_a, b << self.shift_b
