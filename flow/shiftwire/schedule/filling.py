"""A design for a target where DSP blocks add: folds grow into the LUTs that blocks save."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from shiftwire.errors import InputError
from shiftwire.schedule.adder_blocks import Cell, DspUse, saved
from shiftwire.schedule.design import Design, Target
from shiftwire_boards.catalog import Board

ROUNDS = 5
"""Designs that are tried, each in the room that the blocks of the one before leave."""

PLENTY = 1 << 24
"""LUTs, more than any board has."""

Build = Callable[[Target], Design]
"""The design of a target without blocks."""


def with_blocks(build: Build, target: Target, board: Board) -> Design:
    """The fastest design of a share of the LUTs, or the cheapest of a speed, with adders in blocks.

    Raises InputError as `build` does, and for a board without blocks.
    """
    Cell.of(board)
    return _of_speed(build, target) if target.fps is not None else _of_share(build, target)


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


def _of_share(build: Build, target: Target) -> Design:
    """Grown as long as blocks save what a faster design takes more."""
    best = _adding(build(target))
    room, more = best.without_blocks.lut, saved(best.rtl).lut
    for _ in range(ROUNDS):
        design = _adding(build(replace(target, more_lut=more)))
        over = design.resources.lut - room
        if over > 0:
            more -= over
        elif target.speed(design) > target.speed(best):
            best, more = design, max(more, saved(design.rtl).lut)
        else:
            break
    return best


def _adding(design: Design) -> Design:
    return replace(design, dsp=DspUse.ADDERS)
