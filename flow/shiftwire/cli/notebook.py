"""shiftwire notebook: a copy of the notebook that a new user opens first."""

from __future__ import annotations

import argparse
from pathlib import Path

from shiftwire.cli.terminal import Verbs, add_verb, say
from shiftwire.errors import InputError
from shiftwire.folder import replaced_file

SOURCE = Path(__file__).resolve().parent.parent / "notebooks" / "host.ipynb"


def add(verbs: Verbs) -> argparse.ArgumentParser:
    parser = add_verb(
        verbs,
        "notebook",
        "write a Jupyter notebook that trains a small network and takes it to a board's package",
        "shiftwire notebook -o host.ipynb",
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("host.ipynb"), help="file (host.ipynb)")
    return parser


def run(arguments: argparse.Namespace) -> int:
    if arguments.output.exists():
        raise InputError(f"{arguments.output} is there already, with what its cells said; name another by -o")
    replaced_file(arguments.output, SOURCE.read_text(encoding="utf-8"))
    say(f"wrote {arguments.output}: open it in Jupyter, with pip install 'shiftwire[train,rtl,board]' jupyter")
    return 0
