"""Which fitted model answers for a board."""

from __future__ import annotations

from shiftwire.costs.model import FamilyModel, families, family_model
from shiftwire.synth.counts import family
from shiftwire_boards.catalog import Board


def board_model(board: Board) -> FamilyModel:
    """The fitted model of a board's logic; the first there is where no unit of its family was characterised."""
    own, known = family(board).value, families()
    return family_model(own if own in known else known[0])


def stand_in_model_note(board: Board) -> str | None:
    """That the model of another family answers for a board, where it does."""
    model, own = board_model(board), family(board).value
    if model.family == own:
        return None
    return f"note: no unit of the family {own} was characterised; the model of {model.family} stands in"
