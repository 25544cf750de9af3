"""Rank correlations of metrics with units whose LUTs, cycles and widths are chosen by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import shiftwire.costs
from metrics import correlations
from shiftwire.costs.model import family_model
from shiftwire.costs.table import Row, read_table
from shiftwire.ir.module import Pe

TABLE = Path(shiftwire.costs.__file__).with_name("units.csv.gz")


def unit(pe: int, cycles: int, lut: int) -> Row:
    """One that sums shifted codes, as it was counted but for these."""
    rows = (row for row in read_table(TABLE) if row.family == "xc7" and row.facts.get("KIND") == Pe.SHIFT.value)
    own = next(rows)
    known = {**own.facts, "PE": pe, "CYCLES": cycles}
    return replace(own, facts=known, counted=replace(own.counted, lut=lut))


def test_speed_is_ranked_by_luts_times_cycles() -> None:
    """LUTs rise with lanes, cycles fall faster: metrics of a cycle rank LUTs, those of a position what is left."""
    rows = [unit(1, 64, 10), unit(2, 16, 30), unit(4, 4, 70)]  # 640, 480 and 280 LUT-cycles
    lines = list(correlations(rows, family_model("xc7")))
    assert "LUTs of 3 units that sum" in lines[0]
    assert [line for line in lines if line.startswith("| taps |")] == ["| taps | 1.000 |"] * 2
    assert "| cycles | 1.000 |" in lines
    slow = [unit(1, 64, 10), unit(2, 16, 50), unit(4, 4, 300)]  # 640, 800 and 1,200
    assert "| cycles | -1.000 |" in list(correlations(slow, family_model("xc7")))
