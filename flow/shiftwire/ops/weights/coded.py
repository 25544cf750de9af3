"""Weights that are plain codes."""

from __future__ import annotations

from dataclasses import dataclass

from shiftwire.ir.kernel import CodeType
from shiftwire.ir.weights import Weights
from shiftwire.numbers.fixed import Codes, Fixed


@dataclass(frozen=True, eq=False)
class Coded(Weights):
    """Weights that are plain codes (out, in...) on the grid 2**-grid."""

    codes: Codes
    grid: int

    @property
    def shape(self) -> tuple[int, ...]:
        return self.codes.shape

    @property
    def rows(self) -> Codes:
        """(out, taps)."""
        return self.codes.reshape(len(self.codes), -1)

    @property
    def planes(self) -> Codes:
        return self.rows[None]

    @property
    def type(self) -> CodeType:
        held = Fixed.covering(int(self.codes.min()), int(self.codes.max()), 0)
        return CodeType(held.bits, held.signed)
