"""shiftwire csim: bit-exact C-simulation of a project."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path

from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, print_table, progress, say
from shiftwire.errors import ExitCode, InputError
from shiftwire.native.program import STATED
from shiftwire.numbers.fixed import NarrowCodes
from shiftwire.project.data import load_codes
from shiftwire.project.project import Project, load_project
from shiftwire.project.scores import Score
from shiftwire.reports.design_text import iterations
from shiftwire.tools.process import Progress
from shiftwire.verify.comparison import Comparison, compared
from shiftwire.verify.csim import Csim
from shiftwire.verify.junit import write_junit
from shiftwire.verify.native import CHECKED, Bounded, Native
from shiftwire.verify.tally import Difference
from shiftwire.verify.values import ValueDifference, scores_of

MOST_LATENCY = 1000
"""No pipeline of ours is nearly as long."""


def add(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `csim` and its options."""
    parser = add_verb(
        verbs,
        "csim",
        "C-simulate a project and compare every code of every layer with the specification",
        "shiftwire csim build/model --data test.npz --layers",
    )
    parser.add_argument("project", type=Path, help="folder that 'shiftwire convert' wrote")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help=".npz with x (N, ...) in the model's layout and, where there are some, labels y; or .npy",
    )
    engines = parser.add_mutually_exclusive_group()
    engines.add_argument("--native", action="store_true", help="on native integers: thousands of samples a second")
    engines.add_argument("--bounded", action="store_true", help="on FIFOs of the emitted depth, every cycle counted")
    parser.add_argument(
        "--latency", type=int, metavar="CYCLES", help="with --bounded: of every unit's pipeline (what each states)"
    )
    parser.add_argument(
        "--check", type=int, default=CHECKED, metavar="N", help="with --native: samples whose layers are compared (64)"
    )
    parser.add_argument("--layers", action="store_true", help="print a line for every layer")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML for a CI server")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """FAILED_CHECK where a code differs; a layer whose outputs never vary is named, since it shows nothing."""
    project = load_project(arguments.project)
    codes, labels = load_codes(arguments.data, project.design.network)
    if not arguments.json:
        note(f"compiling {project.hls_dir}")
    with progress("C-simulating", is_silent=arguments.json) as report_progress:
        report, interval = _simulated(project, codes, arguments, report_progress)
    scores = scores_of(project.design.network, report.output, labels)
    if arguments.junit is not None:
        write_junit(report, arguments.junit)
    if arguments.json:
        counted_json = {} if interval is None else {"interval_cycles": interval}
        print_json(as_json(report) | counted_json | score_json(scores))
    else:
        _print(report, arguments.layers)
        if interval is not None:
            say(f"slowest unit of the C++: {iterations(interval)} a frame, counted")
        say_score(scores)
    warn_of_vacuous([report])
    return ExitCode.FAILED_CHECK if report.different else ExitCode.OK


def _simulated(
    project: Project, codes: NarrowCodes, arguments: argparse.Namespace, report: Progress
) -> tuple[Comparison, int | None]:
    """What was compared, and the cycles between frames where the engine counts them."""
    if arguments.check < 1:
        raise InputError(f"--check {arguments.check} would compare nothing; give at least 1")
    if arguments.latency is not None and not (arguments.bounded and 0 <= arguments.latency <= MOST_LATENCY):
        raise InputError(
            f"found --latency {arguments.latency}; give 0 to {MOST_LATENCY} cycles, and --bounded, whose FIFOs feel it"
        )
    if arguments.native:
        return compared(Native(project), codes, checked=arguments.check, progress=report), None
    if not arguments.bounded:
        return compared(Csim(project), codes, progress=report), None
    engine = Bounded(project, STATED if arguments.latency is None else arguments.latency)
    return compared(engine, codes, progress=report), max(engine.cycles.values())


def as_json(report: Comparison) -> dict[str, object]:
    """The object that --json prints; `first_difference` only where there is one."""
    return {
        "engine": report.engine.value,
        "samples": report.samples,
        "checked": report.checked,
        "seconds_compile": report.seconds_build,
        "samples_per_second": report.samples_per_second,
        "layers": [dataclasses.asdict(layer) for layer in report.layers],
        **first_json(report.first_difference),
    }


def score_json(scores: Mapping[str, Score]) -> dict[str, object]:
    """The members that tell how near the outputs come to the labels, several by their names; none without labels."""
    if not scores:
        return {}
    of_each = {name: score.to_json() for name, score in scores.items()}
    return next(iter(of_each.values())) | ({"outputs": of_each} if len(scores) > 1 else {})


def say_score(scores: Mapping[str, Score]) -> None:
    """The figure that fits the labels' task, of several outputs each; nothing without labels."""
    for name, score in scores.items():
        say(score.sentence if len(scores) == 1 else f"{name}: {score.sentence}")


def print_layers(report: Comparison) -> None:
    """The table of layers."""
    rows = [(layer.name, layer.compared, layer.different, layer.live) for layer in report.layers]
    print_table(("layer", "codes compared", "different", "live outputs"), rows)


def say_first(first: Difference | ValueDifference | None, head: str = "first difference") -> None:
    """A sentence under a head; nothing where nothing differs."""
    if first is not None:
        say(f"{head}: {first.sentence()}")


def first_json(first: Difference | ValueDifference | None) -> dict[str, object]:
    """The member `first_difference`; none where nothing differs."""
    return {} if first is None else {"first_difference": dataclasses.asdict(first)}


def warn_of_vacuous(reports: Iterable[Comparison]) -> None:
    """A line on standard error for every layer that showed nothing, once however many comparisons say so."""
    for name in dict.fromkeys(name for report in reports for name in report.vacuous):
        note(f"warning: no output of layer '{name}' varies over these samples, so its agreement proves nothing")


def counted(count: int, what: str) -> str:
    """1 pair, 2 pairs."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def _print(report: Comparison, with_layers: bool) -> None:
    if with_layers:
        print_layers(report)
    say(
        f"{report.engine.value}: {counted(report.samples, 'sample')}, "
        f"{report.different} of {report.compared} codes differ "
        f"({report.seconds_build:.1f} s compile, {report.samples_per_second:.0f} samples/s)"
    )
    say_first(report.first_difference)
