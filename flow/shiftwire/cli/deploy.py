"""shiftwire deploy: a package on a board over SSH."""

from __future__ import annotations

import argparse
from pathlib import Path

from shiftwire.board_deploy import deploy
from shiftwire.board_doctor import PYTHON, doctor_there
from shiftwire.board_measure import Run, measure_there
from shiftwire.cli.measure import add_board_options, check_seconds, keep_record, note_seconds, show_record
from shiftwire.cli.terminal import Verbs, add_verb, progress, say
from shiftwire.errors import InputError
from shiftwire.project import load_project
from shiftwire.tools.ssh import Remote


def add(verbs: Verbs) -> argparse.ArgumentParser:
    parser = add_verb(
        verbs,
        "deploy",
        "copy a package to a board over SSH, run it there, bring the record home",
        "shiftwire deploy build/model --host xilinx@pynq --measure --sudo",
    )
    parser.add_argument("project", type=Path, help="folder of which 'shiftwire package' made an archive")
    parser.add_argument("--archive", type=Path, help="archive (default: reports/<project>.tar.gz)")
    parser.add_argument("--doctor", action="store_true", help="ask there whether the board can run it, line by line")
    parser.add_argument("--measure", action="store_true", help="measure there, into reports/record.json here")
    add_board_options(parser, is_wanted=True)
    return parser


def run(arguments: argparse.Namespace) -> int:
    _check(arguments)
    project = load_project(arguments.project)
    archive = arguments.archive or project.reports_dir / f"{project.path.resolve().name}.tar.gz"
    remote = Remote(arguments.host, arguments.ssh_config)
    with progress("copying") as report_progress:
        folder = deploy(archive, remote, report_progress)
    say(f"on {arguments.host}: ~/{folder}")
    if arguments.doctor:
        told = doctor_there(folder, remote, python=arguments.python, sudo=arguments.sudo)
        say(told.output.strip())
        if told.status:
            return 1
    if not arguments.measure:
        return 0
    seconds = note_seconds(arguments)
    record = measure_there(
        project, remote, Run(seconds, python=arguments.python, sudo=arguments.sudo, marker=arguments.marker)
    )
    keep_record(project, record)
    return show_record(record)


def _check(arguments: argparse.Namespace) -> None:
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
