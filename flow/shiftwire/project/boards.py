"""A board by its name."""

from __future__ import annotations

from shiftwire.errors import InputError
from shiftwire_boards.catalog import Board, CatalogError, UnknownBoardError, load_board


def find_board(name: str) -> Board:
    """A board of the catalog; raises InputError that offers the nearest name, or tells of a bad file."""
    try:
        return load_board(name)
    except (CatalogError, UnknownBoardError) as error:
        raise InputError(str(error)) from None
