"""Finished trials in a file, a line each, that a kill leaves whole."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shiftwire.errors import InputError
from shiftwire.explore.trials.result import Result
from shiftwire.explore.trials.sensitivity import Tried
from shiftwire.explore.trials.space import Candidate
from shiftwire.tools.json_text import parsed_json


@dataclass
class Journal:
    """`file` begins with the key of what its trials are of; a line that a kill cut off is dropped."""

    file: Path
    key: str
    results: dict[str, Result] = field(default_factory=dict)
    single: dict[str, dict[str, Tried]] | None = None

    @classmethod
    def opened(cls, file: Path, key: str) -> Journal:
        """With what is in the file; raises InputError for one of another key, or that is no journal."""
        journal = cls(file, key)
        if not file.exists():
            journal._write([{"journal_of": key}])
            return journal
        every: list[dict[str, Any]] = [*_lines(file), {}]
        head, *lines = every
        if head.get("journal_of") != key:
            raise InputError(
                f"{file} is no journal of this exploration: its files, options or shiftwire are others; remove it, or "
                "name another file with -o"
            )
        for line in lines:
            if "candidate" in line:
                journal.results[_text(line["candidate"])] = Result.from_json(line["result"])
            elif "choices" in line:
                each = line["choices"].items()
                journal.single = {axis: {name: Tried(*own) for name, own in tried.items()} for axis, tried in each}
        journal._write([head, *(line for line in lines if line)])
        return journal

    def choices(self, try_them: Callable[[], dict[str, dict[str, Tried]]]) -> dict[str, dict[str, Tried]]:
        """What single choices came to, tried where the journal does not know it."""
        if self.single is None:
            self.single = try_them()
            each = self.single.items()
            plain = {axis: {name: (own.error, own.lut) for name, own in tried.items()} for axis, tried in each}
            self._append({"choices": plain})
        return self.single

    def known(self, candidate: Candidate) -> Result | None:
        """What came of a candidate, None where it was never tried."""
        return self.results.get(_text(candidate))

    def keep(self, candidate: Candidate, result: Result) -> None:
        """On disk when this returns."""
        if self.results.setdefault(_text(candidate), result) is result:
            self._append({"candidate": dict(candidate), "result": result.to_json()})

    def _append(self, line: dict[str, Any]) -> None:
        with self._writable(), self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InputError(
                f"cannot write {self.file} ({error.strerror}); free space, or name another file with -o"
            ) from None

    def _write(self, lines: list[dict[str, Any]]) -> None:
        """All of it anew, without what was cut off."""
        beside = self.file.with_name(f"{self.file.name}.new")
        with self._writable():
            self.file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
            beside.replace(self.file)


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            data = parsed_json(line)
        except ValueError:
            return
        if not isinstance(data, dict):
            return
        yield data


def _text(candidate: Candidate) -> str:
    return json.dumps(dict(candidate), sort_keys=True)
