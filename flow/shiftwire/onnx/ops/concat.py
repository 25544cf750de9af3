"""Concat along the channels."""

from __future__ import annotations

import numpy as np

from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer, plain_writer
from shiftwire.onnx.context.pending import Pending
from shiftwire.onnx.context.view import View
from shiftwire.ops.concat import Concat


def _concat(view: View, graph: Graph) -> None:
    """Along the channels; scales that differ stay with their channels."""
    rank = len(graph.tensor(view.inputs[0]).shape) + 1
    view.insist("axis", 1, 1 - rank, default=None)
    parts = [graph.scaled(name) for name in view.inputs]
    widths = [graph.tensors[name].shape[-1] for name, _ in parts]
    rows = [np.broadcast_to(pending.scale, (width,)) for (_, pending), width in zip(parts, widths, strict=True)]
    scale = np.concatenate(rows)
    name = parts[0][0]
    for position, (other, _) in enumerate(parts[1:], start=1):
        last = position == len(parts) - 1
        name = graph.append(Concat(), (name, other), view.output + ("" if last else f"_part{position}"))
    graph.put(view, name, Pending(np.asarray(scale[0]) if (scale == scale[0]).all() else scale))


LAYER = OnnxLayer({("", "Concat"): _concat}, {Concat: plain_writer("Concat", axis=1)})
