"""What units that join two streams share: both move to the finer of their grids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shiftwire.ir.cfg import CodeType, Setting, settings
from shiftwire.ir.cost import Cost, lanes_cost
from shiftwire.ir.unit import Unit, plain_lane_lut
from shiftwire.numbers.alignment import Alignment
from shiftwire.numbers.fixed import Fixed


@dataclass(frozen=True, eq=False)
class JoinUnit(Unit):
    """Codes of the formats `a` and `b` become codes of `format`, `lanes` a beat."""

    a: Fixed
    b: Fixed
    format: Fixed
    lanes: int

    @property
    def read_formats(self) -> tuple[Fixed, ...]:
        return (self.a, self.b)

    @property
    def _alignment(self) -> Alignment:
        return Alignment.of(self.a, self.b)

    @property
    def _shifts(self) -> tuple[Setting, ...]:
        """Members of the Cfg."""
        aligned, width = self._alignment, CodeType(self.format.signed_bits)
        return settings(shift_a=aligned.shift_a, shift_b=aligned.shift_b, acc_t=width)

    @property
    def _formats(self) -> Mapping[str, int]:
        """Parameters of the module."""
        return {
            "A_BITS": self.a.bits,
            "A_SIGNED": int(self.a.signed),
            "SHIFT_A": self._alignment.shift_a,
            "B_BITS": self.b.bits,
            "B_SIGNED": int(self.b.signed),
            "SHIFT_B": self._alignment.shift_b,
            "OUT_BITS": self.format.bits,
        }

    @property
    def cost(self) -> Cost:
        return lanes_cost(self.lanes, plain_lane_lut(self.format))
