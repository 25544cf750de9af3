"""Boards as data: one TOML file each, read into a typed Board."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shiftwire_boards.catalog.board import (
    Badge,
    Board,
    BoardFiles,
    BoardFilesSource,
    PowerSensor,
    ProcessingSystem,
    PynqVersions,
    SensorKind,
    recorded_name,
)
from shiftwire_boards.catalog.reading import CatalogError, read_board
from shiftwire_boards.runtime.family import Family

__all__ = [
    "Badge",
    "Board",
    "BoardFiles",
    "BoardFilesSource",
    "CatalogError",
    "Family",
    "PowerSensor",
    "ProcessingSystem",
    "PynqVersions",
    "SensorKind",
    "UnknownBoardError",
    "board_names",
    "load_board",
    "read_board",
    "recalled_board",
]

_FOLDER = Path(__file__).resolve().parent


class UnknownBoardError(LookupError):
    """No file of that name lies in the catalog."""


def board_names() -> tuple[str, ...]:
    """Names of all boards, sorted."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.toml")))


def load_board(name: str) -> Board:
    """The board of a name; raises UnknownBoardError that offers the nearest one, CatalogError for a bad file."""
    if name not in board_names():
        near = difflib.get_close_matches(name.lower(), board_names(), n=1, cutoff=0.0)
        raise UnknownBoardError(
            f"found no board '{name}'; did you mean '{near[0]}'? The catalog holds {', '.join(board_names())}"
        )
    return read_board(_FOLDER / f"{name}.toml")


def recalled_board(record: Mapping[str, Any]) -> Board:
    """The board of what `Board.recorded` gave: its own figures, with today's facts about everything else.

    Raises UnknownBoardError where the catalog has lost it, KeyError where a field is missing or unknown.
    """
    return dataclasses.replace(load_board(recorded_name(record)), **record)
