"""A small float network whose trials take no time, explored in one process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from verbs import run_verb

TRIALS = 9
FAST = ("--fps", 500_000)
"""Two hundred cycles a frame, at which many choices are worth having."""
FEW = (
    "lightnn:terms=1:exponents=4",
    "lightnn:terms=2:exponents=8",
    "linear:terms=3:exponents=8",
    "smartexchange",
)
"""Choices of a layer, one of which has no part in a dense one."""


def explore(capsys: Any, work: Path, output: Path, *words: object) -> Mapping[str, Any]:
    asked = ("--calibrate", work / "x.npz", "--samples", 24, *FAST, "--trials", TRIALS, "--json", "-o", output, *words)
    status, out, err = run_verb(capsys, "explore", work / "float.onnx", *asked)
    assert status == 0, err
    data: Mapping[str, Any] = json.loads(out)
    assert data == json.loads(output.read_text())
    return data


def changed(front: Path, to: Path, **members: Any) -> Path:
    to.write_text(json.dumps(json.loads(front.read_text()) | members))
    return to


def fronts(data: Mapping[str, Any]) -> set[tuple[Any, ...]]:
    return {(point["cycles"], point["lut"], point["loss"], point["network_sha256"]) for point in data["points"]}
