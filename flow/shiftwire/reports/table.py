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


def in_halves(count: float) -> str:
    """A number of which there may be halves: 1,200 or 1.5."""
    return f"{count:,.0f}" if count == int(count) else f"{count:,}"
