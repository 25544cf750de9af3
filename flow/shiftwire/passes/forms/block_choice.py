"""A design for a target where DSP blocks add: folds grow into the LUTs that blocks save."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from shiftwire.errors import InputError
from shiftwire.schedule.adder_blocks import Cell, DspUse
from shiftwire.schedule.design import Design, Target
from shiftwire_boards.catalog import Board

ROUNDS = 6
"""Designs that are tried in the rooms that blocks may leave, each half way between what fits and what does not."""

MOST_SAVED = 96
"""LUTs that a block saves at most: four sums of 12 bits, and the last adder in front of each."""

PLENTY = 1 << 24
"""LUTs, more than any board has."""

Build = Callable[[Target], Design]
"""The design of a target without blocks."""


def with_blocks(build: Build, target: Target, board: Board) -> Design:
    """The fastest design of a share of the LUTs, or the cheapest of a speed, with adders in blocks.

    Raises InputError as `build` does, and for a board without blocks.
    """
    Cell.of(board)
    return _of_speed(build, target) if target.fps is not None else _of_share(build, target, board)


def _of_speed(build: Build, target: Target) -> Design:
    """What fits without blocks, or else by what they save; the error is that of the design without them."""
    try:
        return _adding(build(target))
    except InputError as error:
        try:
            design = _adding(build(replace(target, more_lut=PLENTY)))
            more = design.without_blocks.lut - design.resources.lut
            return _adding(build(replace(target, more_lut=more)))
        except InputError:
            raise error from None


def _of_share(build: Build, target: Target, board: Board) -> Design:
    """The fastest of those that are tried; slower ones are taken to be smaller."""
    best = _adding(build(target))
    room, low, high = best.without_blocks.lut, 0, board.dsp * MOST_SAVED
    for _ in range(ROUNDS):
        more = (low + high) // 2
        design = _adding(build(replace(target, more_lut=more)))
        if design.resources.lut > room:
            high = more
            continue
        low = more
        if target.speed(design) > target.speed(best):
            best = design
    return best


def _adding(design: Design) -> Design:
    return replace(design, dsp=DspUse.ADDERS)
