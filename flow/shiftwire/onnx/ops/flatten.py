"""Flatten, and Reshape where it is one."""

from __future__ import annotations

from math import prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer, identity, plain_writer
from shiftwire.onnx.context.view import View
from shiftwire.ops.flatten import Flatten


def _flatten(view: View, graph: Graph) -> None:
    view.insist("axis", 1, default=1)
    _flat(view, graph)


def _reshape(view: View, graph: Graph) -> None:
    view.insist("allowzero", 0, default=0)
    target, size = view.integers(1, "shape").tolist(), graph.tensor(view.inputs[0]).size
    batch = {0, -1} if target[1:] == [size] else {0}
    batch |= {graph.batch} if graph.batch else set()
    if len(target) != 2 or target[1] not in (-1, size) or target[0] not in batch:
        raise InputError(f"a reshape to {target} is not handled; only one to (N, {size}), which is a flatten, is")
    _flat(view, graph)


def _flat(view: View, graph: Graph) -> None:
    if len(graph.tensor(view.inputs[0]).shape) == 1:
        identity(view, graph)
        return
    name, pending = graph.opened(view.inputs[0])
    *spatial, channels = graph.tensors[name].shape
    places = np.repeat(np.arange(channels), prod(spatial))
    graph.put(view, graph.append(Flatten(), (name,), view.output), pending.spread(places))


LAYER = OnnxLayer({("", "Flatten"): _flatten, ("", "Reshape"): _reshape}, {Flatten: plain_writer("Flatten", axis=1)})
