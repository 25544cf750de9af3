"""Units: what hardware is made of, as frozen dataclasses that say all of their C++ and of their SystemVerilog."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil
from typing import ClassVar

from shiftwire.ir.cfg import Cfg, Element
from shiftwire.ir.cost import BRAM36_IN_LUT, Array, Cost, half_blocks, is_block, is_rom_block, lanes_cost
from shiftwire.ir.fold import Port
from shiftwire.ir.module import Memory, Module
from shiftwire.ir.nest import Nest, each_beat
from shiftwire.numbers.fixed import Fixed


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the SystemVerilog of a unit may know of the design around it.

    pace_cycles  cycles of a frame that the slowest unit takes; lanes  codes of an output beat, as many as the unit
    writes or, where it `narrows`, fewer; in_block  weights go to block RAM in any case; bram36_lut  what a BRAM36 is
    worth.
    """

    pace_cycles: int
    lanes: int
    in_block: bool = False
    bram36_lut: float = BRAM36_IN_LUT

    def rom_block(self, rom: Memory) -> int:
        """1 where constants are better off in block RAM, else 0."""
        return is_rom_block(rom.words, rom.word_bits, self.bram36_lut)

    def block(self, words: int, bits: int) -> int:
        """The same for a memory that is written."""
        return is_block(words, bits, self.bram36_lut)


PORT_CYCLES = 3
"""In HLS, from a beat's place in a FIFO to the registers of a unit, and from there to a place in the next FIFO."""

MEMORY_CYCLES = 2
"""In HLS, from an address to the register behind a memory, written or constant."""

DRAIN_CYCLES = 2
"""In HLS, from the end of a frame's last iteration to the start of the next frame's first."""


class Unit(ABC):
    """A call of `sw::function<beats..., Cfg>(inputs..., outputs..., tables...)`, and modules that do the same.

    Subclasses are frozen dataclasses; everything else follows from their fields. `format` is that of the codes which
    leave, in beats of `writes`; `outputs` streams of them.
    """

    function: ClassVar[str]
    outputs: ClassVar[int] = 1
    narrows: ClassVar[bool] = False
    """Whether a width converter behind it is better done by the unit itself, in SystemVerilog."""
    multiplies: ClassVar[bool] = False
    """Whether data are multiplied by data; weights are multiplied by elements of a Cfg."""
    format: Fixed

    @property
    @abstractmethod
    def reads(self) -> tuple[Port, ...]:
        """A port for each input stream."""

    @property
    @abstractmethod
    def writes(self) -> Port:
        """The port of every output stream: where there are several, they are alike."""

    @property
    @abstractmethod
    def cfg(self) -> Cfg:
        """What the C++ is set up with."""

    @property
    @abstractmethod
    def nest(self) -> Nest:
        """In which iterations of the C++ each beat is read and written; `modules` bring nests of their own."""

    @property
    def iterations(self) -> int:
        """Iterations of the C++ in a frame, at one a cycle; units count them without building their nest."""
        return self.nest.iterations

    @property
    def hls_steps(self) -> int:
        """Operations in a row on the longest way through an iteration in HLS, a memory for MEMORY_CYCLES of them.

        Modelled as one a cycle, which is an upper bound: a tool puts several into one.
        """
        return 1

    @property
    def hls_latency(self) -> int:
        """Cycles from an iteration's reads to its writes in HLS, at most; modelled, no tool has confirmed it."""
        return PORT_CYCLES + self.hls_steps

    @property
    def hls_cycles(self) -> int:
        """Cycles of a frame in HLS: its iterations, then those in which the last of them leaves and nothing comes."""
        return self.iterations + self.hls_latency + DRAIN_CYCLES

    @property
    def read_formats(self) -> tuple[Fixed, ...]:
        """Of each input's codes."""
        return (self.format,) * len(self.reads)

    @property
    def widest_word(self) -> int:
        """Bits of the widest beat or memory word of the C++; a table of a single word is wires."""
        ports = zip((*self.reads, self.writes), (*self.read_formats, self.format), strict=True)
        return max(port.lanes * format.bits for port, format in ports)

    @property
    def hls_arrays(self) -> tuple[Array, ...]:
        """Memories that the C++ writes and reads; registers are none."""
        return ()

    @property
    def hls_half_blocks(self) -> int:
        """BRAM18 in HLS, at most: constants that are bound to block RAM, and arrays that are not small."""
        bound = (table for table in self.cfg.tables if table.memory[0] > 1 and is_block(*table.memory))
        constants = sum(table.copies * half_blocks(*table.memory) for table in bound)
        return constants + sum(array.half_blocks for array in self.hls_arrays)

    @abstractmethod
    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        """The SystemVerilog that does the same, each module reading what the one before it writes."""

    @property
    def cost(self) -> Cost:
        """Modelled; zero for units that the model leaves out."""
        return Cost()

    @property
    def native_cfg(self) -> Cfg:
        """What simulations on native types are set up with: weights decoded, so that layers of one shape share code."""
        return self.cfg

    @property
    def headers(self) -> tuple[str, ...]:
        """Names of the unit's own header and of that of its processing element, if it has one."""
        elements = [member.value for member in self.cfg.members if isinstance(member.value, Element)]
        return (f"sw_{self.function}.h", *(f"sw_{element.value}.h" for element in elements))


@dataclass(frozen=True, eq=False)
class PortUnit(Unit):
    """A unit that writes beats as wide and as many as it reads; one in each iteration, unless it says otherwise."""

    port: Port

    @property
    def reads(self) -> tuple[Port, ...]:
        return (self.port,)

    @property
    def writes(self) -> Port:
        return self.port

    @property
    def iterations(self) -> int:
        return self.port.beats

    @cached_property
    def nest(self) -> Nest:
        return each_beat(self.port.beats)


@dataclass(frozen=True, eq=False)
class BeatUnit(PortUnit):
    """A unit that turns a beat of codes of the format `x` into one of `format` in each iteration."""

    x: Fixed
    format: Fixed
    lane_lut: int = field(kw_only=True)
    """LUTs for each code of a beat, modelled."""

    @property
    def read_formats(self) -> tuple[Fixed, ...]:
        return (self.x,)

    @property
    def cost(self) -> Cost:
        return lanes_cost(self.port.lanes, self.lane_lut)

    @property
    def formats(self) -> Mapping[str, int]:
        """Parameters that modules of this kind share."""
        return {"IN_BITS": self.x.bits, "IN_SIGNED": int(self.x.signed), "OUT_BITS": self.format.bits}


def plain_lane_lut(format: Fixed) -> int:
    """LUTs for each code of a beat that is compared or added, modelled."""
    return ceil(1.5 * format.bits)
