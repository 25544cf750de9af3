"""What a board says of labels: right answers of classes, pixels and decisions, the error of values."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from records import measured
from shiftwire.project.labels import Labels, Task
from shiftwire.project.scores import scored
from shiftwire.reports.records.rows import rows_of
from shiftwire_boards.runtime.errors import DataError, RecordError
from shiftwire_boards.runtime.labels import accuracy_of, check_labels, label_error_of
from shiftwire_boards.runtime.record import LabelError
from shiftwire_boards.runtime.record_json import record_from_json, record_to_json

RNG = np.random.default_rng(6)
VECTOR, MAP, ONE, ROW = (4,), (3, 2, 5), (1,), (1, 7)
CASES = {
    "classes": (VECTOR, RNG.integers(0, 4, 30), Task.CLASSES),
    "pixels": (MAP, RNG.integers(0, 3, (30, 2, 5)), Task.PIXELS),
    "decisions": (ONE, RNG.random((30, 1)) < 0.5, Task.DECISIONS),
    "a mask": ((1, 2, 5), RNG.random((30, 1, 2, 5)) < 0.5, Task.DECISIONS),
    "values": (VECTOR, RNG.normal(3, 2, (30, 4)), Task.VALUES),
    "a map of values": (MAP, RNG.normal(3, 2, (30, 3, 2, 5)), Task.VALUES),
    "places of a row": (ROW, RNG.integers(0, 7, 30), Task.CLASSES),
}


@pytest.mark.parametrize("offset", [0.0, 0.5])
@pytest.mark.parametrize("name", CASES)
def test_the_board_scores_as_the_host_does(name: str, offset: float) -> None:
    """Two programs, one figure; probabilities turn at one half in both."""
    (channels, *spatial), labels, task = CASES[name]
    outputs = RNG.normal(0, 1, (30, channels, *spatial)) if not offset else RNG.random((30, channels, *spatial))
    check_labels(labels, (channels, *spatial))
    wanted = scored(outputs, Labels(task, labels))
    accuracy, error = accuracy_of(outputs, labels), label_error_of(outputs, labels)
    if task is Task.VALUES:
        assert accuracy is None and error is not None and wanted.nearness is not None
        assert error.rms == pytest.approx(wanted.nearness.rms_error)
        assert error.relative == pytest.approx(wanted.nearness.relative_error)
    else:
        assert error is None and accuracy is not None
        assert (accuracy.correct, accuracy.total) == (wanted.correct, wanted.total)


@pytest.mark.parametrize(
    ("labels", "shape", "words"),
    [
        (np.zeros((9, 2), int), VECTOR, r"shape \(9, 2\) and type int64, wanted \(9,\) for outputs \(N, 4\); give"),
        (np.zeros(9, int), MAP, r"wanted \(9, 2, 5\) for outputs \(N, 3, 2, 5\)"),
        (np.zeros(9), VECTOR, r"type float64, wanted \(9, 4\)"),
        (np.zeros((9, 2, 5, 3)), MAP, r"wanted \(9, 3, 2, 5\)"),
        (np.full(9, "a"), VECTOR, "type <U1"),
        (np.full((9, 2, 5), 3), MAP, "found labels from 3 to 3, the network answers 0 to 2; number the classes"),
        (np.full(9, -1), VECTOR, "from -1 to -1"),
    ],
)
def test_labels_that_fit_no_outputs(labels: np.ndarray, shape: tuple[int, ...], words: str) -> None:
    with pytest.raises(DataError, match=words):
        check_labels(labels, shape)


def test_a_record_keeps_the_error() -> None:
    """In its file and its rows; a record of before has none, and reads as it did."""
    record = replace(measured(), accuracy=None, label_error=LabelError(0.25, 0.04))
    whole = json.loads(json.dumps(record_to_json(record)))
    assert whole["label_error"] == {"rms": 0.25, "relative": 0.04} and whole["accuracy"] is None
    assert record_from_json(whole) == record
    rows = {row.head: row.text for row in rows_of(record)}
    assert rows["error beside the labels"] == "rms 0.25, 4.00% of the labels' spread" and "accuracy" not in rows
    before = record_to_json(measured())
    del before["label_error"]
    assert record_from_json(before) == measured()
    with pytest.raises(RecordError, match="an error is 0 or more"):
        LabelError(-0.1, 0.0)
