"""What one check says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """An error keeps a package from running, a warning may."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """`what` was found and, where that will not do, wanted; `mend` is empty where nothing is to be done."""

    check: str
    level: Level
    what: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.level.value:<8} {self.check:<10} {self.what}{'; ' if self.mend else ''}{self.mend}"


def fine(check: str, what: str) -> Finding:
    """Nothing to do."""
    return Finding(check, Level.OK, what)


def warning(check: str, what: str, mend: str) -> Finding:
    """It may run."""
    return Finding(check, Level.WARNING, what, mend)


def error(check: str, what: str, mend: str) -> Finding:
    """It cannot run."""
    return Finding(check, Level.ERROR, what, mend)
