"""What a user is told of a design that fits its board hardly, or not."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from one_layer import S8, of_one
from shiftwire import api
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.relu import Relu
from shiftwire.reports.design_text import room_warning, wide_ends_warning

DESIGN = api.design(of_one(Relu(), (8, 8, 4), S8))


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.5, None),
        (0.79, None),
        (0.82, r"modelled 82% of the LUTs, the shell among them; beyond 80% a design seldom places"),
        (1.01, r"modelled [\d,]+ LUT of [\d,]+ beside the shell; slower folds, a larger board"),
    ],
)
def test_luts(share: float, words: str | None) -> None:
    """A board whose LUTs the design and the shell of 8,000 fill to a share."""
    board = replace(DESIGN.board, lut=round((DESIGN.resources.lut + 8000) / share))
    warning = room_warning(replace(DESIGN, board=board))
    assert (warning is None) == (words is None)
    if words is not None and warning is not None:
        assert re.search(words, warning)


def test_memories() -> None:
    board = replace(DESIGN.board, bram36=5)
    warning = room_warning(replace(DESIGN, board=board))
    assert warning is not None and "BRAM36 of -1 beside the shell" in warning


def test_ends_wider_than_a_board_takes() -> None:
    assert wide_ends_warning(DESIGN) is None
    warning = wide_ends_warning(api.design(of_one(Relu(), (8, 8, 4), Fixed(34, 3, signed=True))))
    assert warning is not None and "'y' (u33.3) takes more than the 32 bits" in warning
