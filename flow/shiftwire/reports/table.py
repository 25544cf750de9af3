"""A table of plain cells, for whoever shows it, and how pages write numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Table:
    """Heads of columns, and rows of as many cells: numbers or text."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def figure(value: float, digits: int = 6) -> str:
    """So many digits, and every one of a whole number that has more: 1,234,567 and never 1.23457e+06."""
    return f"{value:,.0f}" if abs(value) >= 10.0 ** (digits - 1) else f"{value:,.{digits}g}"


def in_halves(count: float) -> str:
    """A number of which there may be halves: 1,200 or 1.5."""
    return f"{count:,.0f}" if count == int(count) else f"{count:,}"
