"""The unit behind a sum in SystemVerilog: raw sums, narrowed, on the output's grid and with their bias."""

from __future__ import annotations

from dataclasses import dataclass

from shiftwire.ir.fold import Port
from shiftwire.ir.module import Memory, Module
from shiftwire.ir.nest import splitting
from shiftwire.numbers.fixed import Codes, Fixed


@dataclass(frozen=True, eq=False)
class Finish:
    """Beats of raw sums in, codes of `format` out, `lanes` a beat.

    bias  one a filter in the order of the sums, on the output's grid, 2**grid_shift finer than that of the sums. Where
    sums `are_paired`, each beat also brings a total of `total_bits` of which they are to be taken twice. Each bias
    serves `repeat` beats in a row, none of which is narrowed.
    """

    raw: Port
    raw_bits: int
    total_bits: int
    are_paired: bool
    bias: Codes
    grid_shift: int
    format: Fixed
    lanes: int
    repeat: int = 1

    @property
    def module(self) -> Module:
        """sw_finish, which gives one of the parts of a beat in each iteration."""
        parts = self.raw.lanes // self.lanes
        rom = Memory("bias", self.bias.reshape(-1, self.lanes), self.format.bits)
        parameters = {
            "LANES": self.lanes,
            "PARTS": parts,
            "WORDS": rom.words,
            "RAW_BITS": self.raw_bits,
            "PAIRED": int(self.are_paired),
            "TOTAL_BITS": self.total_bits,
            "GRID": self.grid_shift,
            "OUT_BITS": self.format.bits,
            "ROM_BLOCK": rom.in_block,
        }
        if self.repeat > 1:
            parameters["REPEAT"] = self.repeat
        late = int(self.are_paired or bool(rom.in_block))
        return Module("sw_finish", parameters, splitting(self.raw.beats, parts), 1 + late, (rom,))
