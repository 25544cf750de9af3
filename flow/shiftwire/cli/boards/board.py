"""shiftwire build, package and deploy: a bitstream, one archive for the board, and the archive on it."""

from __future__ import annotations

import argparse
from pathlib import Path

from shiftwire.board.build import build, built, check_script, write_script
from shiftwire.board.deploy import check_form, deploy
from shiftwire.board.doctor import PYTHON, doctor_there
from shiftwire.board.inner import chosen_inner
from shiftwire.board.manifest import About
from shiftwire.board.measure import Run, measure_there
from shiftwire.board.package import folder_of, package
from shiftwire.cli.boards.measure import (
    add_board_options,
    add_inner_option,
    asked_inner,
    check_seconds,
    keep_record,
    note_seconds,
    show_record,
)
from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, progress, quoted, say, still_at
from shiftwire.errors import ExitCode, InputError
from shiftwire.project.project import load_project
from shiftwire.reports.build_text import build_sentences
from shiftwire.reports.summary import counted_whole
from shiftwire.synth.build_report import build_json, write_build
from shiftwire.synth.vitis import SCRIPT
from shiftwire.tools.ssh import Remote
from shiftwire_boards.runtime.inner import Inner
from shiftwire_boards.runtime.preprocessing import Preprocessing

EXPORT = f"vitis_hls -f {SCRIPT} in hls/, with synth, cosim and export set to 1 in build_opt.tcl"
"""What the script of a network in C++ wants to find done."""


def add_package(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `package` and its options; pixels are described by --scale, --mean and --std together."""
    parser = add_verb(
        verbs,
        "package",
        "pack overlay, golden frames, runtime and manifest into one archive for the board",
        "shiftwire package build/model --labels classes.txt --mean 0.49,0.48,0.45 --std 0.25,0.24,0.26",
    )
    parser.add_argument("project", type=Path, help="folder of which 'shiftwire build' made a bitstream")
    add_inner_option(parser)
    parser.add_argument("--bit", type=Path, help="a bitstream made elsewhere, its .hwh beside it")
    parser.add_argument("-o", "--output", type=Path, help="archive (default: reports/<project>.tar.gz)")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="a text file with the name of a class in each line")
    parser.add_argument("--scale", type=float, metavar="S", help="pixels become ((pixel / S) - mean) / std (S: 255)")
    parser.add_argument("--mean", type=_numbers, metavar="M[,M...]", help="one number, or one a channel (0)")
    parser.add_argument("--std", type=_numbers, metavar="D[,D...]", help="one number, or one a channel (1)")
    return parser


def run_package(arguments: argparse.Namespace) -> int:
    """Pack the bitstream that was built, or one named by --bit; raises InputError where its .hwh is not beside it."""
    project = load_project(arguments.project)
    inner = chosen_inner(project, asked_inner(arguments))
    bitstream = None if arguments.bit else built(project, inner)
    bit = arguments.bit if bitstream is None else bitstream.bit
    archive = arguments.output or project.reports_dir / f"{project.path.resolve().name}.tar.gz"
    package(project, bit, bit.with_suffix(".hwh"), archive, _about(arguments), inner=inner)
    if bitstream is not None:  # a script that was run by hand, or elsewhere, has left no build.json yet
        write_build(project, bitstream.report)
    say(f"wrote {archive}: {archive.stat().st_size:,} bytes; it unpacks into {folder_of(project)}/")
    return ExitCode.OK


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError:
        wanted = "wanted numbers with commas between them, such as 0.5,0.4"
        raise argparse.ArgumentTypeError(f"found '{text}', {wanted}") from None


def _about(arguments: argparse.Namespace) -> About:
    labels = None if arguments.labels is None else _lines(arguments.labels)
    options = (arguments.scale, arguments.mean, arguments.std)
    if options == (None, None, None):
        return About(labels)
    scale = 255.0 if arguments.scale is None else arguments.scale
    return About(labels, Preprocessing(scale, arguments.mean or (0.0,), arguments.std or (1.0,)))


def _lines(file: Path) -> tuple[str, ...]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read the labels in {file} ({error}); name a text file, a class in each line"
        ) from None
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def add_build(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `build` and its options."""
    parser = add_verb(
        verbs,
        "build",
        "make bitstream, .hwh and reports of a project, on a machine with Vivado, and Vitis HLS for --inner hls",
        "shiftwire build build/model --script",
    )
    parser.add_argument("project", type=Path, help="folder that 'shiftwire convert' wrote")
    add_inner_option(parser)
    parser.add_argument("--script", action="store_true", help="only write the script for Vivado, and check it by tclsh")
    parser.add_argument("--json", action="store_true", help="print utilisation, slacks and power as one JSON object")
    return parser


def run_build(arguments: argparse.Namespace) -> int:
    """Run Vivado, or with --script only write and check its script; raises ToolError without the vendor's tools."""
    project = load_project(arguments.project)
    inner = chosen_inner(project, asked_inner(arguments))
    if arguments.script:
        script = write_script(project, inner)
        say(f"checked: {check_script(project, script, inner)}")
        if inner is Inner.HLS:
            say(f"first: {EXPORT}")
        say(f"next: vivado -mode batch -source {quoted(script)}")
        return ExitCode.OK
    before = ", after Vitis HLS and its co-simulation" if inner is Inner.HLS else ""
    note(f"building the bitstream of {arguments.project / inner.value}: an hour or so{before}")
    with still_at("building"):
        bitstream = build(project, inner)
    if arguments.json:
        print_json(build_json(bitstream.report))
        return ExitCode.OK
    say(f"wrote {bitstream.bit} beside {', '.join(file.name for file in bitstream.files[1:])}")
    for head, text in build_sentences(bitstream.report, project.design.board, counted_whole(project)):
        say(f"{head}: {text}")
    form = "" if arguments.inner is None else f" --inner {inner.value}"
    say(f"next: shiftwire package {quoted(arguments.project)}{form}")
    return ExitCode.OK


def add_deploy(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `deploy` and its options, those of a measurement among them."""
    parser = add_verb(
        verbs,
        "deploy",
        "copy a package to a board over SSH, run it there, bring the record home",
        "shiftwire deploy build/model --host xilinx@pynq --measure --sudo",
    )
    parser.add_argument("project", type=Path, help="folder of which 'shiftwire package' made an archive")
    add_inner_option(parser)
    parser.add_argument("--archive", type=Path, help="archive (default: reports/<project>.tar.gz)")
    parser.add_argument("--doctor", action="store_true", help="ask there whether the board can run it, line by line")
    parser.add_argument("--measure", action="store_true", help="measure there, into reports/record.json here")
    add_board_options(parser, is_wanted=True)
    return parser


def run_deploy(arguments: argparse.Namespace) -> int:
    """FAILED_CHECK where the board's doctor finds an error, or a measurement a code that differs."""
    _check_deploy(arguments)
    project = load_project(arguments.project)
    archive = arguments.archive or project.reports_dir / f"{project.path.resolve().name}.tar.gz"
    remote = Remote(arguments.host, arguments.ssh_config)
    inner = check_form(project, archive, asked_inner(arguments))
    with progress("copying") as report_progress:
        folder = deploy(archive, remote, report_progress)
    say(f"on {arguments.host}: ~/{folder}")
    if arguments.doctor:
        outcome = doctor_there(folder, remote, python=arguments.python, sudo=arguments.sudo)
        say(outcome.output.strip())
        if outcome.status:
            return ExitCode.FAILED_CHECK
    if not arguments.measure:
        return ExitCode.OK
    seconds = note_seconds(arguments)
    run = Run(seconds, python=arguments.python, sudo=arguments.sudo, marker=arguments.marker, inner=inner)
    record = measure_there(project, remote, run)
    keep_record(project, record)
    return show_record(record)


def _check_deploy(arguments: argparse.Namespace) -> None:
    check_seconds(arguments)
    runs = arguments.measure or arguments.doctor
    idle = {
        "seconds": arguments.seconds is not None and not arguments.measure,
        "marker": arguments.marker is not None and not arguments.measure,
        "sudo": arguments.sudo and not runs,
        "python": arguments.python != PYTHON and not runs,
    }
    for name, is_idle in idle.items():
        if is_idle:
            raise InputError(f"--{name} is for a measurement on the board; add --measure")
