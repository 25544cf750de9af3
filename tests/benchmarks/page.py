"""BENCHMARKS.md and the README's table of networks, written by `make bench-page` from results/*.json.

A line {{table NAME}} of the prose in page.md.in stands for results/NAME.json, where it is from and then its table. A
section is left out while one of its tables has not been taken. Prose holds no figures: those have a tool and a commit
beside them.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from results import FOLDER, ROOT, Cell, Column, Result, read

PAGE = ROOT / "BENCHMARKS.md"
TEMPLATE = Path(__file__).with_name("page.md.in")
TABLE = re.compile(r"^\{\{table (\w+)\}\}$", re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.-])(?!(?=\d*[a-f])[0-9a-f]{7,}\b)\d\S*")
"""A word that begins with a digit and is no commit."""

README = ROOT / "README.md"
EXCERPT = re.compile(r"(?<=<!-- of networks -->\n\n).*?(?=\n\n<!-- end -->)", re.DOTALL)
IN_README = {
    "resnet8": "ResNet-8, LightNN-1 (shift, 8 exponents)",
    "resnet8-shiftadd": "ResNet-8, ShiftAddNet",
    "resnet20-adder-trained": "ResNet-20, AdderNet, trained CIFAR-10 weights",
}
"""What the README calls the networks it shows, all with their trained weights."""
README_COLUMNS = ("frames/s", "latency", "LUT", "FF", "BRAM36", "DSP")


def results() -> dict[str, Result]:
    """All that were taken, by name."""
    return {path.stem: read(path) for path in sorted(FOLDER.glob("*.json"))}


def page(template: str, found: Mapping[str, Result]) -> str:
    """The whole text; sections begin with '## '."""
    sections = re.split(r"^(?=## )", template, flags=re.MULTILINE)
    taken = (text for text in sections if all(name in found for name in TABLE.findall(text)))
    return "".join(TABLE.sub(lambda match: shown(found[match[1]]), text) for text in taken)


def with_excerpt(readme: str, networks: Result) -> str:
    """The README with a few rows and columns of the networks' table in their place."""
    columns = {column.name: (at, column) for at, column in enumerate(networks.columns)}
    rows = {row.cells[0]: row.cells for row in networks.rows if row.cells[1] == "trained"}
    shown = [columns[name] for name in README_COLUMNS]
    cells = ([label, *(_cell(rows[name][at], column) for at, column in shown)] for name, label in IN_README.items())
    names = ["network", *(_heading(replace(column, evidence=None)) for _, column in shown)]
    table = "\n".join([_line(names), _line(["---"] * len(names)), *map(_line, cells)])
    return EXCERPT.sub(lambda _: table, readme)


def shown(result: Result) -> str:
    """Where a result comes from, and its Markdown table."""
    names = [_heading(column) for column in result.columns]
    rows = [[_cell(*each) for each in zip(row.cells, result.columns, strict=True)] for row in result.rows]
    if any(row.commit for row in result.rows):
        names.append("commit")
        rows = [[*cells, row.commit or result.commit] for cells, row in zip(rows, result.rows, strict=True)]
    lines = [_line(names), _line(["---"] * len(names)), *map(_line, rows)]
    return "\n".join([textwrap.fill(_source(result), 120, break_long_words=False, break_on_hyphens=False), "", *lines])


def figures(prose: str) -> list[str]:
    """What looks like a figure in it."""
    return NUMBER.findall(TABLE.sub("", prose))


def _source(result: Result) -> str:
    said = [
        f"`{result.command}`: {result.evidence.value}",
        *(f"{name} {version}" for name, version in result.tools.items()),
    ]
    if result.part is not None:
        said.append(result.part)
    if result.clock_ns is not None:
        said.append(f"{result.clock_ns:g} ns")
    if result.machine is not None:
        said += filter(None, (result.machine.arch, result.machine.compiler))
        said.append(f"{result.machine.load:g} programs a core")
    said.append("each row at its commit" if any(row.commit for row in result.rows) else f"commit {result.commit}")
    return ", ".join(said) + "."


def _heading(column: Column) -> str:
    name = ", ".join(filter(None, (column.name, column.unit)))
    return f"{name} ({column.evidence.value})" if column.evidence else name


def _cell(cell: Cell, column: Column) -> str:
    if cell is None or isinstance(cell, str):
        return cell or ""
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:,.{column.decimals}f}" if column.decimals is not None else f"{cell:,g}"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


if __name__ == "__main__":
    found = results()
    PAGE.write_text(page(TEMPLATE.read_text(encoding="utf-8"), found), encoding="utf-8")
    README.write_text(with_excerpt(README.read_text(encoding="utf-8"), found["networks"]), encoding="utf-8")
    sys.exit(0)
