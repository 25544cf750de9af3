"""A block design as data: cells with pins and interfaces, nets, links and addresses. Nothing here spells Tcl or XML."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from shiftwire_boards.catalog import Board

STREAM_BITS = (8, 16, 32, 64, 128, 256, 512)
"""Widths of AXI DMA's streams (PG021) that an accelerator's words may have."""

SLOWEST_MHZ, FASTEST_MHZ = 10.0, 500.0
"""What the clocking wizard is asked for."""

SMALLEST_RANGE = 4096
_VLNV = re.compile(r"[\w.]+:[\w.]+:\w+:\d+\.\d+")


class BlockDesignError(ValueError):
    """An accelerator that no block design of ours can hold."""


class Direction(enum.Enum):
    """By the letters of a .hwh."""

    INPUT = "I"
    OUTPUT = "O"


class PinKind(enum.Enum):
    """What a pin carries, by the words of a .hwh's SIGIS."""

    CLOCK = "clk"
    RESET = "rst"
    INTERRUPT = "INTERRUPT"
    DATA = "undef"


class Role(enum.Enum):
    """Which end of a bus an interface is."""

    MASTER = "master"
    SLAVE = "slave"


class Bus(enum.Enum):
    """By the names of Vivado's interface definitions."""

    MEMORY = "aximm"
    STREAM = "axis"


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


@dataclass(frozen=True, slots=True)
class Pin:
    """A wire or, with `bits` above 1, several; `clock_mhz` of a clock alone."""

    name: str
    direction: Direction
    kind: PinKind
    bits: int = 1
    clock_mhz: float | None = None


@dataclass(frozen=True, slots=True)
class Interface:
    """A bus end; `bits` is the width of its data."""

    name: str
    role: Role
    bus: Bus
    bits: int


@dataclass(frozen=True, slots=True)
class Setting:
    """CONFIG.<name> of a cell."""

    name: str
    value: str | int


@dataclass(frozen=True, slots=True)
class Cell:
    """An instance of an IP; a `vlnv` without a version is Vivado's newest, and `release` what a simulated .hwh says.

    `facts` are parameters that PYNQ reads from a .hwh beside the settings.
    """

    name: str
    vlnv: str
    settings: tuple[Setting, ...]
    pins: tuple[Pin, ...]
    interfaces: tuple[Interface, ...] = ()
    release: str = "1.0"
    facts: tuple[Setting, ...] = ()
    registers: tuple[Register, ...] = ()

    @property
    def versioned(self) -> str:
        """vendor:library:name:version, with `release` where Vivado's newest is taken."""
        return self.vlnv if self.vlnv.count(":") == 3 else f"{self.vlnv}:{self.release}"


@dataclass(frozen=True, slots=True)
class End:
    """A pin or an interface of a cell."""

    cell: str
    name: str

    def __str__(self) -> str:
        return f"{self.cell}/{self.name}"


@dataclass(frozen=True, slots=True)
class Net:
    """One driver and what it drives."""

    driver: End
    loads: tuple[End, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """An interface connection."""

    master: End
    slave: End


@dataclass(frozen=True, slots=True)
class Address:
    """`size` bytes from `base` on, at which a register interface is seen from the PS."""

    slave: End
    base: int
    size: int

    @property
    def high(self) -> int:
        """The last byte."""
        return self.base + self.size - 1


@dataclass(frozen=True, slots=True)
class BlockDesign:
    """A board, an accelerator and what connects them; cells[0] is the PS.

    `name` is the base name of the .bit, .hwh and .xsa; `ip_repo` is the IP's folder, seen from the script's.
    """

    name: str
    board: Board
    accelerator: Accelerator
    ip_repo: str
    master: End
    cells: tuple[Cell, ...]
    nets: tuple[Net, ...]
    links: tuple[Link, ...]
    addresses: tuple[Address, ...]

    def cell(self, name: str) -> Cell:
        """Raises StopIteration for a name that no cell has."""
        return next(cell for cell in self.cells if cell.name == name)

    def address(self, cell: str) -> Address:
        """Where the registers of a cell are."""
        return next(address for address in self.addresses if address.slave.cell == cell)
