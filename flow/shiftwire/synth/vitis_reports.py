"""Reads what Vitis HLS writes: csynth.xml and the co-simulation report.

Untested against the real tool: the forms are those of published reports of versions 2020.1 to 2024.2.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from shiftwire.errors import ToolError
from shiftwire.tools.resources import Cycles, Evidence, Report, Resources

TOOL = "Vitis HLS"
MEND = "run synthesis again"


def profile_of(path: Path) -> ET.Element:
    """The root of csynth.xml."""
    try:
        return ET.parse(path).getroot()
    except (ET.ParseError, ValueError, LookupError) as error:  # also an encoding that nobody knows
        raise ToolError(f"{path} is no well-formed XML ({error}); {MEND}") from None


def csynth_reports(path: Path) -> tuple[Report, ...]:
    """Rows of csynth.xml: the top, then every instance below it by its path; figures are the tool's estimates."""
    profile = profile_of(path)
    top = Report(
        unit=_text(profile, "UserAssignments/TopModelName", path),
        evidence=Evidence.MODELLED,
        tool=TOOL,
        version=_text(profile, "ReportVersion/Version", path),
        part=_text(profile, "UserAssignments/Part", path),
        clock_ns=_nanoseconds(_text(profile, "UserAssignments/TargetClockPeriod", path), path),
    )
    modules = {_text(module, "Name", path): module for module in profile.iterfind("ModuleInformation/Module")}
    hierarchy = profile.find("RTLDesignHierarchy/TopModule")
    below = () if hierarchy is None else _instances(hierarchy, "", path)
    rows = (replace(_estimates(modules[name], top, path), unit=unit) for unit, name in below if name in modules)
    return (_estimates(profile, top, path), *rows)


def cosim_report(path: Path, synthesis: Report) -> Report:
    """The row of a co-simulation that passed, of what `synthesis` names; raises ToolError for one that did not."""
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0] in ("Verilog", "VHDL") and len(cells) >= 8 and cells[1] not in ("NA", ""):
            return _simulated(cells, path, synthesis)
    raise ToolError(f"found no simulated language in {path}; run co-simulation again")


def _simulated(cells: list[str], path: Path, synthesis: Report) -> Report:
    if cells[1].lower() != "pass":
        raise ToolError(f"co-simulation ended with '{cells[1]}' in {path}; read the log beside it")
    latency, interval = _cycles(cells[2], cells[4]), _cycles(cells[5], cells[7])
    return replace(
        synthesis, evidence=Evidence.SIMULATED, resources=None, reached_ns=None, latency=latency, interval=interval
    )


def _instances(module: ET.Element, above: str, path: Path) -> Iterator[tuple[str, str]]:
    """Path and module name of everything below a module, depth first."""
    for instance in module.iterfind("InstancesList/Instance"):
        unit = above + _text(instance, "InstName", path)
        yield unit, _text(instance, "ModuleName", path)
        yield from _instances(instance, f"{unit}/", path)


def _estimates(element: ET.Element, row: Report, path: Path) -> Report:
    overall = "PerformanceEstimates/SummaryOfOverallLatency"
    reached = element.findtext("PerformanceEstimates/SummaryOfTimingAnalysis/EstimatedClockPeriod")
    pipelined = element.findtext(f"{overall}/PipelineInitiationInterval", "").split("~")
    interval = _cycles(
        element.findtext(f"{overall}/Interval-min", pipelined[0]),
        element.findtext(f"{overall}/Interval-max", pipelined[-1]),
    )
    return replace(
        row,
        reached_ns=None if reached is None else _nanoseconds(reached, path),
        resources=_resources(element, path),
        latency=_cycles(
            element.findtext(f"{overall}/Best-caseLatency", ""), element.findtext(f"{overall}/Worst-caseLatency", "")
        ),
        interval=interval,
    )


def _nanoseconds(text: str, path: Path) -> float:
    try:
        return float(text)
    except ValueError:
        raise ToolError(f"found '{text}' for a clock period in {path}, wanted nanoseconds; {MEND}") from None


def _resources(element: ET.Element, path: Path) -> Resources:
    def number(name: str) -> int:
        text = _text(element, f"AreaEstimates/Resources/{name}", path)
        if not text.isdecimal():
            raise ToolError(f"found '{text}' for {name} in {path}, wanted a number; {MEND}")
        return int(text)

    # older versions leave URAM out for parts that have none
    uram = number("URAM") if element.find("AreaEstimates/Resources/URAM") is not None else 0
    return Resources(number("LUT"), number("FF"), number("BRAM_18K") / 2, number("DSP"), uram)


def _cycles(least: str, most: str) -> Cycles | None:
    """None for what the tool could not tell: undef, NA, ?."""
    least, most = least.strip(), most.strip()
    return Cycles(int(least), int(most)) if least.isdecimal() and most.isdecimal() else None


def _text(element: ET.Element, name: str, path: Path) -> str:
    text = element.findtext(name)
    if text is None:
        raise ToolError(f"found no {name} in {path}, as a finished report has; {MEND}")
    return text.strip()
