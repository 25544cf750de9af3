"""The AXI4-Lite registers of the shell, as data; sw_axi_lite.sv, component.xml and drivers are checked against it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

ADDRESS_BITS = 12
"""Byte addresses; the interconnect gives a slave 4 KiB at least."""

WORD_BYTES = 4
IDENTITY = 0x53574952
"""The letters SWIR: what stands at address 0 of every shell."""

INTERFACE = 1
"""Version of this map; a driver refuses one it does not know."""


class Access(enum.Enum):
    """What a write does; the words are those of IEEE 1685-2009."""

    READ_ONLY = "read-only"
    READ_WRITE = "read-write"
    CLEAR_BY_ONE = "oneToClear"


@dataclass(frozen=True, slots=True)
class Field:
    """Bits low..low+bits-1 of a register."""

    name: str
    low: int
    bits: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Register:
    """32 bits at a byte offset; `reset` is None where a parameter of the design decides it."""

    name: str
    offset: int
    access: Access
    reset: int | None
    meaning: str
    fields: tuple[Field, ...] = ()


_LAYOUT = (
    Field("word_bytes", 0, 8, "bytes of a word"),
    Field("container_bits", 8, 8, "bits a code takes in a word: 8, 16 or 32"),
    Field("code_bits", 16, 8, "bits of a code"),
    Field("signed", 24, 1, "1: two's complement; 0: unsigned"),
)

REGISTERS = (
    Register("identity", 0x00, Access.READ_ONLY, IDENTITY, "SWIR in ASCII"),
    Register("interface", 0x04, Access.READ_ONLY, INTERFACE, "version of this register map"),
    Register("version", 0x08, Access.READ_ONLY, None, "first 32 bits of the project's version hash"),
    Register(
        "control",
        0x0C,
        Access.READ_WRITE,
        0,
        "soft reset",
        (Field("soft_reset", 0, 1, "while 1 the network is in reset and arriving words are thrown away"),),
    ),
    Register(
        "status",
        0x10,
        Access.READ_ONLY,
        None,
        "state",
        (
            Field("idle", 0, 1, "every frame that came in has left"),
            Field("resetting", 1, 1, "the network is in reset"),
        ),
    ),
    Register(
        "errors",
        0x14,
        Access.CLEAR_BY_ONE,
        0,
        "flags that stay until 1 is written to them; a soft reset leaves them",
        (
            Field("early_tlast", 0, 1, "TLAST came before the last word of a transfer"),
            Field("late_tlast", 1, 1, "the last word of a transfer came without TLAST"),
            Field("null_bytes", 2, 1, "a word came with a zero in TKEEP"),
        ),
    ),
    Register(
        "frames_per_transfer",
        0x18,
        Access.READ_WRITE,
        1,
        "frames between two TLASTs; read with the first word of a transfer; 0 counts as 1",
    ),
    Register("frames_in", 0x1C, Access.READ_ONLY, 0, "frames read since reset"),
    Register("frames_out", 0x20, Access.READ_ONLY, 0, "frames written since reset"),
    Register("cycles_low", 0x24, Access.READ_ONLY, None, "cycles since reset; reading it holds cycles_high"),
    Register("cycles_high", 0x28, Access.READ_ONLY, 0, "upper half of the cycles, of when cycles_low was read"),
    Register("interval", 0x2C, Access.READ_ONLY, 0, "cycles between the last words of the latest two frames written"),
    Register(
        "latency", 0x30, Access.READ_ONLY, 0, "cycles from first word in to last word out of the latest lone frame"
    ),
    Register("words_in", 0x34, Access.READ_ONLY, None, "words of a frame on S_AXIS"),
    Register("words_out", 0x38, Access.READ_ONLY, None, "words of a frame on M_AXIS"),
    Register("layout_in", 0x3C, Access.READ_ONLY, None, "how codes lie in words on S_AXIS", _LAYOUT),
    Register("layout_out", 0x40, Access.READ_ONLY, None, "how codes lie in words on M_AXIS", _LAYOUT),
)


def register(name: str) -> Register:
    """The register of a name."""
    return next(known for known in REGISTERS if known.name == name)
