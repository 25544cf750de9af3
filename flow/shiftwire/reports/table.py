"""A table of plain cells, for whoever shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Table:
    """Heads of columns, and rows of as many cells: numbers or text."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
