"""Figures of outputs against labels and against other outputs, by hand and against numpy's own."""

from __future__ import annotations

import numpy as np
import pytest

from shiftwire.project.labels import Labels, Task
from shiftwire.project.scores import answers_of, correlation, nearness, relative_error, scored, threshold_of

RNG = np.random.default_rng(1)


def test_classes_are_counted() -> None:
    outputs = np.array([[1.0, 3.0, 3.0], [0.0, -1.0, 0.0], [0.0, 0.0, 5.0], [2.0, 1.0, 0.0]])
    score = scored(outputs, Labels(Task.CLASSES, np.array([1, 0, 2, 1])))
    assert (score.correct, score.total, score.accuracy) == (3, 4, 75.0), "ties take the lowest index"
    assert score.sentence == "accuracy: 75.00 %"
    assert score.to_json() == {"task": "classes", "accuracy": 75.0, "error": None}


def test_pixels_are_counted() -> None:
    outputs, labels = RNG.normal(0, 1, (4, 3, 2, 5)), RNG.integers(0, 3, (4, 2, 5))
    right = sum(
        int(max(range(3), key=lambda c: outputs[n, c, row, column]) == labels[n, row, column])
        for n in range(4)
        for row in range(2)
        for column in range(5)
    )
    score = scored(outputs, Labels(Task.PIXELS, labels))
    assert (score.correct, score.total) == (right, 40) and 0 < right < 40
    assert score.sentence == f"accuracy: {100 * right / 40:.2f} % of pixels"


@pytest.mark.parametrize(
    ("outputs", "threshold", "right"),
    [
        ([[-2.0], [0.0], [0.1], [3.0]], 0.0, 3),
        ([[0.0], [0.4], [0.5], [1.0]], 0.5, 2),
        ([[-0.1], [0.6], [1], [1]], 0, 4),
        ([[0.1], [0.6], [1], [1.5]], 0, 3),
    ],
)
def test_decisions_have_a_threshold(outputs: list[list[float]], threshold: float, right: int) -> None:
    """Probabilities turn at one half, logits at 0, and the line says which."""
    labels = Labels(Task.DECISIONS, np.array([[False], [True], [True], [True]]))
    score = scored(np.array(outputs), labels)
    assert threshold_of(np.array(outputs)) == threshold
    hits = sum((value > threshold) == label for (value,), (label,) in zip(outputs, labels.values.tolist(), strict=True))
    assert score.correct == hits == right
    assert score.sentence.endswith(f"% of decisions (a value above {threshold:g} is a yes)")


def test_values_have_no_accuracy() -> None:
    labels = RNG.normal(5, 3, (50, 1))
    outputs = labels + RNG.normal(0, 0.3, (50, 1))
    score = scored(outputs, Labels(Task.VALUES, labels))
    assert score.accuracy is None and score.nearness is not None
    near = score.nearness
    assert near.rms_error == pytest.approx(np.sqrt(np.mean((outputs - labels) ** 2)))
    assert near.relative_error == pytest.approx(near.rms_error / labels.std())
    assert near.correlation == pytest.approx(np.corrcoef(outputs.ravel(), labels.ravel())[0, 1])
    assert (near.worst_output, near.worst_relative_error) == (None, None)
    assert score.sentence.startswith("against the labels: rms error 0.")
    assert "accuracy" not in score.sentence and "correlation 0.99" in score.sentence
    error = score.to_json()["error"]
    assert isinstance(error, dict) and error["rms_error"] == near.rms_error


def test_the_worst_output_is_not_hidden() -> None:
    """A small output that is all wrong beside a large one that is right."""
    right = np.stack([1000 * RNG.normal(0, 1, 40), RNG.normal(0, 1, 40)], axis=1)
    actual = right + np.stack([np.zeros(40), right[:, 1]], axis=1)
    near = nearness(actual, right)
    assert near.relative_error < 0.01
    assert near.worst_output == 1
    assert near.worst_relative_error == pytest.approx(np.sqrt(np.mean(right[:, 1] ** 2)) / right[:, 1].std())
    assert "worst is output 1" in near.sentence


@pytest.mark.filterwarnings("error", "ignore::ResourceWarning")
def test_values_that_do_not_vary() -> None:
    flat, other = np.full((9, 1), 2.0), RNG.normal(0, 1, (9, 1))
    assert correlation(flat, other) is None and correlation(other, flat) is None
    assert relative_error(flat + 1, flat) == 0.5, "relative to their size"
    assert relative_error(flat, 0 * flat) == 2.0
    assert "correlation" not in nearness(flat, other).sentence


def test_values_are_no_answers() -> None:
    with pytest.raises(ValueError, match="take their nearness"):
        answers_of(Task.VALUES, np.zeros((2, 1)), 0.0)
