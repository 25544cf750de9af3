"""Lookup: the output code of every input code stands in a table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from shiftwire.ir.cfg import Cfg, CodeType, Table, settings
from shiftwire.ir.cost import UNIT_LUT, Cost, rom
from shiftwire.ir.module import Memory, Module
from shiftwire.ir.unit import MEMORY_CYCLES, BeatUnit, Surroundings
from shiftwire.numbers.fixed import Codes


@dataclass(frozen=True, eq=False)
class LookupUnit(BeatUnit):
    """y = rows[channel][x - lo], lane by lane; rows  (channels or 1, codes of x), the lowest code's first.

    Each lane has a memory of its own: the rows of the channels that pass it, or the one row.
    """

    function = "lookup"
    rows: Codes

    @property
    def _by_lane(self) -> Codes:
        """Words of each lane's memory, (lanes, folds * codes): channel c is lane c % lanes of fold c // lanes."""
        rows, lanes = self.rows, self.port.lanes
        if len(rows) == 1:
            return rows.repeat(lanes, axis=0)
        words: Codes = rows.reshape(-1, lanes, rows.shape[1]).transpose(1, 0, 2).reshape(lanes, -1)
        return words

    @cached_property
    def cfg(self) -> Cfg:
        words = self._by_lane
        members = settings(
            iterations=self.iterations,
            lanes=self.port.lanes,
            codes=self.rows.shape[1],
            words=words.shape[1],
            lowest=self.x.lo,
            wide_t=CodeType(self.x.signed_bits + 1),
        )
        return Cfg(members, (Table("output", words, CodeType.of(self.format), places=1),))

    @property
    def hls_steps(self) -> int:
        """A place, then a word."""
        return 1 + MEMORY_CYCLES

    @property
    def cost(self) -> Cost:
        words = self._by_lane.shape[1]
        each = rom(words, self.format.bits)
        return each * self.port.lanes + Cost(UNIT_LUT)

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        words = self._by_lane
        alike = words[:1] if len(self.rows) == 1 else words
        memories = tuple(Memory(f"{lane:04d}", row.reshape(-1, 1), self.format.bits) for lane, row in enumerate(alike))
        parameters = {
            "LANES": self.port.lanes,
            "FOLDS": words.shape[1] // self.rows.shape[1],
            **self.formats,
            "ROWS": len(memories),
            "ROM_BLOCK": (in_block := around.rom_block(memories[0])),
        }
        stages = 1 + in_block
        return (Module("sw_lookup", parameters, self.nest, stages, memories, reads_stem=True),)
