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
BYTE = 8
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
class NetworkIp:
    """A network that is an IP of its own: streams of `input_bits` and `output_bits` to and from the accelerator.

    Its ports go by the names of the IPs that Vitis HLS exports. Raises BlockDesignError for what is no name and no
    whole bytes.
    """

    vlnv: str
    input: str
    output: str
    clock: str
    reset: str
    input_bits: int
    output_bits: int

    def __post_init__(self) -> None:
        _check_name(self.vlnv)
        for side, bits in (("input", self.input_bits), ("output", self.output_bits)):
            if bits < BYTE or bits % BYTE:
                raise BlockDesignError(
                    f"words of {bits} bits at the network's {side} are no whole bytes, which a stream is made of; "
                    f"take {max(1, -(-bits // BYTE)) * BYTE}"
                )


@dataclass(frozen=True, slots=True)
class Accelerator:
    """What a block design must know of the IP: `vlnv` of vendor:library:name:version, widths of its stream words.

    `register_bytes` is the range behind S_AXI; `network` stands outside of it, or is None where it holds its own.
    Raises BlockDesignError for what a DMA or a clock cannot give.
    """

    vlnv: str
    input_bits: int
    output_bits: int
    clock_mhz: float
    register_bytes: int
    registers: tuple[Register, ...] = ()
    network: NetworkIp | None = None

    def __post_init__(self) -> None:
        _check_name(self.vlnv)
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


def _check_name(vlnv: str) -> None:
    if not _VLNV.fullmatch(vlnv):
        raise BlockDesignError(f"found the IP name '{vlnv}', wanted vendor:library:name:version; mend it")
