"""shiftwire deploy: a package on a board over SSH."""

from __future__ import annotations

import argparse
from pathlib import Path

from shiftwire.board_deploy import PYTHON, RECORD, deploy, doctor_there, measure_there
from shiftwire.cli.terminal import Verbs, add_verb, note, progress, say
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
    parser.add_argument("--host", required=True, help="address of the board, such as xilinx@pynq; keys or an agent")
    parser.add_argument("--archive", type=Path, help="archive (default: reports/<project>.tar.gz)")
    parser.add_argument("--doctor", action="store_true", help="ask there whether the board can run it, line by line")
    parser.add_argument("--measure", action="store_true", help="measure there, into reports/record.json here")
    parser.add_argument("--seconds", type=float, default=10.0, help="of sustained work (10)")
    parser.add_argument("--sudo", action="store_true", help="as root there, as PYNQ's images want (sudo -n)")
    parser.add_argument("--python", default=PYTHON, help=f"interpreter on the board ({PYTHON})")
    parser.add_argument("--ssh-config", type=Path, metavar="FILE", help="in place of ~/.ssh/config")
    return parser


def run(arguments: argparse.Namespace) -> int:
    project = load_project(arguments.project)
    archive = arguments.archive or project.reports_dir / f"{project.path.resolve().name}.tar.gz"
    remote = Remote(arguments.host, arguments.ssh_config)
    with progress("copying") as report_progress:
        folder = deploy(archive, remote, report_progress)
    say(f"on {arguments.host}: ~/{folder}")
    if arguments.doctor:
        said = doctor_there(folder, remote, python=arguments.python, sudo=arguments.sudo)
        say(said.output.strip())
        if said.status:
            return 1
    if arguments.measure:
        note(f"measuring for {arguments.seconds:g} s and more")
        record = project.reports_dir / RECORD
        options = {"seconds": arguments.seconds, "python": arguments.python, "sudo": arguments.sudo}
        say(measure_there(folder, remote, record, **options))
        say(f"wrote {record}")
    return 0
