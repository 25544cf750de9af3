"""shiftwire synth: what the project's SystemVerilog takes of its part, counted from a netlist."""

from __future__ import annotations

import argparse
from pathlib import Path

from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, progress, show, still_at
from shiftwire.errors import ExitCode, InputError
from shiftwire.project.project import Project, load_project
from shiftwire.project.report_rows import Rows, as_json, write_rows
from shiftwire.reports.synth_text import count_tables, row_tables, speed_tables, synth_json
from shiftwire.reports.table import figure
from shiftwire.schedule.design import Design
from shiftwire.synth.counts import FILE, SynthReport, Top, synthesise
from shiftwire.synth.fitting import slower_design
from shiftwire.synth.speed import LABEL, UnitSpeed, unit_speeds
from shiftwire.synth.vendor_runs import vitis_for, vitis_synthesis, vivado_rows

TOOLS = ("yosys", "vitis", "vivado")


def add(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `synth` and its options."""
    parser = add_verb(
        verbs,
        "synth",
        "count what a project takes of its part: LUT, FF, BRAM36, DSP of every unit and layer",
        "shiftwire synth build/model --tool yosys",
    )
    parser.add_argument("project", type=Path, help="folder that 'shiftwire convert' wrote")
    parser.add_argument("--tool", choices=TOOLS, default="yosys", help="what maps it (default: yosys)")
    parser.add_argument(
        "--top",
        choices=[top.value for top in Top],
        default=Top.NETWORK.value,
        help="the network alone, or with the AXI shell around it (default: network)",
    )
    parser.add_argument("--fmax", action="store_true", help=f"also route every unit on ECP5: {LABEL}")
    parser.add_argument("--units", action="store_true", help="print a line for every unit, not only every layer")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """With yosys FAILED_CHECK where the part has too little of something; a vendor's tool only tells its figures."""
    project = load_project(arguments.project)
    if arguments.fmax and arguments.tool != "yosys":
        raise InputError("--fmax is a check by open tools; leave out --tool")
    match arguments.tool:
        case "vitis":
            note(f"synthesising {project.hls_dir}")
            rows, missed = vitis_synthesis(project, vitis_for(project))
            _print_vendor(Rows(project.version_hash, rows), arguments.json)
            if missed:
                note(missed)
            return ExitCode.FAILED_CHECK if missed else ExitCode.OK
        case "vivado":
            note(f"synthesising {project.rtl_dir}")
            rows_of_units = vivado_rows(project, Top(arguments.top))
            write_rows(project.reports_dir / "vivado.json", rows_of_units)
            _print_vendor(rows_of_units, arguments.json)
            return ExitCode.OK
    return _run_yosys(project, arguments)


def _print_vendor(rows: Rows, as_one_object: bool) -> None:
    if as_one_object:
        print_json({"rows": [as_json(row) for row in rows.rows]})
    else:
        show(row_tables(rows))


def _run_yosys(project: Project, arguments: argparse.Namespace) -> int:
    top = Top(arguments.top)
    note(f"mapping {project.rtl_dir} to {project.design.board.part}: seconds for a small network, else many minutes")
    with still_at("mapping"):
        report = synthesise(project, top)
    if top is Top.NETWORK:
        write_rows(project.reports_dir / FILE, report.rows)
    if report.overruns:
        note("too large: looking for slower folds that fit")
    slower = slower_design(project.design, report.whole) if report.overruns else None
    speeds = _speeds(project) if arguments.fmax else None
    if arguments.json:
        print_json(synth_json(report, slower, speeds))
    else:
        show(count_tables(report, arguments.units))
        show(speed_tables(speeds or []))
    if report.overruns:
        note(overrun(report, slower))
    return ExitCode.FAILED_CHECK if report.overruns else ExitCode.OK


def _speeds(project: Project) -> list[UnitSpeed]:
    note("routing every distinct unit on ECP5: a few seconds each")
    with progress("routing") as report_progress:
        return unit_speeds(project, report_progress)


def overrun(report: SynthReport, slower: Design | None) -> str:
    """One sentence: which resource is short by how much, and what would fit."""
    board = report.project.design.board
    short = " and ".join(
        f"{figure(use.used)} {use.name} where {use.room:,} are left beside DMA and interconnect "
        f"({figure(use.used - use.room)} too many)"
        for use in report.overruns
    )
    if slower is None:
        mend = "no slower fold would fit either (modelled), so take a larger board or a smaller network"
    else:
        fps = int(slower.frames_per_second)
        mend = f"folds for {fps:,} frames/s would fit (modelled): convert the model again with --fps {fps}"
    return f"too large for {board.title}: it takes {short}; {mend}"
