"""What the verbs print: tables, JSON, progress."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table as RichTable

from shiftwire.reports.table import Table
from shiftwire.tools.process import Progress as Report

PLAIN_WIDTH = 200
MINUTE_S = 60.0

Verbs = Any
"""What argparse's add_subparsers returns; its class is private."""


@dataclass(frozen=True, slots=True)
class Verb:
    """A command: `add` makes its parser, `run` does it and returns the exit status."""

    add: Callable[[Verbs], argparse.ArgumentParser]
    run: Callable[[argparse.Namespace], int]


def add_verb(verbs: Verbs, name: str, what: str, example: str) -> argparse.ArgumentParser:
    """A verb's parser with its one-line help and an example."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=what, description=f"{what[0].upper()}{what[1:]}.", epilog=f"example: {example}"
    )
    return parser


def quoted(path: Path) -> str:
    """A path as a shell takes it."""
    return shlex.quote(str(path))


def say(text: str) -> None:
    """A line of the result, on standard output."""
    if sys.stdout is not None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def note(text: str) -> None:
    """A line beside the result, on standard error."""
    sys.stderr.write(text + "\n")


def print_json(value: Any) -> None:
    """One object on standard output, as --json promises: whatever else is said goes to standard error."""
    say(json.dumps(value, indent=1))


def show(items: Iterable[Table | str]) -> None:
    """Tables and lines, in their order."""
    for item in items:
        if isinstance(item, Table):
            print_table(item.columns, item.rows)
        else:
            say(item)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None) -> None:
    """A table; cells that are numbers stand right."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    console = Console(width=None if is_terminal else PLAIN_WIDTH, highlight=False)
    table = RichTable(title=title, title_justify="left", box=None if not is_terminal else RichTable().box)
    for at, column in enumerate(columns):
        numbers = all(isinstance(row[at], int | float) or row[at] in ("", "-") for row in rows)
        table.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    console.print(table)


@contextmanager
def progress(what: str, *, is_silent: bool = False) -> Iterator[Report]:
    """A bar on a terminal, some ten plain lines elsewhere; both on standard error."""
    if is_silent:
        yield lambda done, total: None
        return
    if not sys.stderr.isatty():
        yield _plain_progress(what)
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def stage_bars(*, is_silent: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """One bar a stage, one after another."""
    shown: list[str] = []
    with ExitStack() as stack:
        bar = None

        def report(stage: str, done: int, total: int) -> None:
            nonlocal bar
            if bar is None or shown[-1] != stage:
                stack.close()
                bar = stack.enter_context(progress(stage, is_silent=is_silent))
                shown.append(stage)
            bar(done, total)

        yield report


@contextmanager
def still_at(what: str) -> Iterator[None]:
    """A line a minute on standard error, for what tells no progress of its own."""
    has_ended = threading.Event()

    def tell() -> None:
        minutes = 0
        while not has_ended.wait(MINUTE_S):
            minutes += 1
            note(f"{what}: {minutes} min so far")

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        has_ended.set()
        teller.join()


def _plain_progress(what: str) -> Report:
    shown = -1

    def report(done: int, total: int) -> None:
        nonlocal shown
        tenth = 10 * done // max(total, 1)
        if tenth > shown:
            shown = tenth
            note(f"{what}: {done} of {total}")

    return report


def _cell(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
