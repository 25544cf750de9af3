"""Options of verbs that fold a network for a board: which board, how fast, how large."""

from __future__ import annotations

import argparse

from shiftwire.errors import InputError
from shiftwire.ir.fold import Fold
from shiftwire.schedule.design import Target
from shiftwire_boards.catalog import board_names

WHOLE = 100.0

MOST_SIZES = 3
"""Of a fold."""


def add_target_options(parser: argparse.ArgumentParser) -> None:
    """--board, --clock-ns, --fps, --luts, --fold."""
    parser.add_argument("--board", default="pynq-z2", help=f"one of {', '.join(board_names())} (default: pynq-z2)")
    parser.add_argument("--clock-ns", type=float, help="clock period (default: the board's)")
    parser.add_argument("--fps", type=float, help="frames a second to reach with the cheapest folds")
    parser.add_argument(
        "--luts", type=_percent, metavar="P%", help="share of the board's LUTs to fill with the fastest folds (70%%)"
    )
    parser.add_argument(
        "--fold", type=_fold, action="append", default=[], metavar="LAYER=PE,SIMD", help="fix the fold of a layer"
    )


def target_of(arguments: argparse.Namespace) -> Target:
    """What is asked for; raises InputError for more LUTs than there are."""
    if arguments.luts is not None and arguments.luts > WHOLE:
        raise InputError(f"found --luts {arguments.luts:g}%, wanted at most 100%: the board has no more")
    return Target(arguments.fps, arguments.luts)


def folds_of(arguments: argparse.Namespace) -> dict[str, Fold]:
    """The folds that are fixed, by layer; raises InputError for a layer named twice."""
    names = [name for name, _ in arguments.fold]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"found two folds for '{twice[0]}'; give one")
    return dict(arguments.fold)


def _percent(text: str) -> float:
    try:
        return float(text.removesuffix("%"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"found '{text}', wanted a share such as 70%") from None


def _fold(text: str) -> tuple[str, Fold]:
    """LAYER=PE,SIMD, and TURNS for weights that are rebuilt; argparse turns a ValueError into a usage message."""
    name, _, numbers = text.rpartition("=")
    sizes = [size.strip() for size in numbers.split(",")]
    if not (name and all(map(str.isdecimal, sizes)) and len(sizes) <= MOST_SIZES):
        raise argparse.ArgumentTypeError(f"found '{text}', wanted LAYER=PE,SIMD such as conv1=8,9")
    return name, Fold(*map(int, sizes))
