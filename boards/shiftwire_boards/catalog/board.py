"""What is known of a board: typed, frozen, one Board a TOML file."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from shiftwire_boards.runtime.family import Family
from shiftwire_boards.runtime.versions import numbers

RECORDED = ("name", "title", "part", "clock_ns", "lut", "flip_flop", "bram36", "dsp")
"""Fields that a design depends on; the rest may be mended without a project becoming another."""


class BoardFilesSource(enum.Enum):
    """Where Vivado has the board files from; without them the PS keeps its defaults and the board hangs at load."""

    VIVADO = "vivado"
    TO_INSTALL = "to-install"


class SensorKind(enum.Enum):
    """How a power is read: a file of Linux's hwmon, a rail of libsensors, or a meter outside the board."""

    HWMON = "hwmon"
    LIBSENSORS_RAIL = "libsensors-rail"
    EXTERNAL = "external"


class Badge(enum.Enum):
    """How far a board was taken: simulated on RTL, routed by Vivado, or run as hardware."""

    SIMULATED = "simulated"
    ROUTED = "routed"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class BoardFiles:
    """The board_part of Vivado, which brings DDR timing and pins of the PS."""

    board_part: str
    source: BoardFilesSource
    vendor: str


@dataclass(frozen=True, slots=True)
class ProcessingSystem:
    """How the PS is set up: its clock to the logic and the width of the memory port that the DMA reads and writes."""

    clock_mhz: float
    dma_bits: int


@dataclass(frozen=True, slots=True)
class PowerSensor:
    """A power reading: `device` is the hwmon name or the rail, `point` says what is measured.

    None stands for what nobody has told: an update rate in Hz, a step in W.
    """

    name: str
    kind: SensorKind
    point: str
    device: str | None = None
    update_hz: float | None = None
    step_w: float | None = None


@dataclass(frozen=True, slots=True)
class PynqVersions:
    """PYNQ releases that run on a board, both ends included; a highest of "3.1" takes every 3.1.x, None has no end."""

    lowest: str
    highest: str | None = None

    def admits(self, version: str) -> bool:
        """Whether a release such as "3.1.2" lies between the two."""
        release, lowest = numbers(version), numbers(self.lowest)
        highest = numbers(self.highest) if self.highest else release
        return release >= lowest and release[: len(highest)] <= highest

    def __str__(self) -> str:
        return f"{self.lowest} to {self.highest}.x" if self.highest else f"{self.lowest} or later"


@dataclass(frozen=True, slots=True)
class Board:
    """A board; counts are of the whole part, before anything is built.

    `unverified` names keys, such as "files.board_part", that nobody has seen confirmed by a source.
    """

    name: str
    title: str
    part: str
    clock_ns: float
    lut: int
    flip_flop: int
    bram36: int
    dsp: int
    family: Family
    badge: Badge
    files: BoardFiles
    ps: ProcessingSystem
    pynq: PynqVersions
    power: tuple[PowerSensor, ...]
    notes: tuple[str, ...]
    unverified: tuple[str, ...] = ()

    @property
    def ps_ip(self) -> str:
        """Name of the PS in Vivado's IP catalogue, in library xilinx.com:ip."""
        return "processing_system7" if self.family is Family.ZYNQ_7000 else "zynq_ultra_ps_e"

    @property
    def ps_cell(self) -> str:
        """Name of the PS in the block design, as PYNQ knows it."""
        return f"{self.ps_ip}_0"

    def recorded(self) -> dict[str, Any]:
        """Fields that a project keeps: what its design depends on."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name in RECORDED}


def recorded_name(record: Mapping[str, Any]) -> str:
    """The name in what a project kept; raises KeyError or TypeError for what `recorded` never wrote."""
    unknown = set(record) ^ set(RECORDED)
    if unknown:
        raise KeyError(sorted(unknown)[0])
    return str(record["name"])
