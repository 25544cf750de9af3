"""Clips, maxima and minima: their canonical form, with the same values."""

from __future__ import annotations

from typing import Any

import pytest

from onnx_lines import INF, Case, agrees

IMAGE: list[object] = ["N", 2, 5, 6]

CASES: dict[str, Case] = {
    "clip: relu": (
        IMAGE, {"zero": 0.0},
        "y = Clip(x, zero)",
        "y = Relu(x)",
    ),
    "clip: relu with an end": (
        IMAGE, {"zero": 0.0, "end": INF},
        "y = Clip(x, zero, end)",
        "y = Relu(x)",
    ),
    "clip: nearly relu": (
        IMAGE, {"zero": 0.0, "end": 2.0},
        "y = Clip(x, zero, end)",
        "y = Clip(x, y_min, y_max)",
    ),
    "clip: upper bound alone": (
        IMAGE, {"end": 1.5},
        "y = Clip(x, , end)",
        "y = Clip(x, y_min, y_max)",
    ),
    "clip: lower bound alone": (
        IMAGE, {"one": [-1.0]},
        "y = Clip(x, one)",
        "y = Clip(x, y_min, y_max)",
    ),
    "clip: no bounds": (
        IMAGE, {},
        "a = Clip(x); y = Neg(a)",
        "y = Mul(x, y_scalar)",
    ),
    "clip: by attributes": (
        IMAGE, {},
        "y = Clip<min=-1.5, max=1.0>(x)",
        "y = Clip(x, y_min, y_max)",
    ),
    "clip: infinite bounds": (
        IMAGE, {"low": -INF, "end": INF},
        "a = Clip(x, low, end); y = Neg(a)",
        "y = Mul(x, y_scalar)",
    ),
    "clip: computed bound": (
        IMAGE, {"low": -1.0},
        "m = ReduceMax<keepdims=0>(x); y = Clip(x, low, m)",
        "m = ReduceMax(x) keepdims=0; y = Clip(x, low, m)",
    ),
    "max: constant first": (
        IMAGE, {"zero": 0.0},
        "y = Max(zero, x)",
        "y = Relu(x)",
    ),
    "max: constant second": (
        IMAGE, {"one": [[1.0]]},
        "y = Max(x, one)",
        "y = Clip(x, y_min, y_max)",
    ),
    "min: constant second": (
        IMAGE, {"one": 1.0},
        "y = Min(x, one)",
        "y = Clip(x, y_min, y_max)",
    ),
    "max: of two": (
        IMAGE, {},
        "a = Neg(x); y = Max(x, a)",
        "a = Mul(x, a_scalar); y = Max(x, a)",
    ),
    "max: a row": (
        IMAGE, {"row": (6,)},
        "y = Max(x, row)",
        "y = Max(x, row)",
    ),
    "max: grown": (
        ["N", 4], {"one": [[[1.0]]]},
        "y = Max(x, one)",
        "y = Max(x, one)",
    ),
    "max: of one": (
        IMAGE, {},
        "a = Max(x); y = Neg(a)",
        "y = Mul(x, y_scalar)",
    ),
    "max: of three": (
        IMAGE, {"one": 1.0},
        "a = Neg(x); y = Max(x, a, one)",
        "a = Mul(x, a_scalar); y = Max(x, a, one)",
    ),
}  # fmt: skip

OPSETS = {
    "clip: lower bound alone": 11,
    "clip: by attributes": 9,
}
"""Of files of another opset than 20."""


@pytest.mark.parametrize("name", CASES)
def test_the_canonical_form(name: str, count: Any) -> None:
    agrees(CASES[name], OPSETS.get(name, 20), count)
