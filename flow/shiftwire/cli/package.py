"""shiftwire package: one archive for the board."""

from __future__ import annotations

import argparse
from pathlib import Path

from shiftwire.board_build import built
from shiftwire.board_package import folder_of, package
from shiftwire.cli.terminal import Verbs, add_verb, say
from shiftwire.project import load_project


def add(verbs: Verbs) -> argparse.ArgumentParser:
    parser = add_verb(
        verbs,
        "package",
        "pack overlay, golden frames, runtime and manifest into one archive for the board",
        "shiftwire package build/model -o model.tar.gz",
    )
    parser.add_argument("project", type=Path, help="folder of which 'shiftwire build' made a bitstream")
    parser.add_argument("--bit", type=Path, help="a bitstream made elsewhere, its .hwh beside it")
    parser.add_argument("-o", "--output", type=Path, help="archive (default: reports/<project>.tar.gz)")
    return parser


def run(arguments: argparse.Namespace) -> int:
    project = load_project(arguments.project)
    bit = arguments.bit or built(project).bit
    archive = arguments.output or project.reports_dir / f"{project.path.resolve().name}.tar.gz"
    package(project, bit, bit.with_suffix(".hwh"), archive)
    say(f"wrote {archive}: {archive.stat().st_size:,} bytes; it unpacks into {folder_of(project)}/")
    return 0
