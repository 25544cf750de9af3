"""What to do about samples that have another shape than the model's; the flow says the same by these functions."""

from __future__ import annotations

from itertools import permutations
from math import prod
from typing import Sequence

MOST_AXES = 6
"""More axes than any layer reads; orders of more are not looked for."""


def with_batch(shape: Sequence[int]) -> str:
    """(3, 8, 8) as (N, 3, 8, 8)."""
    return f"({', '.join(['N', *map(str, shape)])})"


def mend(shape: tuple[int, ...], wanted: tuple[int, ...], name: str = "x") -> str:
    """What to do about an array of shape `shape` (N, ...) where (N, *wanted) is, with the sign in front of it.

    It never asks for a reshape where axes lie in another order, since that would scramble the samples.
    """
    if shape == wanted:
        return f"; it is one sample without its batch axis: give {name}[None]"
    sample = shape[1:]
    if len(sample) == len(wanted) <= MOST_AXES and sorted(sample) == sorted(wanted):
        words, order = _reordered(sample, wanted)
        return f": {words}; transpose them: np.transpose({name}, {(0, *(axis + 1 for axis in order))})"
    if sample and prod(sample) == prod(wanted):
        return f"; reshape it: {name}.reshape({', '.join(map(str, (-1, *wanted)))})"
    if len(sample) == len(wanted) > 1 and sample[-1] == wanted[0] != sample[0]:
        return f": the data are channels last, and of another size; give samples {with_batch(wanted)}, channels first"
    return "; give samples of that size"


def _reordered(sample: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """Which layout the same axes have, where their sizes tell, and the order in which the model wants them."""
    axes = tuple(range(len(sample)))
    if len(axes) == 2:  # no size tells which of them is the channels
        return "the axes lie the other way round, as where channels come last", (1, 0)
    if sample == wanted[1:] + wanted[:1]:
        return "the data are channels last, the model takes channels first", axes[-1:] + axes[:-1]
    if sample == wanted[-1:] + wanted[:-1] and wanted[-1] < min(wanted[:-1]):
        return "the data are channels first, the model takes channels last", axes[1:] + axes[:1]
    fits = (order for order in permutations(axes) if tuple(sample[axis] for axis in order) == wanted)
    return "the axes lie in another order", next(fits)
