"""shiftwire report: all that is known of a project, on one page."""

from __future__ import annotations

import argparse
from pathlib import Path

from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, print_table, say
from shiftwire.folder import replaced_file
from shiftwire.project import load_project
from shiftwire.report import page
from shiftwire.report_html import page_html
from shiftwire.report_text import COLUMNS, cells, page_json, sentences


def add(verbs: Verbs) -> argparse.ArgumentParser:
    parser = add_verb(
        verbs,
        "report",
        "show a project on one page: folds, cycles, resources, bottleneck, energy, each with how it came about",
        "shiftwire report build/model --html report.html",
    )
    parser.add_argument("project", type=Path, help="folder that 'shiftwire convert' wrote")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write the page as one HTML file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    shown = page(load_project(arguments.project))
    if arguments.html:
        replaced_file(arguments.html, page_html(shown))
        note(f"wrote {arguments.html}")
    if arguments.json:
        print_json(page_json(shown))
        return 0
    print_table(COLUMNS, [cells(layer) for layer in shown.layers], title=shown.name)
    say(f"LUT and BRAM36 of layers are {shown.taken.value}, nJ are modelled")
    for head, text in sentences(shown):
        say(f"{head}: {text}")
    return 0
