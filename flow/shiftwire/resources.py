"""Figures of a design, in the one form that every tool's report is read into."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Evidence(enum.Enum):
    """How a figure came about; a table says it beside every figure."""

    MODELLED = "modelled"
    """Computed, the estimates of high-level synthesis among them."""

    SYNTHESISED = "synthesised"
    PLACED = "placed"
    ROUTED = "routed"
    SIMULATED = "simulated"
    MEASURED = "measured"
    """On a board."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What a design takes of a device; None where a report does not tell.

    `lut` counts all slice LUTs, `lutram` and `srl` those of them that are memory; `bram36` counts halves.
    """

    lut: int
    ff: int
    bram36: float
    dsp: int
    uram: int = 0
    lutram: int | None = None
    srl: int | None = None


@dataclass(frozen=True, slots=True)
class Cycles:
    """Clock cycles, least and most."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Report:
    """A row: figures of a unit, the top or an instance path below it; None where the tool does not tell.

    `clock_ns` was asked for, `reached_ns` is the period that the tool found possible.
    """

    unit: str
    evidence: Evidence
    tool: str
    version: str
    part: str
    clock_ns: float | None = None
    reached_ns: float | None = None
    resources: Resources | None = None
    latency: Cycles | None = None
    interval: Cycles | None = None
