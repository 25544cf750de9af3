"""Whole networks through yosys beside what models say of them: `make campaign-netlists`; resumable, net by net.

The zoo's nets, each at several shares of a PYNQ-Z2's LUTs. Counts go to flow/shiftwire/costs/networks.csv.gz, unit by
unit, so that models fitted later are held against the same netlists.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import shiftwire.costs
from shiftwire.api import convert, load_network
from shiftwire.costs.facts import facts
from shiftwire.costs.model import estimated, family_model, interval_of, total
from shiftwire.costs.table import Row, read_table, write_table
from shiftwire.errors import ShiftwireError
from shiftwire.project.project import Backend
from shiftwire.schedule.design import Target
from shiftwire.synth.counts import family, synthesise
from shiftwire.tools.yosys import yosys_version
from structure import exported
from zoo import ENTRIES

BOARD = "pynq-z2"
SHARES = (25.0, 12.0, 50.0)
PAGE = Path("docs/predict.md")
BEGIN, END = "<!-- networks -->", "<!-- these -->"
TABLE = Path(shiftwire.costs.__file__).with_name("networks.csv.gz")


@dataclass(frozen=True)
class Case:
    """A net at a share of the board's LUTs."""

    number: int
    net: str
    percent: float

    @property
    def name(self) -> str:
        return f"{self.net} at {self.percent:g} %"


def cases(nets: list[str]) -> Iterator[Case]:
    for step, percent in enumerate(SHARES):
        for at, entry in enumerate(ENTRIES):
            if not nets or entry.name in nets:
                yield Case(step * len(ENTRIES) + at, entry.name, percent)


def rows_of(case: Case, folder: Path) -> list[Row]:
    """Every unit, counted as `shiftwire synth` counts it; the smallest design where none fits the share."""
    exported(case.net, folder)
    network = load_network(folder / f"{case.net}.onnx")
    output = folder / "netlists" / f"{case.net}-{case.percent:g}"
    try:
        target = Target(lut_percent=case.percent)
        project = convert(network, BOARD, output, target=target, backend=Backend.RTL)
    except ShiftwireError:
        project = convert(network, BOARD, output, backend=Backend.RTL)
    report = synthesise(project)
    counted = {row.unit: row.resources for row in report.rows.rows}
    rtl, own = project.design.rtl, family(project.design.board).value
    return [
        Row(own, case.number, case.name, unit.module.name, facts(rtl, unit), counted[unit.name]) for unit in rtl.units
    ]


def told(rows: list[Row]) -> str:
    """Counted and modelled, and whether the interval holds it."""
    model = family_model(rows[0].family)
    whole = total(estimated(model, row.module, row.facts) for row in rows)
    least, most = interval_of(model, whole)
    lut, bram36 = sum(row.counted.lut for row in rows), sum(row.counted.bram36 for row in rows)
    error = 100 * (whole.resources.lut / lut - 1)
    return (
        f"{len(rows)} units, {lut:,} LUT counted, {whole.resources.lut:,} modelled ({error:+.1f} %, "
        f"{'within' if least <= lut <= most else 'OUTSIDE'} {least:,} to {most:,}); "
        f"{bram36:g} BRAM36 counted, {whole.resources.bram36:g} by formula"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", help="names of the zoo (default: all)")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/zoo"))
    parser.add_argument("--read-only", action="store_true", help="tell what was counted before")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    rows = list(read_table(TABLE)) if TABLE.is_file() else []
    for case in cases(arguments.nets):
        own = [row for row in rows if row.layer == case.name]
        if not own and not arguments.read_only:
            own = rows_of(case, arguments.output)
            rows += own
            write_table(rows, TABLE, yosys_version())
        if own:
            print(f"{case.name}: {told(own)}", flush=True)
    names = list(dict.fromkeys(row.layer for row in rows))
    lines = [f"* {name} of a PYNQ-Z2: {told([row for row in rows if row.layer == name])}." for name in names]
    start, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    PAGE.write_text(start + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest.split(END, 1)[1], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
