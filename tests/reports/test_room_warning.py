"""What a user is told of a design that fits its board hardly, or not."""

from __future__ import annotations

import re
from dataclasses import replace
from math import floor

import pytest

from one_layer import S8, of_one
from shiftwire import api
from shiftwire.ir.cost import Cost
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.relu import Relu
from shiftwire.reports.design_text import room_warning, wide_ends_warning
from shiftwire.schedule.design import DEFAULT_LUT_PERCENT, Design
from shiftwire_boards.catalog import board_names, load_board

DESIGN = api.design(of_one(Relu(), (8, 8, 4), S8))


def filled(name: str, lut: float) -> Design:
    """Of so many LUTs on a board."""
    design = replace(DESIGN, board=load_board(name))
    vars(design)["resources"] = Cost(lut=round(lut))
    return design


@pytest.mark.parametrize(
    ("name", "share", "words"),
    [
        ("zcu104", 0.5, None),
        ("zcu104", 0.79, None),
        ("zcu104", 0.82, r"modelled 82% of the LUTs, the shell among them; beyond 80% a design seldom places"),
        ("zcu104", 1.01, r"modelled [\d,]+ LUT of [\d,]+ beside the shell; slower folds, a larger board"),
        ("pynq-z2", 0.87, r"modelled 87% of the LUTs, the shell among them; beyond 80% a design seldom places"),
    ],
)
def test_luts(name: str, share: float, words: str | None) -> None:
    """A board whose LUTs the design and the shell of 8,000 fill to a share."""
    warning = room_warning(filled(name, share * load_board(name).lut - 8000))
    assert (warning is None) == (words is None)
    if words is not None and warning is not None:
        assert re.search(words, warning)


def test_no_target_warns_of_no_own_design() -> None:
    """What a design fills at most that was asked for without a target, on every board."""
    for name in board_names():
        most = min(load_board(name).lut * DEFAULT_LUT_PERCENT / 100, load_board(name).lut - 8000)
        assert room_warning(filled(name, floor(most))) is None, name


def test_memories() -> None:
    board = replace(DESIGN.board, bram36=5)
    warning = room_warning(replace(DESIGN, board=board))
    assert warning is not None and "BRAM36 of -1 beside the shell" in warning


def test_ends_wider_than_a_board_takes() -> None:
    assert wide_ends_warning(DESIGN) is None
    warning = wide_ends_warning(api.design(of_one(Relu(), (8, 8, 4), Fixed(34, 3, signed=True))))
    assert warning is not None and "'y' (u33.3) takes more than the 32 bits" in warning
