"""shiftwire measure: frames a second, latency, bit-exactness and energy of a project on a board, or a simulated one."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from shiftwire.board_sim import simulated_record
from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, progress, say
from shiftwire.data import load_data
from shiftwire.errors import InputError
from shiftwire.folder import replaced_file
from shiftwire.network import Network
from shiftwire.project import golden_codes, load_project
from shiftwire.record_html import record_html
from shiftwire.record_rows import badge_text, rows_of
from shiftwire_boards.runtime.record_json import record_to_json, write_record
from shiftwire_boards.runtime.samples import Samples

FILE = "record.json"
FRAMES = 100


def add(verbs: Verbs) -> argparse.ArgumentParser:
    parser = add_verb(
        verbs,
        "measure",
        "measure a project: frames a second, latency, cycles, bit-exactness, accuracy, energy",
        "shiftwire measure build/model --sim --data test.npz --frames 100 --html record.html",
    )
    parser.add_argument("project", type=Path, help="folder that 'shiftwire convert' wrote with rtl/")
    parser.add_argument("--sim", action="store_true", help="on a simulated board: unmodified pynq over rtl/")
    parser.add_argument("--data", type=Path, help=".npz with x, and y for the accuracy (default: extremes)")
    parser.add_argument(
        "--frames", type=int, metavar="N", help=f"so many frames, samples in turn (each once, {FRAMES} at most)"
    )
    parser.add_argument("--batch", type=int, metavar="N", help="frames of a transfer (64)", default=64)
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write the record as one HTML page")
    parser.add_argument("--json", action="store_true", help="print the record as one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    if not arguments.sim:
        raise InputError("only simulated boards can be measured from here so far; give --sim")
    for name in ("frames", "batch"):
        given = getattr(arguments, name)
        if given is not None and given < 1:
            raise InputError(f"--{name} {given} would measure nothing; give at least 1")
    project = load_project(arguments.project)
    samples = _samples(project.design.network, arguments.data, arguments.frames)
    note(f"building the simulated board of {project.rtl_dir}, or finding it built")
    with tempfile.TemporaryDirectory(prefix="shiftwire-board-") as folder, progress("simulating") as report_progress:
        record = simulated_record(project, Path(folder), samples, arguments.batch, report_progress)
    write_record(record, project.reports_dir / FILE)
    if arguments.html:
        replaced_file(arguments.html, record_html(record))
        note(f"wrote {arguments.html}")
    if arguments.json:
        print_json(record_to_json(record))
    else:
        say(badge_text(record))
        for row in rows_of(record):
            say(f"{row.head}: {row.text}")
    return 0 if record.exactness.exact else 1


def _samples(network: Network, file: Path | None, frames: int | None) -> Samples:
    """The first FRAMES samples of a file, or extremes and random codes; or so many `frames`, beginning anew after all.

    Every distinct frame is evaluated once.
    """
    data = load_data(file, network) if file else None
    codes = golden_codes(network) if data is None else data.codes
    labels = None if data is None else data.labels
    order = np.arange(min(len(codes), FRAMES) if frames is None else frames) % len(codes)
    wanted = network.evaluate(codes[: len(order)])
    return Samples(codes[order], wanted[order], None if labels is None else labels[order])
