"""What quantization cost: layer by layer, and in the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shiftwire.numbers.fixed import Values
from shiftwire.project.labels import Labels, Task, task_of
from shiftwire.project.scores import Nearness, Score, answers_of, nearness, relative_error, scored, threshold_of
from shiftwire.quantize.options import Knob, Method

CLEAR_MARGIN = 1.0
"""A float margin, in units of the outputs, from which on an answer counts as clear."""


@dataclass(frozen=True, slots=True)
class LayerCost:
    """Errors are root mean squares over the calibration samples, relative to the spread of what is right.

    weight_error  of the weights themselves; own_error  what this layer adds, its inputs taken as they are;
    error  against the float network, all layers before it included. None where a layer has none.
    knob  what to raise so that the layer adds less.
    """

    name: str
    kind: str
    format: str
    own_error: float
    knob: Knob
    error: float | None = None
    terms_mean: float | None = None
    terms_max: int | None = None
    weight_error: float | None = None
    how: str = ""

    @property
    def sqnr_db(self) -> float | None:
        """Signal to quantization noise of the layer's output, in decibels."""
        return None if not self.error else float(-20 * np.log10(self.error))


@dataclass(frozen=True, slots=True)
class Answers:
    """Exact outputs of all samples against the float network's, and both against the labels where there are some.

    Of `total` answers (of samples, of pixels, or of outputs that decide; percentages, none where the task is values)
    the clear ones have a float margin of at least CLEAR_MARGIN to the next answer. What is held out are
    samples that did not calibrate.
    """

    task: Task
    samples: int
    total: int
    error: Nearness
    held_out_error: float | None = None
    agreement: float | None = None
    clear_answers: int = 0
    clear_agreement: float | None = None
    held_out_agreement: float | None = None
    threshold: float = 0.0
    labels_float: Score | None = None
    labels_exact: Score | None = None

    @property
    def accuracy_float(self) -> float | None:
        """Percent of the float network's answers that are the labels'."""
        return None if self.labels_float is None else self.labels_float.accuracy

    @property
    def accuracy_exact(self) -> float | None:
        """Percent of the exact network's."""
        return None if self.labels_exact is None else self.labels_exact.accuracy


@dataclass(frozen=True, slots=True)
class QuantizeReport:
    """`calibrated` of the samples chose the formats; all of them were scored. `method` is that of the weights."""

    calibrated: int
    layers: tuple[LayerCost, ...]
    answers: Answers
    method: Method

    @property
    def costliest(self) -> LayerCost:
        """The layer that adds the largest error of its own."""
        return max(self.layers, key=lambda layer: layer.own_error)

    @property
    def advice(self) -> str:
        """What to raise next, or what to take instead."""
        if not self.layers:
            return "the file is quantized throughout; every layer is as it was"
        layer = self.costliest
        cost = f"{layer.kind}, {100 * layer.own_error:.2f} %"
        return f"the largest cost is in '{layer.name}' ({cost}): {layer.knob.turned(self.method)}"


def centred_error(actual: Values, right: Values) -> float:
    """Relative error of the spread within each channel (last axis); a constant a channel is the next bias's matter."""
    actual, right = (values.reshape(-1, values.shape[-1]) for values in (actual, right))
    return relative_error(actual - actual.mean(axis=0), right - right.mean(axis=0))


def answers(exact: Values, right: Values, labels: Labels | None, calibrated: Sequence[int]) -> Answers:
    """Compare outputs (N, C, ...) in the model's own layout; labels tell the task, else the outputs' shape does."""
    task = task_of(right.shape[1:]) if labels is None else labels.task
    is_held_out = np.ones(len(right), bool)
    is_held_out[list(calibrated)] = False
    rest = relative_error(exact[is_held_out], right[is_held_out]) if is_held_out.any() else None
    scores = (None, None) if labels is None else (scored(right, labels), scored(exact, labels))
    figures = nearness(exact, right), rest
    if task is Task.VALUES:
        return Answers(task, len(right), right.size, *figures, labels_float=scores[0], labels_exact=scores[1])
    threshold = threshold_of(right)
    is_same = answers_of(task, exact, threshold) == answers_of(task, right, threshold)
    is_clear = _margins(task, right, threshold) >= CLEAR_MARGIN
    return Answers(
        task,
        len(right),
        is_same.size,
        *figures,
        _percent(is_same),
        int(is_clear.sum()),
        _percent(is_same[is_clear]),
        _percent(is_same[is_held_out]),
        threshold,
        *scores,
    )


def _margins(task: Task, outputs: Values, threshold: float) -> Values:
    """How far every answer is from the next, shaped as the answers are."""
    if task is Task.DECISIONS:
        return np.asarray(np.abs(outputs - threshold))
    rows = np.moveaxis(outputs, 1, -1) if task is Task.PIXELS else outputs.reshape(len(outputs), -1)
    two = np.sort(rows, axis=-1)[..., -2:]
    margins: Values = two[..., 1] - two[..., 0]
    return margins


def _percent(hits: npt.NDArray[np.bool_]) -> float | None:
    return float(100 * np.mean(hits)) if hits.size else None
