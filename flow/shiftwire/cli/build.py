"""shiftwire build: the bitstream of a project, by Vivado."""

from __future__ import annotations

import argparse
from pathlib import Path

from shiftwire.board_build import build, check_script, write_script
from shiftwire.build_report import build_json
from shiftwire.build_text import build_sentences
from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, say, still_at
from shiftwire.project import load_project
from shiftwire.report import counted_whole


def add(verbs: Verbs) -> argparse.ArgumentParser:
    parser = add_verb(
        verbs,
        "build",
        "make bitstream, .hwh and reports of a project, on a machine with Vivado",
        "shiftwire build build/model --script",
    )
    parser.add_argument("project", type=Path, help="folder that 'shiftwire convert' wrote with rtl/")
    parser.add_argument("--script", action="store_true", help="only write the script for Vivado, and check it by tclsh")
    parser.add_argument("--json", action="store_true", help="print utilisation, slacks and power as one JSON object")
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
    if arguments.json:
        print_json(build_json(made.report))
        return 0
    say(f"wrote {made.bit} beside {', '.join(file.name for file in made.files[1:])}")
    for head, text in build_sentences(made.report, project.design.board, counted_whole(project)):
        say(f"{head}: {text}")
    say(f"next: shiftwire package {arguments.project}")
    return 0
