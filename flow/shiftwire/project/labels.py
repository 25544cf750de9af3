"""Labels, and the task that they and a network's outputs stand for."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire_boards.runtime.host_ends import unranked
from shiftwire_boards.runtime.host_steps import HostStep
from shiftwire_boards.runtime.shapes import mend, with_batch

Array = npt.NDArray[Any]
YES_OR_NO = ((0, 1), (-1, 1))
"""Values of labels that are decisions, no and yes."""


class Task(enum.Enum):
    """What outputs stand for, and so which figure tells how good they are.

    CLASSES    an answer a sample: the largest of all outputs
    PIXELS     an answer at every place of a map: the largest of its channels
    DECISIONS  a yes or no by every output, which lies above a threshold or does not
    VALUES     numbers, of which none is right or wrong: their error counts
    """

    CLASSES = "classes"
    PIXELS = "pixels"
    DECISIONS = "decisions"
    VALUES = "values"


def task_of(shape: tuple[int, ...]) -> Task:
    """The task where no labels tell it, by the outputs' shape (C, ...) of a sample."""
    channels, *spatial = shape
    if channels == 1:
        return Task.VALUES
    return Task.PIXELS if prod(spatial) > 1 else Task.CLASSES


@dataclass(frozen=True, eq=False)
class Labels:
    """CLASSES (N,) and PIXELS (N, ...) int64, DECISIONS (N, C, ...) bool, VALUES (N, C, ...) float64."""

    task: Task
    values: Array
    key: str = "y"
    """Name of the array in its file."""

    def taken(self, order: npt.NDArray[np.int64]) -> Labels:
        """Those of some samples, by their indices."""
        return replace(self, values=self.values[order])


def read_labels(labels: Array, samples: int, shape: tuple[int, ...], key: str = "y") -> Labels:
    """Labels as people have them, for so many samples with outputs (C, ...) in the model's own layout.

    `key` is the array's name in its file.
    Classes may be integers of any type, whole floats or one-hot; axes of length 1 say nothing. Raises InputError for
    labels that fit no task of these outputs.
    """
    return replace(_read(labels, samples, shape, key), key=key)


def _read(labels: Array, samples: int, shape: tuple[int, ...], key: str) -> Labels:
    _check_numbers(labels, key)
    if labels.ndim == 0 or len(labels) != samples:
        raise InputError(f"{_named(labels, key)} do not fit {samples} samples; give {_wanted(samples, shape)}")
    squeezed = labels.reshape(samples, *_longer(labels.shape[1:]))
    channels, *spatial = shape
    places = _longer(tuple(spatial))
    rest, is_whole = squeezed.shape[1:], bool(np.equal(squeezed, np.rint(squeezed)).all())
    if rest == _longer(shape):
        return _of_outputs(squeezed, shape)
    is_a_row = not places or (channels == 1 and len(places) == 1)
    if rest == () and is_a_row and is_whole:
        return Labels(Task.CLASSES, _classes(squeezed, prod(shape), "", key))
    if rest == places and channels > 1 and is_whole and places:
        return Labels(Task.PIXELS, _classes(squeezed, channels, " at every pixel", key).reshape(samples, *spatial))
    if rest == (*places, channels) and places:
        raise InputError(f"{_named(labels, key)} do not fit{mend(labels.shape, shape, key)}")
    raise InputError(
        f"{_named(labels, key)} do not fit outputs {with_batch(shape)}, {_answers(shape)}; "
        f"give {_wanted(samples, shape)}"
    )


def check_tail(labels: Labels, steps: tuple[HostStep, ...]) -> None:
    """Raise InputError for values where the model ends in a ranking, which gives indices."""
    if labels.task is Task.VALUES and unranked(steps) != steps:
        raise InputError(
            f"labels '{labels.key}' are values, and the model ends in a ranking, which gives indices; give classes, or "
            f"leave '{labels.key}' out"
        )


def _check_numbers(labels: Array, key: str) -> None:
    if labels.dtype.kind not in "fiub":
        raise InputError(f"labels '{key}' have type {labels.dtype}, wanted numbers; number the classes from 0 on")
    if not np.isfinite(labels).all():
        bad = np.size(labels) - int(np.isfinite(labels).sum())
        raise InputError(f"labels '{key}' hold {bad} NaN or infinite values; remove those samples")


def _of_outputs(labels: Array, shape: tuple[int, ...]) -> Labels:
    """One label for every output: one-hot classes, decisions, or values."""
    samples = len(labels)
    full = labels.reshape(samples, *shape)
    is_one_hot = shape[0] > 1 and _are_only(full, 0, 1) and bool((np.count_nonzero(full, axis=1) == 1).all())
    if is_one_hot:
        classes = full.argmax(axis=1)
        is_map = prod(shape[1:]) > 1
        return Labels(Task.PIXELS if is_map else Task.CLASSES, classes if is_map else classes.reshape(samples))
    if any(_are_only(full, *pair) for pair in YES_OR_NO):
        return Labels(Task.DECISIONS, full > 0)
    return Labels(Task.VALUES, full.astype(np.float64))


def _classes(labels: Array, classes: int, where: str, key: str) -> npt.NDArray[np.int64]:
    """Whole numbers (N, ...) as class indices."""
    low, high = (float(labels.min()), float(labels.max())) if labels.size else (0.0, 0.0)
    if low < 0 or high >= classes:
        raise InputError(
            f"labels '{key}' run from {low:.10g} to {high:.10g}, the network answers 0 to {classes - 1}{where}; "
            "number the classes as the model does"
        )
    return labels.astype(np.int64)


def _are_only(labels: Array, no: int, yes: int) -> bool:
    """Whether labels have no other values than these two."""
    return bool(((labels == no) | (labels == yes)).all())


def _longer(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes that are longer than 1."""
    return tuple(size for size in shape if size != 1)


def _named(labels: Array, key: str) -> str:
    return f"labels '{key}' of shape {labels.shape} and type {labels.dtype}"


def _answers(shape: tuple[int, ...]) -> str:
    """What the network gives, in words."""
    channels, *spatial = shape
    if prod(spatial) > 1:
        return f"which are {'a number' if channels == 1 else 'a class'} at every pixel"
    return "which are one number a sample" if channels == 1 else "which are one class or several numbers a sample"


def _wanted(samples: int, shape: tuple[int, ...]) -> str:
    """Shapes of labels that fit."""
    channels, *spatial = shape
    if prod(spatial) > 1 and channels > 1:
        return f"classes {(samples, *spatial)} or values {(samples, *shape)}"
    if prod(spatial) > 1 or channels == 1:
        return f"values {(samples, *shape)}"
    return f"classes ({samples},) as integers, or values {(samples, *shape)}"
