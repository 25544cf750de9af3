"""The reorder unit: codes of a packet change places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from shiftwire.ir.cfg import Cfg, Table, settings
from shiftwire.ir.cost import UNIT_LUT, Array, Cost, memory
from shiftwire.ir.fold import Port
from shiftwire.ir.module import Memory, Module
from shiftwire.ir.nest import Nest, packets
from shiftwire.ir.unit import MEMORY_CYCLES, PortUnit, Surroundings, Unit
from shiftwire.numbers.fixed import Codes, Fixed


@dataclass(frozen=True, eq=False)
class Reorder(PortUnit):
    """Codes of each of `packets` leave as code source[i] at place i; a whole packet comes in before it leaves."""

    function = "reorder"
    source: Codes
    format: Fixed
    packets: int

    @property
    def iterations(self) -> int:
        return 2 * self.port.beats

    @property
    def hls_steps(self) -> int:
        return 2 * MEMORY_CYCLES + 1

    @property
    def hls_arrays(self) -> tuple[Array, ...]:
        lanes = self.port.lanes
        return (Array(len(self.source) // lanes, lanes * self.format.bits, copies=lanes),)

    @property
    def widest_word(self) -> int:
        lanes, words = self.port.lanes, len(self.source) // self.port.lanes
        places = lanes * max((max(words, lanes) - 1).bit_length(), 1) if words > 1 else 0
        return max(super().widest_word, places)

    @cached_property
    def nest(self) -> Nest:
        return packets(self.packets, self.port.beats // self.packets)

    @cached_property
    def cfg(self) -> Cfg:
        word, lane = np.divmod(self.source.reshape(-1, self.port.lanes), self.port.lanes)
        members = settings(iterations=self.iterations, words=len(word), lanes=self.port.lanes)
        return Cfg(members, (Table.counts("source_word", word), Table.counts("source_lane", lane)))

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        lanes = self.port.lanes
        beats = len(self.source) // lanes
        place, lane = max((beats - 1).bit_length(), 1), max((lanes - 1).bit_length(), 1)
        fields = self.source // lanes << lane | self.source % lanes
        rom = Memory("order", fields.reshape(beats, lanes), place + lane)
        in_block = around.rom_block(rom)
        parameters = {"LANES": lanes, "CODE_BITS": self.format.bits, "BEATS": beats, "ROM_BLOCK": in_block}
        return (Module("sw_reorder", parameters, self.nest, stages=2 + in_block, memories=(rom,)),)


class Restore(Reorder):
    """A reorder in which every code keeps its lane, so that a lane has its own codes alone."""

    function = "restore"

    @property
    def hls_steps(self) -> int:
        return 2 * MEMORY_CYCLES

    @property
    def hls_arrays(self) -> tuple[Array, ...]:
        return (Array(len(self.source) // self.port.lanes, self.format.bits, copies=self.port.lanes),)

    @cached_property
    def cfg(self) -> Cfg:
        cfg = super().cfg
        return Cfg(cfg.members, cfg.tables[:1])

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        lanes = self.port.lanes
        words = (self.source // lanes).reshape(-1, lanes)
        rom = Memory("order", words, max((len(words) - 1).bit_length(), 1))
        parameters = {"LANES": lanes, "CODE_BITS": self.format.bits, "BEATS": len(words), "STAYS": 1}
        in_block = around.rom_block(rom)
        parameters |= {"ROM_BLOCK": in_block}
        return (Module("sw_reorder", parameters, self.nest, stages=2 + in_block, memories=(rom,)),)


def reordering(port: Port, source: Codes, format: Fixed, packets: int) -> Reorder:
    """The cheaper one where every code keeps its lane."""
    lanes = np.arange(len(source)) % port.lanes
    kind = Restore if (source % port.lanes == lanes).all() else Reorder
    return kind(port, source, format, packets)


def moving_cost(units: Sequence[Unit]) -> Cost:
    """Every lane of a reorder has a copy of the packet of its own; a packet of one beat is registers and wires.

    A tool chooses where they lie.
    """
    total = sum((unit.cost for unit in units), Cost())
    for unit in units:
        if isinstance(unit, Reorder):
            (array,) = unit.hls_arrays
            copies = (memory(array.words, array.bits),) * (array.copies if array.words > 1 else 1)
            total += sum(copies, Cost(lut=2 * UNIT_LUT))
    return replace(total, stores=())
