"""Threshold."""

from __future__ import annotations

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.network import Node
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.writer import Writer
from shiftwire.ops.threshold import Threshold


def _read(view: View, graph: Graph) -> None:
    """Thresholds move to the input's grid, rounded up, and into its range; both are exact."""
    x = graph.tensor(view.inputs[0]).format
    rows = view.constant(1, "thresholds")
    if rows.dtype.kind not in "iu" or rows.ndim != 2:
        raise InputError(f"thresholds of type {rows.dtype} and shape {rows.shape}, wanted integers (channels, steps)")
    drop = view.frac("threshold_frac") - x.frac
    on_grid = np.array([[_reached(int(code), drop, x) for code in row] for row in rows], np.int64)
    base, step = view.integers(2, "base"), view.integers(3, "step")
    graph.emit(view, Threshold(on_grid, base, step, x.frac, view.frac("frac")), view.inputs[0])


def _reached(threshold: int, drop: int, x: Fixed) -> int:
    """The smallest code of x that reaches a threshold; one above the highest where none does."""
    moved = -(-threshold >> drop) if drop > 0 else threshold << -drop
    return min(max(moved, x.lo), x.hi + 1)


def _write(writer: Writer, op: Threshold, node: Node) -> None:
    names = [
        writer.constant(f"{node.name}_thresholds", op.thresholds),
        writer.constant(f"{node.name}_base", op.base.astype(np.int32)),
        writer.constant(f"{node.name}_step", op.step.astype(np.int32)),
    ]
    writer.custom("Threshold", [*node.inputs, *names], node.name, threshold_frac=op.x_frac, frac=op.frac)


LAYER = OnnxLayer({("shiftwire", "Threshold"): _read}, {Threshold: _write})
