"""shiftwire cosim: the SystemVerilog of a project, simulated cycle by cycle."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from shiftwire.cli.csim import counted, first_json, print_layers, say_first, say_score, score_json, warn_of_vacuous
from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, print_table, progress, say
from shiftwire.errors import ExitCode, InputError
from shiftwire.project.data import load_data
from shiftwire.project.project import Project, golden_codes, load_project
from shiftwire.project.report_rows import as_json, write_rows
from shiftwire.synth.vendor_runs import vitis_for, vitis_simulation
from shiftwire.verify.cosim import FILE, CosimReport, Verilator, cosim, simulated_rows
from shiftwire.verify.rtl_simulator import FREE, Conditions
from shiftwire.verify.values import scores_of

WAVES = (".fst", ".vcd")

CONDITIONS = {
    **dict.fromkeys(("data", "frames", "wave"), None),
    **{"stall": 0.0, "seed": 1, "reset_every": 0, "reset_at": 0},
    **dict.fromkeys(("primitives", "layers"), False),
}
"""What Verilator alone takes, and what it is where nobody says."""


def add(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `cosim` and its options."""
    parser = add_verb(
        verbs,
        "cosim",
        "simulate the SystemVerilog of a project: every layer's codes, cycles per frame, latency, buffers",
        "shiftwire cosim build/model --data test.npz --frames 8 --stall 0.3",
    )
    parser.add_argument("project", type=Path, help="folder that 'shiftwire convert' wrote")
    parser.add_argument(
        "--tool",
        choices=("verilator", "vitis"),
        default="verilator",
        help="vitis: hls/ by Vitis HLS's own co-simulation",
    )
    parser.add_argument(
        "--data", type=Path, help=".npz with x (N, ...) in the model's layout, or .npy (default: extremes)"
    )
    parser.add_argument("--frames", type=int, metavar="N", help="at most so many samples (default: all)")
    parser.add_argument("--stall", type=float, metavar="P", help="share of cycles in which each side stalls")
    parser.add_argument("--seed", type=int, help="of the stalls (1)")
    parser.add_argument("--reset-every", type=int, metavar="N", help="reset after every N frames")
    parser.add_argument("--reset-at", type=int, metavar="CYCLE", help="reset once in the midst of work")
    parser.add_argument("--primitives", action="store_true", help="LUTs and carry chains, not plain operators (slow)")
    parser.add_argument("--wave", type=Path, metavar="FILE", help="record all signals, into a .fst or .vcd file")
    parser.add_argument("--layers", action="store_true", help="print a line for every layer and every buffer")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(**CONDITIONS)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """FAILED_CHECK where codes, cycles or buffers are not as predicted; a right run without stalls is kept."""
    conditions = _conditions(arguments)
    project = load_project(arguments.project)
    if arguments.tool == "vitis":
        return _run_vitis(project, arguments)
    network = project.design.network
    data = load_data(arguments.data, network) if arguments.data else None
    codes = (golden_codes(network) if data is None else data.codes)[: arguments.frames]
    if arguments.reset_every >= len(codes):
        raise InputError(
            f"--reset-every {arguments.reset_every} never comes in {len(codes)} frames; give less, or more"
        )
    project.rtl_sources()
    note(f"building the simulation of {project.rtl_dir}, or finding it built")
    with progress("simulating") as report_progress:
        engine = Verilator(project, conditions, arguments.primitives, arguments.wave, report_progress)
        report = cosim(engine, codes)
    if report.passed and conditions == FREE:
        write_rows(project.reports_dir / FILE, simulated_rows(project, report))
    is_whole = data is not None and len(codes) == len(data.codes)
    scores = scores_of(network, report.comparison.output, data.labels) if data is not None and is_whole else {}
    if arguments.json:
        print_json(_as_json(report) | score_json(scores))
    else:
        _print(report, arguments.layers)
        say_score(scores)
    if arguments.wave is not None:
        note(f"wrote {arguments.wave}")
    if arguments.reset_at > report.last_cycle:
        note(f"warning: the run ended at cycle {report.last_cycle}, before --reset-at {arguments.reset_at}")
    warn_of_vacuous([report.comparison])
    return ExitCode.OK if report.passed else ExitCode.FAILED_CHECK


def _run_vitis(project: Project, arguments: argparse.Namespace) -> int:
    """Co-simulation of hls/ on its own test bench, whose frames are those of tb_data."""
    others = [f"--{name.replace('_', '-')}" for name, usual in CONDITIONS.items() if getattr(arguments, name) != usual]
    if others:
        raise InputError(
            f"{others[0]} is for Verilator; Vitis HLS runs the frames of hls/tb_data: leave out {others[0]}"
        )
    row = vitis_simulation(project, vitis_for(project))
    if arguments.json:
        print_json(as_json(row))
        return ExitCode.OK
    say(f"cosim ({row.tool} {row.version}, {row.part}): every code of tb_data is right")
    predicted = {"latency": None, "between frames": project.design.timing.hls_interval}
    for what, cycles in (("latency", row.latency), ("between frames", row.interval)):
        if cycles is not None:
            beside = "" if predicted[what] is None else f" (predicted {predicted[what]:,})"
            say(f"{what}: {cycles.least:,} to {cycles.most:,} cycles of the C++{beside}")
    return ExitCode.OK


def _conditions(arguments: argparse.Namespace) -> Conditions:
    if not 0 <= arguments.stall < 1:
        raise InputError(f"--stall {arguments.stall:g} would never end or means nothing; give 0 to 0.99")
    if arguments.frames is not None and arguments.frames < 1:
        raise InputError(f"--frames {arguments.frames} would simulate nothing; give at least 1")
    if arguments.wave is not None:
        _check_wave(arguments.wave)
    if min(arguments.reset_every, arguments.reset_at) < 0:
        raise InputError("a reset before the first cycle resets nothing; give --reset-every and --reset-at 0 or more")
    return Conditions(arguments.stall, arguments.seed, arguments.reset_every, arguments.reset_at)


def _check_wave(wave: Path) -> None:
    if wave.suffix.lower() not in WAVES:
        raise InputError(f"found the wave file {wave}, wanted one that ends in .fst or .vcd")
    is_new = not wave.exists()
    try:
        with wave.open("ab"):
            pass
        if is_new:
            wave.unlink()
    except OSError as error:
        raise InputError(f"cannot write the wave file {wave} ({error.strerror}); name another") from None


def _print(report: CosimReport, with_layers: bool) -> None:
    comparison = report.comparison
    if with_layers:
        print_layers(comparison)
        uses = [
            (use.stream, use.most, "-" if use.predicted is None else use.predicted, use.depth) for use in report.buffers
        ]
        print_table(("buffer", "most held", "predicted", "depth"), uses)
    say(
        f"cosim ({report.tool}): {counted(comparison.samples, 'frame')}, "
        f"{comparison.different} of {comparison.compared} codes differ "
        f"({comparison.seconds_build:.1f} s build, {report.cycles_per_second:,.0f} cycles/s)"
    )
    say_first(comparison.first_difference)
    cycles = report.cycles
    stalled = f" with stalls in {report.stall:.0%} of the cycles of both sides" if report.stall else ""
    of = "cycles of the SystemVerilog"
    say(f"latency: {cycles.latency:,} {of}{_beside(cycles.latency_predicted)}{stalled}")
    if cycles.interval is not None:
        say(f"between frames: {cycles.interval:,} {of}{_beside(cycles.interval_predicted)}{stalled}")
    if not cycles.agree:
        say("these cycles are not those predicted; report this, please")
    if report.surprises:
        say(f"buffers that held other than predicted: {', '.join(report.surprises)}")


def _beside(predicted: int | None) -> str:
    return "" if predicted is None else f" (predicted {predicted:,})"


def _as_json(report: CosimReport) -> dict[str, object]:
    comparison = report.comparison
    return {
        "tool": report.tool,
        "kind": "simulated",
        "frames": comparison.samples,
        "stall": report.stall,
        "seconds_build": comparison.seconds_build,
        "last_cycle": report.last_cycle,
        "cycles_per_second": report.cycles_per_second,
        **dataclasses.asdict(report.cycles),
        "buffers": [dataclasses.asdict(use) for use in report.buffers],
        "layers": [dataclasses.asdict(layer) for layer in comparison.layers],
        **first_json(comparison.first_difference),
    }
