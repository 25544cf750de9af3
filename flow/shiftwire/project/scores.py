"""How near outputs come to others, or to labels: answers that are the same, or the error of values."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.numbers.fixed import Values
from shiftwire.project.labels import Labels, Task

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Nearness:
    """Root mean square error in the values' own units, and relative to their spread; correlation from -1 to 1.

    No correlation where either side does not vary. Of several outputs `worst_output` has the largest error relative to
    its own spread, which the others' may hide.
    """

    rms_error: float
    relative_error: float
    correlation: float | None
    worst_output: int | None = None
    worst_relative_error: float | None = None

    @property
    def sentence(self) -> str:
        """All figures there are."""
        alike = "" if self.correlation is None else f", correlation {self.correlation:.4f}"
        worst = ""
        if self.worst_output is not None and self.worst_relative_error is not None:
            worst = f"; worst is output {self.worst_output}, {100 * self.worst_relative_error:.2f} % of its own"
        return f"rms error {self.rms_error:.4g}, {100 * self.relative_error:.2f} % of their spread{alike}{worst}"


@dataclass(frozen=True, slots=True)
class Score:
    """Outputs against labels: answers that are right, of all, or how near values come to them."""

    task: Task
    total: int
    correct: int | None = None
    nearness: Nearness | None = None
    threshold: float = 0.0
    """Of decisions."""

    @property
    def accuracy(self) -> float | None:
        """In percent; none where values have no right or wrong."""
        return None if self.correct is None else 100 * self.correct / self.total

    @property
    def sentence(self) -> str:
        """The figure that fits the task."""
        if self.nearness is not None:
            return f"against the labels: {self.nearness.sentence}"
        return f"accuracy: {self.accuracy:.2f} %{of_what(self.task, self.threshold)}"

    def to_json(self) -> dict[str, object]:
        """Plain values; every key is always there, null where the task has no such figure."""
        near = None if self.nearness is None else dataclasses.asdict(self.nearness)
        return {"task": self.task.value, "accuracy": self.accuracy, "error": near}


def of_what(task: Task, threshold: float = 0.0) -> str:
    """What a share of right answers counts, behind the share; nothing for classes."""
    match task:
        case Task.PIXELS:
            return " of pixels"
        case Task.DECISIONS:
            return f" of decisions (a value above {threshold:g} is a yes)"
        case _:
            return ""


def scored(outputs: Values, labels: Labels) -> Score:
    """Output values (N, C, ...) in the model's own layout against the labels of the same samples."""
    if labels.task is Task.VALUES:
        return Score(labels.task, labels.values.size, nearness=nearness(outputs, labels.values))
    threshold = threshold_of(outputs)
    hits = answers_of(labels.task, outputs, threshold) == labels.values
    return Score(labels.task, hits.size, int(np.count_nonzero(hits)), threshold=threshold)


def answers_of(task: Task, outputs: Values, threshold: float) -> Array:
    """Answers that outputs (N, C, ...) give, shaped as those labels are; ties take the lowest index."""
    match task:
        case Task.CLASSES:
            return np.asarray(outputs.reshape(len(outputs), -1).argmax(axis=1))
        case Task.PIXELS:
            return np.asarray(outputs.argmax(axis=1))
        case Task.DECISIONS:
            return np.asarray(outputs > threshold)
        case Task.VALUES:
            raise ValueError("values are no answers; take their nearness")


def threshold_of(outputs: Values) -> float:
    """Where a yes begins: at one half where all outputs are probabilities, else at 0, as logits have it."""
    return 0.5 if outputs.size and outputs.min() >= 0 and outputs.max() <= 1 else 0.0


def nearness(actual: Values, right: Values) -> Nearness:
    """Values (N, C, ...) of one shape; the spread is that of what is right."""
    figures = rms(actual - right), relative_error(actual, right), correlation(actual, right)
    if right.shape[1] == 1:
        return Nearness(*figures)
    errors = [relative_error(actual[:, at], right[:, at]) for at in range(right.shape[1])]
    return Nearness(*figures, int(np.argmax(errors)), max(errors))


def rms(values: Values) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


def relative_error(actual: Values, right: Values) -> float:
    """Root mean square of the difference over the standard deviation of what is right (its size, where constant)."""
    spread = float(np.std(right)) or rms(right) or 1.0
    return rms(actual - right) / spread


def correlation(actual: Values, right: Values) -> float | None:
    """Pearson's, over all values; None where one side does not vary."""
    x, y = (values.reshape(-1) - float(values.mean()) for values in (actual, right))
    power = float(np.linalg.norm(x)) * float(np.linalg.norm(y))
    return float(np.clip(np.dot(x, y) / power, -1, 1)) if power > 0 else None
