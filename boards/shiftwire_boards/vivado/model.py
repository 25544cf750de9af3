"""A block design as data: cells with pins and interfaces, nets, links and addresses. Nothing here spells Tcl or XML."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from shiftwire_boards.catalog import Board
from shiftwire_boards.vivado.accelerator import Accelerator, Register


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
class Ip:
    """An IP of ours, and its folder as seen from the script's."""

    vlnv: str
    folder: str


@dataclass(frozen=True, slots=True)
class BlockDesign:
    """A board, an accelerator and what connects them; cells[0] is the PS.

    `name` is the base name of the .bit, .hwh and .xsa; `ips` are the accelerator's, then its network's where that
    is one of its own.
    """

    name: str
    board: Board
    accelerator: Accelerator
    ips: tuple[Ip, ...]
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
