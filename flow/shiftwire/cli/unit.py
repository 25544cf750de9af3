"""shiftwire unit: one unit of a project as a C++ file of its own."""

from __future__ import annotations

import argparse
from pathlib import Path

from shiftwire.cli.terminal import Verbs, add_verb, say
from shiftwire.errors import InputError
from shiftwire.project import load_project
from shiftwire.wrapper import unit_source
from shiftwire_hls import INCLUDE_DIR


def add(verbs: Verbs) -> argparse.ArgumentParser:
    parser = add_verb(
        verbs,
        "unit",
        "write one unit of a project as C++ behind plain word streams, for any HLS tool",
        "shiftwire unit build/model conv1 -o conv1.cpp",
    )
    parser.add_argument("project", type=Path, help="folder that 'shiftwire convert' wrote")
    parser.add_argument("name", help="a unit of design.json; a layer's last unit has the layer's name")
    parser.add_argument("-o", "--output", type=Path, required=True, help="C++ file to write")
    return parser


def run(arguments: argparse.Namespace) -> int:
    text = unit_source(load_project(arguments.project).design, arguments.name)
    if not arguments.output.parent.is_dir():
        raise InputError(f"found no folder {arguments.output.parent}; make it or name another file")
    arguments.output.write_text(text, encoding="utf-8")
    say(f"{arguments.output}: top function {arguments.name}; its headers are in {INCLUDE_DIR}")
    return 0
