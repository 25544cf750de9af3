"""Labels of frames, and how near the outputs come to them: answers that are right, or the error of values."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from shiftwire_boards.runtime.errors import DataError
from shiftwire_boards.runtime.record import Accuracy, LabelError
from shiftwire_boards.runtime.shapes import with_batch

Array = Any
LABELS = "labels"
"""Name of the labels in a file of data in place of `y`, where one of several inputs is called so."""


def label_key(inputs: Sequence[str]) -> str:
    """`y`, unless the file holds samples of an input under that name."""
    return LABELS if len(inputs) > 1 and "y" in inputs else "y"


def check_labels(labels: Array, shape: tuple[int, ...]) -> None:
    """Raise DataError for labels that fit no outputs (C, ...) of a frame in the model's own layout.

    Integers are classes, (N,) or (N, ...) at every pixel of a map; bool are decisions and floats values, shaped as the
    outputs (N, C, ...).
    """
    channels, *spatial = shape
    frames, is_map = len(labels), prod(spatial) > 1
    classes = channels if is_map and channels > 1 else prod(shape)
    is_class = labels.dtype.kind in "iu"
    wanted = (frames, *spatial) if is_map and channels > 1 else (frames,)
    if not is_class:
        wanted = (frames, channels, *spatial)
    if labels.dtype.kind not in "iubf" or labels.shape != wanted:
        raise DataError(
            f"found labels of shape {labels.shape} and type {labels.dtype}, wanted {wanted} for outputs "
            f"{with_batch(shape)}; give classes as integers, decisions as bool, values as floats"
        )
    if is_class and (labels.min() < 0 or labels.max() >= classes):
        raise DataError(
            f"found labels from {labels.min()} to {labels.max()}, the network answers 0 to {classes - 1}; "
            "number the classes as the model does"
        )


def accuracy_of(values: Array, labels: Array) -> Accuracy | None:
    """Outputs (N, C, ...) whose answers are the labels'; None where labels are values. Ties take the lowest index.

    A decision is a yes above one half where all outputs are probabilities, else above 0.
    """
    if labels.dtype.kind == "f":
        return None
    if labels.dtype.kind == "b":
        answers = values > (0.5 if values.min() >= 0 and values.max() <= 1 else 0.0)
    elif labels.ndim == 1:
        answers = values.reshape(len(values), -1).argmax(axis=1)
    else:
        answers = values.argmax(axis=1)
    return Accuracy(int((answers == labels).sum()), int(labels.size))


def label_error_of(values: Array, labels: Array) -> LabelError | None:
    """How far outputs (N, C, ...) are from labels that are values; None where they are answers."""
    if labels.dtype.kind != "f":
        return None
    rms = float(np.sqrt(np.mean(np.square(values - labels))))
    spread = float(np.std(labels)) or float(np.sqrt(np.mean(np.square(labels)))) or 1.0
    return LabelError(rms, rms / spread)
