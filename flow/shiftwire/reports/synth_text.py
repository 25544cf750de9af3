"""How counts of synthesis are shown: tables by layer and unit, shares of the board, JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from shiftwire.project.report_rows import Rows
from shiftwire.reports.table import Table
from shiftwire.schedule.adder_blocks import saved
from shiftwire.schedule.design import Design
from shiftwire.synth.counts import SynthReport
from shiftwire.synth.speed import LABEL, UnitSpeed
from shiftwire.tools.resources import Resources

COUNTS = ("LUT", "FF", "BRAM36", "LUTRAM", "SRL", "DSP")
NO_PLACEMENT = "synthesised, no place and route"


def count_tables(report: SynthReport, with_units: bool) -> Iterator[Table | str]:
    """Counts by layer, by unit where asked for, and of the whole beside what the board has."""
    if with_units:
        rows = [
            (row.unit, report.modules.get(row.unit, "-"), *counts(row.resources))
            for row in report.rows.rows[1:]
            if row.resources is not None
        ]
        yield Table(("unit", "module", *COUNTS), rows)
    layers = report.rows.by_layer().items()
    share = report.whole.lut / 100 or 1
    yield Table(
        ("layer", *COUNTS, "% of LUT"), [(name, *counts(each), float(each.lut / share)) for name, each in layers]
    )
    whole, board = report.whole, report.project.design.board
    yield f"{report.rows.whole.unit}: {counted(whole)}"
    shares = ", ".join(f"{use.percent:.1f} % of {use.room:,} {use.name}" for use in report.uses)
    yield f"of {board.title} beside DMA and interconnect: {shares}"
    yield f"{evidence(report)}; {blocks(report)}"


def speed_tables(speeds: Sequence[UnitSpeed]) -> Iterator[Table | str]:
    """The slowest first."""
    if speeds:
        rows = [
            (each.module, " ".join(each.units), each.routed.fmax_mhz, each.routed.cells, each.routed.ff)
            for each in speeds
        ]
        yield Table(("module", "units", "MHz", "ECP5 cells", "FF"), rows)
        slowest = speeds[0].routed
        yield f"slowest unit: {slowest.fmax_mhz:g} MHz on {slowest.part} ({slowest.tool}): {LABEL}"


def row_tables(rows: Rows) -> Iterator[Table | str]:
    """What a vendor's tool told."""
    table = [(row.unit, *counts(row.resources)) for row in rows.rows if row.resources is not None]
    yield Table(("unit", *COUNTS), table)
    whole = rows.whole
    reached = "" if whole.reached_ns is None else f", {whole.reached_ns:.2f} ns reached"
    clock = "" if whole.clock_ns is None else f", {whole.clock_ns:g} ns asked for{reached}"
    yield f"{whole.tool} {whole.version}, {whole.part}{clock}: {whole.evidence.value}"


def counts(each: Resources) -> tuple[object, ...]:
    """The cells under COUNTS."""
    cells = (each.lut, each.ff, float(each.bram36), each.lutram, each.srl, each.dsp)
    return tuple("-" if cell is None else cell for cell in cells)


def counted(whole: Resources) -> str:
    """One line; LUT are those of slices."""
    memory = "" if whole.lutram is None else f" ({whole.lutram:,} LUTRAM, {whole.srl or 0:,} SRL)"
    return f"{whole.lut:,} LUT{memory}, {whole.ff:,} FF, {whole.bram36:g} BRAM36, {whole.dsp:,} DSP"


def evidence(report: SynthReport) -> str:
    """Tool, version and part, and that nothing was placed."""
    row = report.rows.whole
    return f"{row.tool} {row.version}, {row.part}: {NO_PLACEMENT}"


def blocks(report: SynthReport) -> str:
    """Why there are DSP blocks, or why none."""
    adding = saved(report.project.design.rtl).blocks
    if adding and adding == report.whole.dsp:
        return f"{adding:,} DSP add, none multiplies"
    if not report.blocks_allowed:
        return "integer layers multiply in LUTs"
    if report.whole.dsp:
        return f"{report.whole.dsp:,} DSP, as integer layers asked for"
    return "0 DSP though any product could have become one"


def synth_json(report: SynthReport, slower: Design | None, speeds: Sequence[UnitSpeed] | None) -> dict[str, object]:
    """All that was counted; `evidence` stands once for every figure."""
    whole = report.rows.whole
    units = [
        {"unit": row.unit, "module": report.modules.get(row.unit), "layer": report.rows.layer_of.get(row.unit)}
        | _counts_json(row.resources)
        for row in report.rows.rows[1:]
    ]
    return {
        "tool": whole.tool,
        "version": whole.version,
        "part": whole.part,
        "board": report.project.design.board.name,
        "evidence": NO_PLACEMENT,
        "top": report.top.value,
        "whole": _counts_json(whole.resources),
        "board_beside_shell": {
            use.name: {"used": use.used, "room": use.room, "percent": use.percent} for use in report.uses
        },
        "fits": not report.overruns,
        "dsp_allowed": report.blocks_allowed,
        "layers": {name: _counts_json(each) for name, each in report.rows.by_layer().items()},
        "units": units,
        "netlist": str(report.netlist),
        **({} if slower is None else {"would_fit": _slower_json(slower)}),
        **({} if speeds is None else {"fmax": _speeds_json(speeds)}),
    }


def _counts_json(each: Resources | None) -> dict[str, object]:
    return {} if each is None else dataclasses.asdict(each)


def _slower_json(slower: Design) -> dict[str, object]:
    return {
        "evidence": "modelled",
        "frames_per_second": slower.frames_per_second,
        "folds": {name: [fold.pe, fold.simd] for name, fold in slower.folds.items()},
    }


def _speeds_json(speeds: Sequence[UnitSpeed]) -> dict[str, object]:
    units = [{"module": each.module, "units": each.units, **dataclasses.asdict(each.routed)} for each in speeds]
    return {"evidence": LABEL, "units": units}
