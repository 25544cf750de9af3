"""shiftwire explore: the exact Pareto front of a network's folds on a board."""

from __future__ import annotations

import argparse
import csv
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shiftwire import api
from shiftwire.cli.explore_trials import add_trials, is_search, search
from shiftwire.cli.network_options import (
    BOARD,
    add_dsp,
    add_network,
    dsp_of,
    folds_of,
    read_network,
    same_options,
)
from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, print_table, progress, quoted, say
from shiftwire.errors import ExitCode
from shiftwire.explore.front import Objectives, Point
from shiftwire.explore.front_file import Front, front_json
from shiftwire.passes.forms.factor_choice import FactorForm
from shiftwire.passes.forms.rescale_choice import Rescale
from shiftwire.project.project import Backend
from shiftwire.reports.table import in_halves
from shiftwire.tools.atomic import check_outputs, replaced_file
from shiftwire.tools.process import Progress

PATIENCE_S = 2.0
"""Before anybody wants to see progress."""

COLUMNS = (
    "pick",
    "cycles",
    "frames/s",
    "LUT",
    "BRAM36",
    "LUT of FIFOs",
    "BRAM36 of FIFOs",
    "latency",
    "DSP",
    "LUT saved",
    "fits",
)


def add(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `explore` and its options."""
    parser = add_verb(
        verbs,
        "explore",
        "list what no other choice beats: the folds of an exact network, or weights, bits and folds of a float one",
        "shiftwire explore float.onnx --calibrate x.npz --board pynq-z2 -o front.json, then "
        "shiftwire convert --from front.json --pick 7 -o build/model",
    )
    add_network(parser, reads="exact ONNX file, or a float one with --calibrate")
    parser.add_argument(
        "--objectives",
        choices=[choice.value for choice in Objectives],
        default=Objectives.TWO.value,
        metavar="|".join(choice.value for choice in Objectives),
        help="what no other point may have less of; with bram36 among them there are many points (default: cycles,lut)",
    )
    parser.add_argument("--bram36", type=float, metavar="N", help="block RAM of layers (default: what the board has)")
    parser.add_argument("--csv", type=Path, metavar="F", help="also write the table as a CSV file")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FRONT.json",
        help="what convert --from reads (default: none; of a float network <name of the model>_front.json, with a "
        "journal and a folder of exact files beside it)",
    )
    parser.add_argument("--json", action="store_true", help="print the same as one JSON object")
    add_dsp(parser, "points with adders of adder layers in DSP blocks too")
    add_trials(parser)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Explore, print, and write what is asked for; raises InputError where nothing fits."""
    if is_search(arguments):
        return search(arguments)
    check_outputs({"-o": arguments.output, "--csv": arguments.csv}, {"the exact network": arguments.model})
    note(f"exploring {arguments.model} for {arguments.board or BOARD}")
    network = read_network(arguments)
    with progress("exploring", is_silent=arguments.json) as report:
        front = api.explore(
            network,
            arguments.board or BOARD,
            arguments.clock_ns,
            folds=folds_of(arguments),
            objectives=Objectives(arguments.objectives),
            bram36=arguments.bram36,
            backend=Backend(arguments.backend),
            rescale=Rescale(arguments.rescale),
            factors=FactorForm(arguments.factors),
            dsp=dsp_of(arguments),
            report=_patient(report, time.monotonic),
        )
    if arguments.csv is not None:
        replaced_file(arguments.csv, _csv_text(front))
        note(f"wrote {arguments.csv}")
    if arguments.output is not None:
        replaced_file(arguments.output, json.dumps(front_json(front), indent=1) + "\n")
        note(f"wrote {arguments.output}")
    if arguments.json:
        print_json(front_json(front))
        return ExitCode.OK
    print_table(COLUMNS, [_cells(point) for point in front.points])
    say(_meaning(front))
    file = quoted(arguments.output) if arguments.output else "FRONT.json"
    ahead = "" if arguments.output else "explore again with -o FRONT.json; "
    say(
        f"next: {ahead}shiftwire convert {quoted(arguments.model)} --from {file} --pick {front.points[0].name}"
        f"{same_options(arguments)}"
    )
    return ExitCode.OK


def _meaning(front: Front) -> str:
    """What the table promises."""
    few = "as few cycles" if front.objectives is Objectives.TWO else "as few cycles and as little block RAM"
    adders = "; where blocks add, that is before they do" if any(point.saved_lut for point in front.points) else ""
    return (
        f"modelled, for {front.board.part} at {front.clock_ns:g} ns, within {in_halves(front.most_bram36)} BRAM36: at "
        f"{few} no other folds take fewer LUTs of layers and what is between them{adders}; FIFOs follow from the choice"
    )


def _patient(report: Progress, now: Callable[[], float]) -> Progress:
    """Silent at first."""
    start = now()
    return lambda done, total: report(done, total) if now() - start > PATIENCE_S else None


def _cells(point: Point) -> tuple[Any, ...]:
    return (
        point.name,
        point.cycles,
        round(point.frames_per_second),
        point.cost.lut,
        point.cost.bram36,
        point.fifos.lut,
        point.fifos.bram36,
        point.latency_cycles,
        point.dsp,
        point.saved_lut,
        "yes" if point.fits else "no",
    )


def _csv_text(front: Front) -> str:
    """One row a point."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(
        (
            "pick",
            "cycles",
            "frames_per_second",
            "lut",
            "bram36",
            "fifo_lut",
            "fifo_bram36",
            "latency_cycles",
            "dsp",
            "saved_lut",
            "fits",
        )
    )
    table.writerows((*_cells(point)[:2], point.frames_per_second, *_cells(point)[3:]) for point in front.points)
    return text.getvalue()
