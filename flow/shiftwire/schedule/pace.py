"""Designs that what changes widths between their layers holds up, and others of the same network that it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from math import floor
from typing import TypeVar

NANOSECONDS = 1e9
"""A second."""

TRIED = 16
"""Other paces of layers, at most: each is a design of its own."""

D = TypeVar("D")


def quickest(design: D, others: Iterable[D | None], pace: Callable[[D], int], enough: int) -> D:
    """The first of a design and others that takes at most `enough` cycles a frame, else the one that takes fewest."""
    best = design
    for other in others:
        if pace(best) <= enough:
            break
        if other is not None and pace(other) < pace(best):
            best = other
    return best


def cycles_within(fps: float, clock_ns: float) -> int:
    """Cycles of a frame, at most, of so many frames a second."""
    return floor(NANOSECONDS / clock_ns / fps)


def below(intervals: Sequence[int], cycles: int) -> list[int]:
    """The next numbers of cycles a frame below one, the largest first."""
    return list(islice((each for each in reversed(intervals) if each < cycles), TRIED))
