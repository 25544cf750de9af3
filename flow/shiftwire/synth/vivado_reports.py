"""Reads what Vivado writes: report_utilization, flat and hierarchical, and report_timing_summary.

Untested against the real tool: the forms are those of published reports of versions 2018.3 to 2025.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shiftwire.errors import ToolError
from shiftwire.tools.resources import Evidence, Report, Resources

TOOL = "Vivado"

STATES = {
    "synth": Evidence.SYNTHESISED,
    "optimized": Evidence.SYNTHESISED,
    "placed": Evidence.PLACED,
    "physopt": Evidence.PLACED,
    "routed": Evidence.ROUTED,
}
"""What a design state contains, in the order in which it is looked for from the end."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Slacks in ns, setup then hold, and of pulse widths; `period_ns` by clock; met when no slack is negative."""

    worst_setup: float
    total_setup: float
    worst_hold: float
    total_hold: float
    period_ns: Mapping[str, float]
    worst_pulse: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether no slack is negative; a pulse width that was not reported counts as met."""
        return self.worst_setup >= 0 and self.worst_hold >= 0 and (self.worst_pulse or 0) >= 0


def utilization_report(text: str, clock_ns: float | None = None) -> Report:
    """The row of a flat report_utilization."""
    # some lines come twice; the first table has them all
    used = {row[0].rstrip("*"): row[1] for row in reversed(list(_rows(text))) if len(row) >= 5}
    resources = Resources(
        lut=int(_used(used, "Slice LUTs", "CLB LUTs")),
        ff=int(_used(used, "Slice Registers", "CLB Registers")),
        bram36=float(_used(used, "Block RAM Tile")),
        dsp=int(_used(used, "DSPs")),
        uram=int(used.get("URAM", "0")),
        lutram=int(_used(used, "LUT as Distributed RAM", "LUT as Memory")),
        srl=int(used.get("LUT as Shift Register", "0")),
    )
    return _report(text, resources, clock_ns)


def hierarchy_reports(text: str, clock_ns: float | None = None) -> tuple[Report, ...]:
    """Rows of report_utilization -hierarchical: the top, then instances by their path below it."""
    rows = tuple(_report(text, _instance_resources(used), clock_ns, unit) for unit, used in _instances(text))
    if not rows:
        raise ToolError("found no table of instances in a utilization report; ask for report_utilization -hierarchical")
    return rows


def timing_summary(text: str) -> Timing:
    """The slacks of report_timing_summary; raises ToolError for a design without constrained paths."""
    table = re.search(r"^\s*WNS\(ns\).*\n[-\s]+\n\s*(\S.*)$", text, re.MULTILINE)
    if table is None:
        raise ToolError("found no Design Timing Summary in a timing report; ask for report_timing_summary")
    cells = table[1].split()
    if "NA" in cells[:6]:
        raise ToolError("found no constrained path in a timing report; give the design a clock by create_clock")
    clocks = re.findall(r"^\s*(\S+)\s+\{[\d. ]+\}\s+([\d.]+)\s+[\d.]+\s*$", text, re.MULTILINE)
    periods = {name: float(period) for name, period in clocks}
    try:
        setup, total_setup, hold, total_hold = (float(cells[at]) for at in (0, 1, 4, 5))
        pulse = float(cells[8]) if len(cells) > 8 and cells[8] != "NA" else None
    except (ValueError, IndexError):
        raise ToolError(
            f"found '{table[1].strip()}' where slacks were wanted in a timing report; hand the whole"
        ) from None
    return Timing(setup, total_setup, hold, total_hold, periods, pulse)


def _instance_resources(table: Mapping[str, str]) -> Resources:
    return Resources(
        lut=int(_used(table, "Total LUTs")),
        ff=int(_used(table, "FFs")),
        bram36=int(_used(table, "RAMB36")) + int(_used(table, "RAMB18")) / 2,
        dsp=int(_used(table, "DSP Blocks", "DSP48 Blocks")),
        uram=int(table.get("URAM", "0")),
        lutram=int(_used(table, "LUTRAMs")),
        srl=int(_used(table, "SRLs")),
    )


def _report(text: str, resources: Resources, clock_ns: float | None, unit: str | None = None) -> Report:
    return Report(
        unit=head(text, "Design") if unit is None else unit,
        evidence=state_of(text),
        tool=TOOL,
        version=version_of(text),
        part=head(text, "Device"),
        clock_ns=clock_ns,
        resources=resources,
    )


def state_of(text: str) -> Evidence:
    """How far the design was that a report is about."""
    state = head(text, "Design State").lower()
    evidence = next((known for word, known in reversed(STATES.items()) if word in state), None)
    if evidence is None:
        raise ToolError(f"found the design state '{state}', wanted one of {', '.join(STATES)}; run synthesis first")
    return evidence


def version_of(text: str) -> str:
    """Such as 2022.2."""
    version = re.search(r"v\.?(\d{4}\.\d)", head(text, "Tool Version"))
    return version[1] if version else ""


def head(text: str, name: str) -> str:
    """What a report's head says under a name; raises ToolError where it says nothing."""
    match = re.search(rf"^\| {name}\s*: (.*?)\s*$", text, re.MULTILINE)
    if match is None:
        raise ToolError(f"found no '{name}' in the head of a report of Vivado; hand the whole report")
    return match[1]


def _rows(text: str) -> Iterator[list[str]]:
    """Cells of the lines of tables."""
    return (cells for line in text.splitlines() if (cells := table_cells(line)))


def table_cells(line: str) -> list[str]:
    """Cells of a table's line, none for other lines."""
    if not line.startswith("|") or not line.rstrip().endswith("|"):
        return []
    return [cell.strip() for cell in line.rstrip()[1:-1].split("|")]


def _instances(text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Path and cells of instances: two spaces of indentation a level, the first line is the top under its own name."""
    heads: list[str] = []
    above: list[str] = []
    for line in text.splitlines():
        cells = table_cells(line)
        if cells[:2] == ["Instance", "Module"]:
            heads = cells
        # a name in brackets is an instance's own part
        elif heads and len(cells) == len(heads) and not cells[0].startswith("("):
            first = line.split("|")[1]
            level = (len(first) - len(first.lstrip()) - 1) // 2
            above[level:] = [cells[0]]
            yield (above[0] if level == 0 else "/".join(above[1:])), dict(zip(heads, cells, strict=True))


def _used(used: Mapping[str, str], *names: str) -> str:
    for name in names:
        if name in used:
            return used[name]
    raise ToolError(f"found no line '{names[0]}' in a utilization report; hand the whole report")
