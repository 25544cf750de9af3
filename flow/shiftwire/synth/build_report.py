"""What Vivado said of a routed bitstream: utilisation, slacks and its estimate of power, as one result and one file."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from shiftwire.errors import CheckFailedError, InputError, noted
from shiftwire.project.project import Project
from shiftwire.project.report_rows import Rows, rows_from_json, rows_json
from shiftwire.synth.vivado_power import LABEL, Power, power_report
from shiftwire.synth.vivado_reports import Timing, hierarchy_reports, timing_summary
from shiftwire.tools.atomic import replaced_file
from shiftwire.tools.json_text import parsed_json
from shiftwire.tools.resources import Evidence, Report, Resources
from shiftwire_boards import vivado
from shiftwire_boards.runtime.inner import Inner
from shiftwire_boards.vivado.cells import ACCELERATOR, NETWORK

FILE = "build.json"
"""Under reports/, what `shiftwire report` reads."""

NEAR = 0.01
"""Relative: a clocking wizard comes as near to a clock as it can."""


@dataclass(frozen=True)
class BuildReport:
    """`rows` are the whole block design, then our IPs alone where they are named; slacks are of the whole."""

    rows: Rows
    timing: Timing
    power: Power
    inner: Inner = Inner.RTL

    @property
    def whole(self) -> Report:
        """With processing system, DMA and interconnect."""
        return self.rows.whole

    @property
    def network(self) -> Report | None:
        """Our IPs alone, the network with its shell."""
        return self.rows.rows[1] if len(self.rows.rows) > 1 else None


def build_report(project: Project, folder: Path, inner: Inner = Inner.RTL) -> BuildReport:
    """Read what a build left in a folder; raises InputError or ToolError for a report that is missing or no report."""
    clock_ns = project.design.clock_ns
    texts = {name: _text(folder / name) for name in vivado.REPORTS}
    with noted(f"in {folder / vivado.UTILIZATION}"):
        rows = hierarchy_reports(texts[vivado.UTILIZATION], clock_ns)
        _check_routed(rows[0].evidence)
    with noted(f"in {folder / vivado.TIMING}"):
        timing = timing_summary(texts[vivado.TIMING])
        _clock(timing, clock_ns)
    with noted(f"in {folder / vivado.POWER}"):
        power = power_report(texts[vivado.POWER])
        _check_routed(power.evidence)
    whole = dataclasses.replace(rows[0], reached_ns=round(clock_ns - timing.worst_setup, 3))
    return BuildReport(Rows(project.version_hash, (whole, *_our_ips(rows, inner))), timing, power, inner)


def _our_ips(rows: Sequence[Report], inner: Inner) -> Iterator[Report]:
    """One row of the cells of ours; none where one of them is not named."""
    names = (ACCELERATOR,) if inner is Inner.RTL else (ACCELERATOR, NETWORK)
    cells = [[row for row in rows if row.unit.rpartition("/")[2] == name][:1] for name in names]
    parts = [row.resources for cell in cells for row in cell if row.resources is not None]
    if len(parts) == len(names):
        unit = " + ".join(cell[0].unit for cell in cells)
        yield dataclasses.replace(cells[0][0], unit=unit, resources=reduce(Resources.__add__, parts))


def check_timing(report: BuildReport) -> None:
    """Raise CheckFailedError for a slack below zero, with the clock that would do."""
    timing, asked = report.timing, report.whole.clock_ns
    assert asked is not None
    at = f"{1000 / asked:.3f} MHz"
    if timing.worst_setup < 0:
        enough = math.ceil(10 * (asked - timing.worst_setup)) / 10
        raise CheckFailedError(
            f"timing is not met: found {timing.worst_setup:.3f} ns of worst setup slack at {at}, wanted 0 or more; "
            f"convert again with less --fps, which folds more, or with a slower clock, --clock-ns {enough:g}"
        )
    if timing.worst_hold < 0:
        raise CheckFailedError(
            f"timing is not met: found {timing.worst_hold:.3f} ns of worst hold slack, wanted 0 or more; no clock "
            "mends that, so convert again with less --fps or build with another implementation strategy"
        )
    if not timing.is_met:
        raise CheckFailedError(
            f"timing is not met: found {timing.worst_pulse:.3f} ns of worst pulse width slack at {at}, wanted 0 or "
            "more; convert again with a slower clock, --clock-ns"
        )


def write_build(project: Project, report: BuildReport) -> Path:
    """Write it under reports/, whole or not at all."""
    file = project.reports_dir / FILE
    replaced_file(file, json.dumps(build_json(report), indent=1) + "\n")
    return file


def build_json(report: BuildReport) -> dict[str, Any]:
    """All figures; evidence stands in every part."""
    power = dataclasses.asdict(report.power) | {"evidence": report.power.evidence.value, "label": LABEL}
    timing = dataclasses.asdict(report.timing) | {"evidence": Evidence.ROUTED.value, "is_met": report.timing.is_met}
    return {**rows_json(report.rows), "inner": report.inner.value, "timing": timing, "power": power}


def read_build(project: Project) -> BuildReport | None:
    """None where nothing was built of this version of the project."""
    file = project.reports_dir / FILE
    if not file.is_file():
        return None
    try:
        data = parsed_json(file.read_text(encoding="utf-8"))
        timing = {name: value for name, value in data["timing"].items() if name not in ("evidence", "is_met")}
        power = {name: value for name, value in data["power"].items() if name != "label"}
        power["evidence"] = Evidence(power["evidence"])
        inner = Inner(data.get("inner", Inner.RTL.value))
        report = BuildReport(rows_from_json(data), Timing(**timing), Power(**power), inner)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{file} is damaged; remove it and build again") from None
    return report if report.rows.version_hash == project.version_hash else None


def clock_name(report: BuildReport) -> str:
    """The clock of our logic, by Vivado's name."""
    assert report.whole.clock_ns is not None
    return _clock(report.timing, report.whole.clock_ns)


def _clock(timing: Timing, wanted_ns: float) -> str:
    """That of the clocking wizard, which comes last; raises InputError where none has the period that was asked for."""
    near = [name for name, period in timing.period_ns.items() if abs(period - wanted_ns) <= NEAR * wanted_ns]
    if not near:
        clocks = ", ".join(f"{name} of {period:g} ns" for name, period in timing.period_ns.items()) or "none"
        raise InputError(
            f"found the clocks {clocks}, wanted one of {wanted_ns:g} ns; build this version of the project"
        )
    return near[-1]


def _check_routed(evidence: Evidence) -> None:
    if evidence is not Evidence.ROUTED:
        raise InputError(
            f"found a report of a design that is {evidence.value}, wanted {Evidence.ROUTED.value}; build again"
        )


def _text(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"found no {file}; run 'shiftwire build' first, on a machine with Vivado") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read ({error}); build again") from None
    if not text.strip():
        raise InputError(f"{file} is empty; build again")
    return text
