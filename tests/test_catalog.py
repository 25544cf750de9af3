"""The boards."""

import pytest

from shiftwire_boards.catalog import UnknownBoardError, board_names, load_board


@pytest.mark.parametrize("name", board_names())
def test_a_board_is_complete(name: str) -> None:
    board = load_board(name)
    assert board.name == name
    assert board.part.startswith("xc")
    assert 1 < board.clock_ns <= 10
    assert min(board.lut, board.flip_flop, board.bram36, board.dsp) > 0
    assert board.flip_flop == 2 * board.lut


def test_the_boards_of_the_plan_are_there() -> None:
    assert set(board_names()) == {"pynq-z1", "pynq-z2", "zcu104", "ultra96-v2", "kv260", "aup-zu3"}
    assert (load_board("pynq-z2").lut, load_board("pynq-z2").dsp) == (53200, 220)


def test_an_unknown_board() -> None:
    with pytest.raises(UnknownBoardError, match="found no board 'PYNQ-Z3'; did you mean 'pynq-z"):
        load_board("PYNQ-Z3")
