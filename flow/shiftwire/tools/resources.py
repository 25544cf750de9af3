"""Figures of a design, in the one form that every tool's report is read into."""

from __future__ import annotations

import enum
import operator
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any


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
    """What a design takes of a device, counted by a tool; None where its report does not tell.

    `lut` counts all slice LUTs, `lutram` and `srl` those of them that are memory; `raw_lut` counts LUT cells before
    they are packed into slices. `bram36` counts halves.
    """

    lut: int
    ff: int
    bram36: float
    dsp: int
    uram: int = 0
    lutram: int | None = None
    srl: int | None = None
    raw_lut: int | None = None

    def __add__(self, other: Resources) -> Resources:
        return self._with(other, operator.add)

    def __sub__(self, other: Resources) -> Resources:
        return self._with(other, operator.sub)

    def _with(self, other: Resources, done: Callable[[Any, Any], Any]) -> Resources:
        pairs = {field.name: (getattr(self, field.name), getattr(other, field.name)) for field in fields(self)}
        figures: dict[str, Any] = {name: None if None in pair else done(*pair) for name, pair in pairs.items()}
        return Resources(**figures)


NOTHING = Resources(0, 0, 0.0, 0, 0, 0, 0, 0)
"""The sum of no figures."""


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
