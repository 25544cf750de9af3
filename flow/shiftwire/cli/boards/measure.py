"""shiftwire measure: frames a second, latency, bit-exactness and energy of a project on a board, or a simulated one."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from shiftwire.board.doctor import PYTHON
from shiftwire.board.inner import chosen_inner
from shiftwire.board.measure import Run, measure_there
from shiftwire.board.simulated import simulated_record
from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, progress, say
from shiftwire.errors import ExitCode, InputError
from shiftwire.ir.network import Network
from shiftwire.project.data import Data, load_data, wanted_codes
from shiftwire.project.project import Project, golden_codes, load_project
from shiftwire.reports.records.page import record_html
from shiftwire.reports.records.rows import badge_text, notes_of, rows_of
from shiftwire.tools.atomic import check_outputs, replaced_file
from shiftwire.tools.ssh import Remote
from shiftwire_boards.runtime.inner import Inner
from shiftwire_boards.runtime.record import Record
from shiftwire_boards.runtime.record_json import record_to_json, write_record
from shiftwire_boards.runtime.samples import Samples

FILE = "record.json"
PAGE = "record.html"
FRAMES = 100
MOST_FRAMES = 10**9
SECONDS, LONGEST_S = 10.0, 86_400.0


def add(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `measure` and its options."""
    parser = add_verb(
        verbs,
        "measure",
        "measure a project: frames a second, latency, cycles, bit-exactness, accuracy, energy",
        "shiftwire measure build/model --host xilinx@pynq --data test.npz --sudo",
    )
    parser.add_argument("project", type=Path, help="folder that 'shiftwire convert' wrote")
    parser.add_argument(
        "--sim", action="store_true", help="on a simulated board: unmodified pynq over rtl/, or over the compiled hls/"
    )
    add_inner_option(parser)
    add_board_options(parser, is_wanted=False)
    parser.add_argument("--data", type=Path, help=".npz with x, and y for the accuracy (default: extremes)")
    parser.add_argument(
        "--frames",
        type=int,
        metavar="N",
        help=f"so many, samples in turn (each once; simulated, {FRAMES} at most)",
    )
    parser.add_argument("--batch", type=int, metavar="N", help="frames of a transfer (64)", default=64)
    parser.add_argument("--html", type=Path, metavar="FILE", help=f"the record's HTML page (reports/{PAGE})")
    parser.add_argument("--json", action="store_true", help="print the record as one JSON object")
    return parser


def add_inner_option(parser: argparse.ArgumentParser) -> None:
    """Which form of the network stands behind the shell."""
    choices = [inner.value for inner in Inner]
    parser.add_argument("--inner", choices=choices, help="the C++ or the SystemVerilog inside (rtl where there is one)")


def asked_inner(arguments: argparse.Namespace) -> Inner | None:
    """The form of --inner, None where it was left out."""
    return None if arguments.inner is None else Inner(arguments.inner)


def add_board_options(parser: argparse.ArgumentParser, *, is_wanted: bool) -> None:
    """Where the board is and how to measure there."""
    parser.add_argument(
        "--host", required=is_wanted, help="address of the board, such as xilinx@pynq; with keys or an agent"
    )
    parser.add_argument("--seconds", type=float, help=f"of sustained work on the board ({SECONDS:g})")
    parser.add_argument("--marker", metavar="FILE", help="of the board's kernel: an LED's brightness, a GPIO's value")
    parser.add_argument("--sudo", action="store_true", help="measure as root there, as PYNQ's images want (sudo -n)")
    parser.add_argument("--python", default=PYTHON, help=f"interpreter on the board ({PYTHON})")
    parser.add_argument("--ssh-config", type=Path, metavar="FILE", help="in place of ~/.ssh/config")


def run(arguments: argparse.Namespace) -> int:
    """FAILED_CHECK where a code differs; the record is kept for `report` in any case."""
    _check(arguments)
    check_outputs({"--html": arguments.html}, {"the file of samples": arguments.data})
    project = load_project(arguments.project)
    record = _simulated(project, arguments) if arguments.sim else _measured(project, arguments)
    keep_record(project, record, arguments.html)
    return show_record(record, as_json=arguments.json)


def check_seconds(arguments: argparse.Namespace) -> None:
    """Raise InputError for what is no time."""
    if arguments.seconds is not None and not 0 <= arguments.seconds <= LONGEST_S:
        raise InputError(f"found --seconds {arguments.seconds:g}, wanted 0 to {LONGEST_S:,.0f}; give another")


def note_seconds(arguments: argparse.Namespace) -> float:
    """The time to measure, after saying so."""
    seconds: float = SECONDS if arguments.seconds is None else arguments.seconds
    note(f"measuring on {arguments.host} for {seconds:g} s and more")
    return seconds


def keep_record(project: Project, record: Record, html: Path | None = None) -> None:
    """Write it under reports/, where `shiftwire report` finds it, and as a page.

    Raises InputError where another version of the project was written meanwhile.
    """
    if not project.is_there:
        raise InputError(f"{project.path} was converted anew while it was measured; measure it again")
    file, page = project.reports_dir / FILE, html or project.reports_dir / PAGE
    file.parent.mkdir(parents=True, exist_ok=True)
    write_record(record, file)
    replaced_file(page, record_html(record))
    note(f"wrote {file} and {page}")


def show_record(record: Record, *, as_json: bool = False) -> int:
    """Print it; the status is 1 where a code differs."""
    if as_json:
        print_json(record_to_json(record))
    else:
        say(badge_text(record))
        for row in rows_of(record):
            say(f"{row.head}: {row.text}")
        for text in notes_of(record):
            note(text)
    return ExitCode.OK if record.exactness.exact else ExitCode.FAILED_CHECK


def _check(arguments: argparse.Namespace) -> None:
    if arguments.sim and arguments.host is not None:
        raise InputError(f"found both --sim and --host {arguments.host}, wanted one of them; leave one out")
    if not arguments.sim and arguments.host is None:
        raise InputError("found neither a board nor a simulated one; give --host user@board, or --sim")
    for name in ("marker", "sudo"):
        if arguments.sim and getattr(arguments, name):
            raise InputError(f"--{name} is for a board, and --sim takes none; leave one out")
    if arguments.sim and arguments.seconds is not None:
        raise InputError("--seconds is for a board; a simulated one takes every sample once, so give --frames")
    for name in ("frames", "batch"):
        count = getattr(arguments, name)
        if count is not None and count < 1:
            raise InputError(f"--{name} {count} would measure nothing; give at least 1")
        if count is not None and count > MOST_FRAMES:
            raise InputError(f"found --{name} {count}, wanted at most {MOST_FRAMES:,}; give fewer")
    check_seconds(arguments)


def _measured(project: Project, arguments: argparse.Namespace) -> Record:
    remote = Remote(arguments.host, arguments.ssh_config)
    seconds = note_seconds(arguments)
    options = (arguments.data, arguments.frames, arguments.batch, arguments.python, arguments.sudo)
    return measure_there(project, remote, Run(seconds, *options, arguments.marker, asked_inner(arguments)))


def _simulated(project: Project, arguments: argparse.Namespace) -> Record:
    samples = _samples(project.design.network, arguments.data, arguments.frames)
    inner = chosen_inner(project, asked_inner(arguments))
    note(f"building the simulated board of {project.path / inner.value}, or finding it built")
    with tempfile.TemporaryDirectory(prefix="shiftwire-board-") as folder, progress("simulating") as report_progress:
        return simulated_record(project, Path(folder), samples, arguments.batch, report_progress, inner=inner)


def _samples(network: Network, file: Path | None, frames: int | None) -> Samples:
    """The first samples of a file, or extremes and random codes."""
    golden = golden_codes(network)
    data = load_data(file, network) if file else Data({}, golden)
    count = min(len(data.codes), FRAMES) if frames is None else frames
    sent = data.in_turn(count)
    labels = {name: each.values for name, each in sent.labels.items()}
    return Samples(sent.codes, wanted_codes(network, data.codes, count), labels)
