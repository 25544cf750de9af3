"""Boards as data: one TOML file each, read into a typed Board."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent


class UnknownBoardError(LookupError):
    """No file of that name lies in the catalog."""


@dataclass(frozen=True, slots=True)
class Board:
    """A board's programmable logic; counts are of the whole part, before anything is built."""

    name: str
    title: str
    part: str
    clock_ns: float
    lut: int
    flip_flop: int
    bram36: int
    dsp: int


def board_names() -> tuple[str, ...]:
    """Names of all boards, sorted."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.toml")))


def load_board(name: str) -> Board:
    """The board of a name; raises UnknownBoardError that offers the nearest one."""
    if name not in board_names():
        near = difflib.get_close_matches(name.lower(), board_names(), n=1, cutoff=0.0)
        raise UnknownBoardError(
            f"found no board '{name}'; did you mean '{near[0]}'? The catalog holds {', '.join(board_names())}"
        )
    return Board(name=name, **tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8")))
