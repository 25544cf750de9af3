"""Pad with zeros, or with copies of the edge."""

from __future__ import annotations

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.network import Node
from shiftwire.onnx.canonical.shapes import axes_from_first
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.writer import Writer
from shiftwire.ops.moves import Pad
from shiftwire.ops.upsample import Upsample


def _read(view: View, graph: Graph) -> None:
    mode = view.text("mode", "constant")
    if mode not in ("constant", "edge"):
        raise InputError(f"attribute mode = {mode} is not handled; pad with the constant 0 or with the edge")
    if (
        mode == "constant"
        and len(view.inputs) > 2
        and view.inputs[2]
        and np.any(view.constant(2, "constant_value") != 0)
    ):
        raise InputError("a padding value other than 0 is not handled; pad with 0")
    begin, end = _spatial_pads(view, rank=len(graph.tensor(view.inputs[0]).shape) + 1)
    if min(*begin, *end, 0) < 0 and mode == "edge":
        raise InputError(f"pads of {begin} and {end} take pixels away; slice them")
    op = Pad(begin, end) if mode == "constant" else Upsample((1,) * len(begin), begin, end)
    graph.keep(view, op, view.inputs[0])


def _spatial_pads(view: View, rank: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Begin and end of each spatial axis; the batch and the channels stay as they are."""
    pads = view.integers(1, "pads")
    axes = list(range(rank))
    if len(view.inputs) > 3 and view.inputs[3]:
        axes = axes_from_first(view.integers(3, "axes").ravel(), rank)
    if pads.shape != (2 * len(axes),):
        raise InputError(f"pads of shape {pads.shape} do not fit {len(axes)} axes; give {2 * len(axes)} numbers")
    begin, end = np.zeros(rank, np.int64), np.zeros(rank, np.int64)
    begin[axes], end[axes] = pads[: len(axes)], pads[len(axes) :]
    if begin[:2].any() or end[:2].any():
        raise InputError("padding of the batch or of the channels is not handled; pad height and width only")
    return tuple(begin[2:].tolist()), tuple(end[2:].tolist())


def _write(writer: Writer, op: Pad, node: Node) -> None:
    pads = np.array([0, 0, *op.begin, 0, 0, *op.end], np.int64)
    writer.node("Pad", [*node.inputs, writer.constant(f"{node.name}_pads", pads)], node.name)


LAYER = OnnxLayer({("", "Pad"): _read}, {Pad: _write})
