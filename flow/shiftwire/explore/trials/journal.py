"""Finished trials in a file, a line each, that a kill leaves whole; there is none before one is finished."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
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
    """`file` begins with what its trials are `of`, in words; a last line that a kill cut off is dropped."""

    file: Path
    of: Mapping[str, str]
    results: dict[str, Result] = field(default_factory=dict)
    single: dict[str, dict[str, Tried]] | None = None

    @classmethod
    def opened(cls, file: Path, of: Mapping[str, str]) -> Journal:
        """With what is in the file; raises InputError for one of other words, one that is damaged, or no journal."""
        if file.is_dir():
            raise InputError(f"{file} is a folder, wanted the place of a journal; name another file with -o")
        journal = cls(file, of)
        if not file.exists():
            return journal
        lines = _lines(file)
        head = lines[0] if lines else {}
        if head.get("journal_of") != journal.key:
            raise InputError(
                f"{file} is no journal of this exploration: {_others(head.get('of'), of)}; remove it, or name another "
                "file with -o"
            )
        for at, line in enumerate(lines[1:], 2):
            try:
                journal._read(line)
            except (KeyError, TypeError, ValueError, AttributeError):
                raise InputError(_damage(file, at)) from None
        whole = "".join(json.dumps(line) + "\n" for line in lines)
        if file.read_text(encoding="utf-8", errors="replace") != whole:
            journal._write(whole)
        return journal

    @property
    def key(self) -> str:
        """SHA-256 of the words."""
        return hashlib.sha256(json.dumps(dict(self.of), sort_keys=True).encode()).hexdigest()

    @property
    def head(self) -> dict[str, Any]:
        """The first line."""
        return {"journal_of": self.key, "of": dict(self.of)}

    def _read(self, line: Mapping[str, Any]) -> None:
        if "choices" in line:
            each = line["choices"].items()
            self.single = {axis: {name: Tried(*own) for name, own in tried.items()} for axis, tried in each}
        elif line != self.head:  # which two runs may both have begun with
            self.results[_text(line["candidate"])] = Result.from_json(line["result"])

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
        if _text(candidate) not in self.results:
            self.results[_text(candidate)] = result
            self._append({"candidate": dict(candidate), "result": result.to_json()})

    def _append(self, line: dict[str, Any]) -> None:
        with self._writable():
            self.file.parent.mkdir(parents=True, exist_ok=True)
        with self._writable(), self.file.open("a", encoding="utf-8") as file:
            lines = (line,) if file.tell() else (self.head, line)
            file.write("".join(json.dumps(each) + "\n" for each in lines))
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

    def _write(self, text: str) -> None:
        """All of it anew, without what was cut off."""
        beside = self.file.with_name(f"{self.file.name}.new")
        with self._writable():
            beside.write_text(text, encoding="utf-8")
            beside.replace(self.file)


def _lines(file: Path) -> list[dict[str, Any]]:
    """All but a last one that is cut off; raises InputError for another that is no object."""
    texts = file.read_text(encoding="utf-8", errors="replace").splitlines()
    lines = []
    for at, text in enumerate(texts, 1):
        try:
            data = parsed_json(text)
        except ValueError:
            data = None
        if isinstance(data, dict):
            lines.append(data)
        elif 1 < at < len(texts):
            raise InputError(_damage(file, at))
    return lines


def _damage(file: Path, line: int) -> str:
    return (
        f"{file} is damaged at line {line}; remove that line, whose trial is then made again, or the file to begin anew"
    )


def _others(there: object, here: Mapping[str, str]) -> str:
    """Which of the words differ."""
    if not isinstance(there, dict):
        return "its files, options or shiftwire are others"
    names = sorted(name for name in {*there, *here} if there.get(name) != here.get(name))
    return f"it is of another {', '.join(names)}"


def _text(candidate: Candidate) -> str:
    return json.dumps(dict(candidate), sort_keys=True)
