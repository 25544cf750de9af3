"""shiftwire report: all that is known of a project, on one page; or two measurements side by side."""

from __future__ import annotations

import argparse
from pathlib import Path

from shiftwire.cli.boards.measure import FILE, show_record
from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, print_table, say, show
from shiftwire.errors import ExitCode, InputError
from shiftwire.project.project import REPORTS, load_project
from shiftwire.reports.cost_text import ROOFLINE, roofline_table
from shiftwire.reports.html import page_html
from shiftwire.reports.records.page import compare_html, record_html
from shiftwire.reports.records.rows import badge_text, pairs_of
from shiftwire.reports.summary import page
from shiftwire.reports.text import COLUMNS, cells, page_json, sentences
from shiftwire.tools.atomic import check_outputs, replaced_file
from shiftwire_boards.runtime.errors import RecordError
from shiftwire_boards.runtime.record import Record
from shiftwire_boards.runtime.record_json import read_record, record_to_json


def add(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `report` and its options."""
    parser = add_verb(
        verbs,
        "report",
        "show a project on one page: folds, cycles, resources, bottleneck, energy, each with how it came about",
        "shiftwire report build/model --html report.html",
    )
    parser.add_argument("project", type=Path, help="folder that 'shiftwire convert' wrote, or a record.json")
    parser.add_argument(
        "other", type=Path, nargs="?", help="another one: the records of 'shiftwire measure' side by side"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write the page as one HTML file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """A folder is read as a project, a file as a record of a measurement, two as records to compare."""
    inputs = {"the record": arguments.project, "the other record": arguments.other}
    check_outputs({"--html": arguments.html}, {what: path for what, path in inputs.items() if path and path.is_file()})
    if arguments.other is not None:
        return _compare(_record(arguments.project), _record(arguments.other), arguments)
    if arguments.project.is_file():
        record = _record(arguments.project)
        if arguments.html:
            replaced_file(arguments.html, record_html(record))
            note(f"wrote {arguments.html}")
        show_record(record, as_json=arguments.json)
        return ExitCode.OK
    shown = page(load_project(arguments.project))
    if arguments.html:
        replaced_file(arguments.html, page_html(shown))
        note(f"wrote {arguments.html}")
    if arguments.json:
        print_json(page_json(shown))
        return ExitCode.OK
    print_table(COLUMNS, [cells(layer) for layer in shown.layers], title=shown.name)
    say(f"LUT and BRAM36 of layers are {shown.taken.value}, nJ are modelled")
    show([roofline_table(*shown.rooflines), f"roofline: {ROOFLINE}"])
    for head, text in sentences(shown):
        say(f"{head}: {text}")
    return ExitCode.OK


def _record(path: Path) -> Record:
    """That of a file, or the one that a project's last measurement left."""
    file = path / REPORTS / FILE if path.is_dir() else path
    if not file.is_file():
        raise InputError(f"found no {file}, which 'shiftwire measure' writes; measure it first")
    try:
        record = read_record(file)
    except RecordError as error:
        raise InputError(str(error)) from None
    if path.is_dir() and record.identity.version_hash != load_project(path).version_hash:
        raise InputError(f"{file} is of another version of {path}; measure it again, or name the file itself")
    return record


def _compare(left: Record, right: Record, arguments: argparse.Namespace) -> int:
    if arguments.html:
        replaced_file(arguments.html, compare_html(left, right))
        note(f"wrote {arguments.html}")
    if arguments.json:
        print_json({"left": record_to_json(left), "right": record_to_json(right)})
        return ExitCode.OK
    heads = ("", badge_text(left), badge_text(right), "ratio")
    print_table(heads, [(pair.head, pair.left, pair.right, pair.ratio) for pair in pairs_of(left, right)])
    return ExitCode.OK
