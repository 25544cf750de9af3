"""Reads report_power, Vivado's estimate of what a design draws.

Untested against the real tool: the form is that of published reports of versions 2018.3 to 2024.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shiftwire.errors import ToolError
from shiftwire.synth.vivado_reports import state_of, table_cells, version_of
from shiftwire.tools.resources import Evidence

LABEL = "estimate of report_power"
"""Beside every figure of it: no sensor was read."""

BELOW = 0.001
"""Watts; less is told as '<0.001'."""


@dataclass(frozen=True, slots=True)
class Power:
    """Watts of the whole chip; `confidence` is the tool's word for how much it knew of the design's activity.

    `activity` is the file that its toggle rates came from, None where they were assumed.
    """

    total_w: float
    dynamic_w: float
    static_w: float
    confidence: str
    activity: str | None
    evidence: Evidence
    version: str


def power_report(text: str) -> Power:
    """The summary of report_power; raises ToolError for any other text, and where the parts do not make the whole."""
    table = {cells[0]: cells[1] for cells in map(table_cells, text.splitlines()) if len(cells) == 2}
    total, dynamic, static = (
        _watts(table, name) for name in ("Total On-Chip Power (W)", "Dynamic (W)", "Device Static (W)")
    )
    if abs(total - dynamic - static) > 3 * BELOW:
        raise ToolError(
            f"found {dynamic:g} W dynamic and {static:g} W static beside {total:g} W in a power report, wanted their "
            "sum; hand the report as Vivado wrote it"
        )
    activity = table.get("Simulation Activity File", "---")
    return Power(
        total,
        dynamic,
        static,
        _cell(table, "Confidence Level"),
        None if activity == "---" else activity,
        state_of(text),
        version_of(text),
    )


def _watts(table: Mapping[str, str], name: str) -> float:
    """A word behind the number may warn of heat."""
    cell = _cell(table, name)
    number = re.match(r"<?\s*(\d+(?:\.\d+)?)\b", cell)
    if number is None:
        raise ToolError(f"found '{cell}' for {name} in a power report, wanted a number; run report_power again")
    return float(number[1])


def _cell(table: Mapping[str, str], name: str) -> str:
    if name not in table:
        raise ToolError(f"found no line '{name}' in a power report; hand the whole report")
    return table[name]
