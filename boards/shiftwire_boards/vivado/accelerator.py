"""The IP that a block design is built around: its name, its words, its clock and its registers."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

STREAM_BITS = (8, 16, 32, 64, 128, 256, 512)
"""Widths of AXI DMA's streams (PG021) that an accelerator's words may have."""

SLOWEST_MHZ, FASTEST_MHZ = 10.0, 500.0
"""What the clocking wizard is asked for."""

SMALLEST_RANGE = 4096
_VLNV = re.compile(r"[\w.]+:[\w.]+:\w+:\d+\.\d+")


class BlockDesignError(ValueError):
    """An accelerator that no block design of ours can hold."""


class Access(enum.Enum):
    """By the words of a .hwh."""

    READ_ONLY = "read-only"
    READ_WRITE = "read-write"


@dataclass(frozen=True, slots=True)
class RegisterField:
    """Bits low..low+bits-1 of a register."""

    name: str
    low: int
    bits: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Register:
    """32 bits at a byte offset."""

    name: str
    offset: int
    access: Access
    meaning: str
    reset: int = 0
    fields: tuple[RegisterField, ...] = ()


@dataclass(frozen=True, slots=True)
class Accelerator:
    """What a block design must know of the IP: `vlnv` of vendor:library:name:version, widths of its stream words.

    `register_bytes` is the range behind S_AXI. Raises BlockDesignError for what a DMA or a clock cannot give.
    """

    vlnv: str
    input_bits: int
    output_bits: int
    clock_mhz: float
    register_bytes: int
    registers: tuple[Register, ...] = ()

    def __post_init__(self) -> None:
        if not _VLNV.fullmatch(self.vlnv):
            raise BlockDesignError(f"found the IP name '{self.vlnv}', wanted vendor:library:name:version; mend it")
        for side, bits in (("input", self.input_bits), ("output", self.output_bits)):
            if bits not in STREAM_BITS:
                wanted = ", ".join(map(str, STREAM_BITS))
                raise BlockDesignError(
                    f"words of {bits} bits at the {side} are none that AXI DMA moves; take one of {wanted}"
                )
        if not SLOWEST_MHZ <= self.clock_mhz <= FASTEST_MHZ:
            raise BlockDesignError(
                f"a clock of {self.clock_mhz:g} MHz is outside {SLOWEST_MHZ:g}..{FASTEST_MHZ:g}, which the clocking "
                "wizard is asked for; choose another period"
            )
        size = self.register_bytes
        if size < SMALLEST_RANGE or size & (size - 1):
            raise BlockDesignError(
                f"registers of {size} bytes are no power of two from {SMALLEST_RANGE} on; take {SMALLEST_RANGE}"
            )
