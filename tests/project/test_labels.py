"""Labels as people have them: which task they tell, what they become, and which fit no outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shiftwire.errors import InputError
from shiftwire.project.labels import Labels, Task, check_tail, read_labels, task_of
from shiftwire_boards.runtime.host_steps import Largest, Softmax

N = 6
VECTOR, ONE, MAP, MASK, SEQUENCE, ROW = (4,), (1,), (3, 2, 5), (1, 2, 5), (3, 7), (1, 7)
RNG = np.random.default_rng(0)
CLASSES, PIXELS = np.array([0, 3, 1, 2, 2, 0]), RNG.integers(0, 3, (N, 2, 5))
BITS, PLACES = np.arange(N) % 2, RNG.integers(0, 2, (N, 2, 5))
REALS = RNG.normal(0, 1, N)


def one_hot(classes: np.ndarray, count: int, axis: int) -> np.ndarray:
    return np.moveaxis(np.eye(count)[classes], -1, axis)


FITTING: dict[str, tuple[Any, tuple[int, ...], Task, Any]] = {
    "integers": (CLASSES, VECTOR, Task.CLASSES, CLASSES),
    "bytes": (CLASSES.astype(np.uint8), VECTOR, Task.CLASSES, CLASSES),
    "a column": (CLASSES[:, None], VECTOR, Task.CLASSES, CLASSES),
    "whole floats": (CLASSES.astype(np.float32), VECTOR, Task.CLASSES, CLASSES),
    "bool": (BITS.astype(bool), (2,), Task.CLASSES, BITS),
    "one-hot": (one_hot(CLASSES, 4, 1), VECTOR, Task.CLASSES, CLASSES),
    "one-hot bool": (one_hot(CLASSES, 4, 1).astype(bool), VECTOR, Task.CLASSES, CLASSES),
    "of an image of one pixel": (CLASSES, (4, 1, 1), Task.CLASSES, CLASSES),
    "of a row": (np.arange(N), ROW, Task.CLASSES, np.arange(N)),
    "one yes or no": (BITS, ONE, Task.DECISIONS, BITS[:, None] == 1),
    "one yes or no, bool": (BITS.astype(bool), ONE, Task.DECISIONS, BITS[:, None] == 1),
    "one yes or no of floats": (BITS.astype(float)[:, None], ONE, Task.DECISIONS, BITS[:, None] == 1),
    "signs": (2 * BITS - 1, ONE, Task.DECISIONS, BITS[:, None] == 1),
    "several yes or no": (np.tile(BITS, (4, 1)).T, VECTOR, Task.DECISIONS, np.tile(BITS, (4, 1)).T == 1),
    "one number": (REALS, ONE, Task.VALUES, REALS[:, None]),
    "one whole number": (CLASSES, ONE, Task.VALUES, CLASSES[:, None]),
    "a column of numbers": (REALS[:, None], ONE, Task.VALUES, REALS[:, None]),
    "several numbers": (np.outer(REALS, [1, 2, 3, 4]), VECTOR, Task.VALUES, np.outer(REALS, [1, 2, 3, 4])),
    "pixels": (PIXELS, MAP, Task.PIXELS, PIXELS),
    "pixels of floats": (PIXELS.astype(np.float64), MAP, Task.PIXELS, PIXELS),
    "pixels with an axis": (PIXELS[:, None], MAP, Task.PIXELS, PIXELS),
    "pixels with an axis behind": (PIXELS[..., None], MAP, Task.PIXELS, PIXELS),
    "pixels one-hot": (one_hot(PIXELS, 3, 1), MAP, Task.PIXELS, PIXELS),
    "a mask": (PLACES, MASK, Task.DECISIONS, PLACES[:, None] == 1),
    "a mask, bool": (PLACES.astype(bool)[:, None], MASK, Task.DECISIONS, PLACES[:, None] == 1),
    "depths": (PIXELS * 0.5, MASK, Task.VALUES, PIXELS[:, None] * 0.5),
    "a map of numbers": (np.ones((N, 3, 2, 5)) * 7, MAP, Task.VALUES, np.ones((N, 3, 2, 5)) * 7),
    "places of a sequence": (np.zeros((N, 7), int), SEQUENCE, Task.PIXELS, np.zeros((N, 7), int)),
}


@pytest.mark.parametrize("name", FITTING)
def test_labels_tell_the_task(name: str) -> None:
    labels, shape, task, wanted = FITTING[name]
    found = read_labels(labels, N, shape)
    assert found.task is task
    kind = {Task.DECISIONS: np.bool_, Task.VALUES: np.float64}.get(task, np.int64)
    assert found.values.dtype == kind
    assert found.values.shape == wanted.shape and np.array_equal(found.values, wanted)


MISFITS: dict[str, tuple[Any, tuple[int, ...], str]] = {
    "too few": (CLASSES[:5], VECTOR, r"labels 'y' of shape \(5,\) and type int64 do not fit 6 samples; give classes"),
    "none": (np.array(3), VECTOR, r"of shape \(\) and type int64 do not fit 6 samples"),
    "words": (CLASSES.astype(str), VECTOR, "labels 'y' have type <U21, wanted numbers; number the classes from 0 on"),
    "nan": (np.where(BITS, REALS, np.nan), ONE, "labels 'y' hold 3 NaN or infinite values; remove those samples"),
    "from one on": (CLASSES + 1, VECTOR, "labels 'y' run from 1 to 4, the network answers 0 to 3; number the classes"),
    "below": (CLASSES - 1, VECTOR, "run from -1 to 2"),
    "far beyond": (CLASSES * 1e300, VECTOR, r"run from 0 to 3e\+300"),
    "pixels beyond": (PIXELS + 1, MAP, "run from 1 to 3, the network answers 0 to 2 at every pixel"),
    "fractions": (REALS, VECTOR, r"do not fit outputs \(N, 4\), which are one class or several numbers a sample; give"),
    "three of four": (np.outer(REALS, [1, 2, 3]), VECTOR, r"values \(6, 4\)"),
    "two of one": (np.outer(REALS, [1, 2]), ONE, r"which are one number a sample; give values \(6, 1\)"),
    "a class of a map": (CLASSES % 3, MAP, r"which are a class at every pixel; give classes \(6, 2, 5\) or values"),
    "a class of a mask": (CLASSES, MASK, r"which are a number at every pixel; give values \(6, 1, 2, 5\)"),
    "half a map": (PIXELS[:, :, :4], MAP, r"labels 'y' of shape \(6, 2, 4\) .* do not fit outputs \(N, 3, 2, 5\)"),
    "fractions of pixels": (PIXELS + 0.5, MAP, "a class at every pixel"),
    "channels last": (one_hot(PIXELS, 3, -1), MAP, r"channels last.*np.transpose\(y, \(0, 3, 1, 2\)\)"),
}


@pytest.mark.filterwarnings("error", "ignore::ResourceWarning")
@pytest.mark.parametrize("name", MISFITS)
def test_labels_that_fit_no_task(name: str) -> None:
    labels, shape, words = MISFITS[name]
    with pytest.raises(InputError, match=words):
        read_labels(labels, N, shape)


@pytest.mark.parametrize(
    ("shape", "task"),
    [
        (VECTOR, Task.CLASSES),
        (ONE, Task.VALUES),
        ((1, 1, 1), Task.VALUES),
        ((4, 1, 1), Task.CLASSES),
        (MAP, Task.PIXELS),
        (SEQUENCE, Task.PIXELS),
        (MASK, Task.VALUES),
    ],
)
def test_a_task_without_labels(shape: tuple[int, ...], task: Task) -> None:
    assert task_of(shape) is task


def test_values_behind_a_ranking_are_refused() -> None:
    values, classes = Labels(Task.VALUES, REALS), Labels(Task.CLASSES, CLASSES)
    check_tail(values, ())
    check_tail(values, (Softmax(1),))
    check_tail(classes, (Softmax(1), Largest(1)))
    with pytest.raises(InputError, match="labels 'y' are values, and the model ends in a ranking, which gives indices"):
        check_tail(values, (Softmax(1), Largest(1)))


def test_some_samples() -> None:
    assert Labels(Task.PIXELS, PIXELS).taken(np.array([4, 0])).values.tolist() == PIXELS[[4, 0]].tolist()
