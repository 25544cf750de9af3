"""shiftwire package: one archive for the board."""

from __future__ import annotations

import argparse
from pathlib import Path

from shiftwire.board_build import built
from shiftwire.board_manifest import About
from shiftwire.board_package import folder_of, package
from shiftwire.build_report import write_build
from shiftwire.cli.terminal import Verbs, add_verb, say
from shiftwire.errors import InputError
from shiftwire.project import Project, load_project
from shiftwire_boards.runtime.preprocessing import Preprocessing


def add(verbs: Verbs) -> argparse.ArgumentParser:
    parser = add_verb(
        verbs,
        "package",
        "pack overlay, golden frames, runtime and manifest into one archive for the board",
        "shiftwire package build/model --labels classes.txt --mean 0.49,0.48,0.45 --std 0.25,0.24,0.26",
    )
    parser.add_argument("project", type=Path, help="folder of which 'shiftwire build' made a bitstream")
    parser.add_argument("--bit", type=Path, help="a bitstream made elsewhere, its .hwh beside it")
    parser.add_argument("-o", "--output", type=Path, help="archive (default: reports/<project>.tar.gz)")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="a text file with the name of a class in each line")
    parser.add_argument("--scale", type=float, metavar="S", help="pixels become ((pixel / S) - mean) / std (S: 255)")
    parser.add_argument("--mean", type=_numbers, metavar="M[,M...]", help="one number, or one a channel (0)")
    parser.add_argument("--std", type=_numbers, metavar="D[,D...]", help="one number, or one a channel (1)")
    return parser


def run(arguments: argparse.Namespace) -> int:
    project = load_project(arguments.project)
    bit = arguments.bit or _built(project)
    archive = arguments.output or project.reports_dir / f"{project.path.resolve().name}.tar.gz"
    package(project, bit, bit.with_suffix(".hwh"), archive, _about(arguments))
    say(f"wrote {archive}: {archive.stat().st_size:,} bytes; it unpacks into {folder_of(project)}/")
    return 0


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError:
        wanted = "wanted numbers with commas between them, such as 0.5,0.4"
        raise argparse.ArgumentTypeError(f"found '{text}', {wanted}") from None


def _about(arguments: argparse.Namespace) -> About:
    labels = None if arguments.labels is None else _lines(arguments.labels)
    given = (arguments.scale, arguments.mean, arguments.std)
    if given == (None, None, None):
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


def _built(project: Project) -> Path:
    """A script that was run by hand, or elsewhere, has left no build.json yet."""
    made = built(project)
    write_build(project, made.report)
    return made.bit
