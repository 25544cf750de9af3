"""shiftwire synth: what the project's SystemVerilog takes of its part, counted from a netlist."""

from __future__ import annotations

import argparse
from pathlib import Path

from shiftwire.cli.synth_text import print_counts, synth_json
from shiftwire.cli.terminal import Verbs, add_verb, note, print_json
from shiftwire.fitting import slower_design
from shiftwire.project import Project, load_project
from shiftwire.report_rows import write_rows
from shiftwire.schedule import Design
from shiftwire.synth import FILE, SynthReport, Top, synthesise

TOOLS = ("yosys", "vitis", "vivado")


def add(verbs: Verbs) -> argparse.ArgumentParser:
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
    parser.add_argument("--units", action="store_true", help="print a line for every unit, not only every layer")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    project = load_project(arguments.project)
    return _run_yosys(project, arguments)


def _run_yosys(project: Project, arguments: argparse.Namespace) -> int:
    top = Top(arguments.top)
    note(f"mapping {project.rtl_dir} to {project.design.board.part}: seconds for a small network, else many minutes")
    report = synthesise(project, top)
    if top is Top.NETWORK:
        write_rows(project.reports_dir / FILE, report.rows)
    slower = slower_design(project.design, report.whole) if report.overruns else None
    if arguments.json:
        print_json(synth_json(report, slower))
    else:
        print_counts(report, arguments.units)
    if report.overruns:
        note(overrun(report, slower))
    return 1 if report.overruns else 0


def overrun(report: SynthReport, slower: Design | None) -> str:
    """One sentence: which resource is short by how much, and what would fit."""
    board = report.project.design.board
    short = " and ".join(
        f"{use.used:,.6g} {use.name} where {use.room:,} are left beside DMA and interconnect "
        f"({use.used - use.room:,.6g} too many)"
        for use in report.overruns
    )
    if slower is None:
        mend = "no slower fold would fit either (modelled), so take a larger board or a smaller network"
    else:
        fps = int(slower.frames_per_second)
        mend = f"folds for {fps:,} frames/s would fit (modelled): convert the model again with --fps {fps}"
    return f"too large for {board.title}: it takes {short}; {mend}"
