"""TOML to dataclasses: every key there, of its type and known, or one sentence with the file and the key."""

from __future__ import annotations

import difflib
import enum
import tomllib
import types
import typing
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from shiftwire_boards.catalog.board import Board

T = TypeVar("T")
WORDS: dict[Any, str] = {str: "a text", int: "a whole number above 0", float: "a number above 0"}


class CatalogError(ValueError):
    """A file of the catalog lacks a key, has one too many, or one of another type."""


def read_board(file: Path) -> Board:
    """The board of a TOML file, whose stem is its name; raises CatalogError."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogError(f"{file.name} is no TOML ({error}); mend the line") from None
    if "name" in table:
        raise CatalogError(f"found the key 'name' in {file.name}, where the file's own name is the board's; remove it")
    board = _dataclass(Board, {"name": file.stem, **table}, "", file.name)
    for key in board.unverified:
        if not _has(table, key.split(".")):
            raise CatalogError(f"found unverified = '{key}' in {file.name}, which has no such key; mend or remove it")
    return board


def _dataclass(kind: type[T], table: Any, path: str, file: str) -> T:
    if not isinstance(table, dict):
        raise CatalogError(
            f"found {path.rstrip('.')} = {table!r} in {file}, wanted a table; write [{path.rstrip('.')}]"
        )
    known: dict[str, Field[Any]] = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(kind)
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
            raise CatalogError(f"found the unknown key '{path}{key}' in {file}; did you mean '{path}{near}'?")
    for key, field in known.items():
        if key not in table and field.default is MISSING:
            raise CatalogError(f"{file} lacks the key '{path}{key}', wanted {_wanted(hints[key])}; add it")
    return kind(**{key: _value(hints[key], value, path + key, file) for key, value in table.items()})


def _value(kind: Any, value: Any, path: str, file: str) -> Any:
    if isinstance(kind, types.UnionType):
        return _value(typing.get_args(kind)[0], value, path, file)
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise _mistyped(kind, value, path, file)
        inner = typing.get_args(kind)[0]
        return tuple(_value(inner, each, f"{path}[{at}]", file) for at, each in enumerate(value))
    if is_dataclass(kind):
        return _dataclass(typing.cast(type[Any], kind), value, f"{path}.", file)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        try:
            return kind(value)
        except ValueError:
            raise _mistyped(kind, value, path, file) from None
    return _scalar(kind, value, path, file)


def _scalar(kind: Any, value: Any, path: str, file: str) -> Any:
    takes = (int, float) if kind is float else (kind,)
    fits = isinstance(value, takes) and not isinstance(value, bool)
    if not fits or (value == "" if kind is str else not 0 < value < float("inf")):
        raise _mistyped(kind, value, path, file)
    return kind(value)


def _mistyped(kind: Any, value: Any, path: str, file: str) -> CatalogError:
    return CatalogError(f"found {path} = {value!r} in {file}, wanted {_wanted(kind)}; mend it")


def _wanted(kind: Any) -> str:
    if isinstance(kind, types.UnionType):
        return _wanted(typing.get_args(kind)[0])
    if typing.get_origin(kind) is tuple:
        return "a list"
    if is_dataclass(kind):
        return "a table"
    if issubclass(kind, enum.Enum):
        return "one of " + ", ".join(f"'{each.value}'" for each in kind)
    return WORDS[kind]


def _has(table: Any, path: list[str]) -> bool:
    """Whether a dotted path leads somewhere; in a list, in every entry."""
    if not path:
        return True
    if isinstance(table, list):
        return bool(table) and all(_has(each, path) for each in table)
    return isinstance(table, dict) and path[0] in table and _has(table[path[0]], path[1:])
