"""The pragmas of a C++ text, which its syntax tree does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LINE = re.compile(r"^\s*#pragma\s+HLS\s+(\w+)(.*)$", re.IGNORECASE)
OPTION = re.compile(r"(\w+)\s*=\s*([\w.,:]+)")


@dataclass(frozen=True)
class Pragma:
    """One directive on its line, from 1; names and options as written, but `directive` in capitals."""

    line: int
    directive: str
    options: dict[str, str]
    flags: tuple[str, ...]

    @property
    def lays_out(self) -> bool:
        """Whether it says how an array is stored."""
        return self.directive in ("ARRAY_PARTITION", "ARRAY_RESHAPE")

    @property
    def dim(self) -> int | None:
        """From 1; 0 for all."""
        return int(self.options["dim"]) if "dim" in self.options else None


def pragmas_of(text: str) -> Iterator[Pragma]:
    for number, line in enumerate(text.splitlines(), 1):
        if match := LINE.match(line):
            rest = match[2]
            flags = OPTION.sub(" ", rest).split()
            yield Pragma(number, match[1].upper(), dict(OPTION.findall(rest)), tuple(flags))
