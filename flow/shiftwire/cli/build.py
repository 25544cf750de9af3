"""shiftwire build: the bitstream of a project, by Vivado."""

from __future__ import annotations

import argparse
from pathlib import Path

from shiftwire.board_build import build, check_script, write_script
from shiftwire.cli.terminal import Verbs, add_verb, note, say, still_at
from shiftwire.project import load_project


def add(verbs: Verbs) -> argparse.ArgumentParser:
    parser = add_verb(
        verbs,
        "build",
        "make bitstream, .hwh and reports of a project, on a machine with Vivado",
        "shiftwire build build/model --script",
    )
    parser.add_argument("project", type=Path, help="folder that 'shiftwire convert' wrote with rtl/")
    parser.add_argument("--script", action="store_true", help="only write the script for Vivado, and check it by tclsh")
    return parser


def run(arguments: argparse.Namespace) -> int:
    project = load_project(arguments.project)
    if arguments.script:
        script = write_script(project)
        say(f"checked: {check_script(project, script)}")
        say(f"next: vivado -mode batch -source {script}")
        return 0
    note(f"building the bitstream of {arguments.project}: an hour or so")
    with still_at("building"):
        made = build(project)
    say(f"wrote {made.bit} beside {', '.join(file.name for file in made.files[1:])}")
    say(f"timing is met: worst setup slack {made.timing.worst_setup:.3f} ns (routed; Vivado)")
    say(f"next: shiftwire package {arguments.project}")
    return 0
