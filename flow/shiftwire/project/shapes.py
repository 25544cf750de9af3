"""Samples in the model's own shape, and how to mend those that are not."""

from __future__ import annotations

from itertools import permutations
from math import prod
from typing import Any

import numpy.typing as npt

from shiftwire.errors import InputError

MOST_AXES = 6
"""More axes than any layer reads; orders of more are not looked for."""


def check_samples_shape(values: npt.NDArray[Any], wanted: tuple[int, ...]) -> None:
    """Raise InputError for samples (N, ...) that are no numbers or not of the model's shape `wanted`, without its N.

    The sentence never asks for a reshape where axes lie in another order, since that would scramble the samples.
    """
    if values.dtype.kind not in "fiub":
        raise InputError(f"'x' has type {values.dtype}, wanted numbers; save it as float32")
    if values.ndim == 0 or values.shape[1:] != wanted:
        raise InputError(
            f"'x' has shape {values.shape}, wanted {with_batch(wanted)} as in the model{mend(values.shape, wanted)}"
        )


def with_batch(shape: tuple[int, ...]) -> str:
    """(3, 8, 8) as (N, 3, 8, 8)."""
    return f"({', '.join(['N', *map(str, shape)])})"


def mend(shape: tuple[int, ...], wanted: tuple[int, ...], name: str = "x") -> str:
    """What to do about an array of shape `shape` (N, ...) where (N, *wanted) is, with the sign in front of it."""
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
