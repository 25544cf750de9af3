"""Flatten, and Reshape: one that is a flatten, one between two layers, and the host's."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.network import Node
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer, identity, plain_writer
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.waiting import begin_tail, host_shape, is_hosts
from shiftwire.onnx.context.writer import Writer
from shiftwire.ops.flatten import Flatten, Unflatten
from shiftwire_boards.runtime.host_steps import Reshape


def _flatten(view: View, graph: Graph) -> None:
    view.insist("axis", 1, default=1)
    source = view.inputs[0]
    if is_hosts(graph, source):
        _reshape_on_host(view, graph, (prod(host_shape(graph, source)),))
    else:
        _flat(view, graph)


def _reshape(view: View, graph: Graph) -> None:
    """One that is a flatten or leads to a layer is the flow's, any other the host's, at either end."""
    view.insist("allowzero", 0, default=0)
    source, target = view.inputs[0], view.integers(1, "shape").tolist()
    before = host_shape(graph, source) if is_hosts(graph, source) else _sample(graph, source)
    after = _target(target, before, graph.batch)
    if not is_hosts(graph, source) and len(after) > 1 and view.output in graph.inner:
        _unflat(view, graph, after)
    elif is_hosts(graph, source) or after != (prod(before),):
        _reshape_on_host(view, graph, after)
    else:
        _flat(view, graph)


def _sample(graph: Graph, onnx_name: str) -> tuple[int, ...]:
    *spatial, channels = graph.tensor(onnx_name).shape
    return (channels, *spatial)


def _target(target: list[int], before: tuple[int, ...], batch: int | None) -> tuple[int, ...]:
    """A sample's new shape; raises InputError for a Reshape that moves numbers between samples."""
    size = prod(before)
    first, *rest = target or [0]
    after = [(before[at] if at < len(before) else 0) if axis == 0 else axis for at, axis in enumerate(rest)]
    if after.count(-1) == 1 and first in (0, batch):
        known = prod(axis for axis in after if axis != -1)
        after = [size // known if axis == -1 and known else axis for axis in after]
    if first not in (0, -1, batch) or not after or prod(after) != size or min(after) < 1:
        raise InputError(
            f"a reshape of samples of shape {before} to {target} is not handled; keep the batch on axis 0, as in (N, "
            f"{size}), which is a flatten"
        )
    return tuple(after)


def _reshape_on_host(view: View, graph: Graph, after: tuple[int, ...]) -> None:
    source = view.inputs[0]
    if graph.is_raw(source):
        graph.raw[view.output] = graph.raw[source].reshaped(after)
        return
    tail = begin_tail(view, graph)
    steps = (*tail.steps, Reshape(tail.shape, after))
    graph.tails[view.output] = replace(tail, steps=steps, shape=after)


def _flat(view: View, graph: Graph) -> None:
    if len(graph.tensor(view.inputs[0]).shape) == 1:
        identity(view, graph)
        return
    name, pending = graph.opened(view.inputs[0])
    *spatial, channels = graph.tensors[name].shape
    places = np.repeat(np.arange(channels), prod(spatial))
    graph.put(view, graph.append(Flatten(), (name,), view.output), pending.spread(places))


def _unflat(view: View, graph: Graph, after: tuple[int, ...]) -> None:
    """Any other shape between two layers: of a vector, or of an image that becomes one first."""
    name, pending = graph.opened(view.inputs[0])
    *spatial, channels = graph.tensors[name].shape
    if spatial:
        name = graph.append(Flatten(), (name,), f"{view.output}_flat")
        pending = pending.spread(np.repeat(np.arange(channels), prod(spatial)))
    places = np.arange(prod(after)).reshape(after[0], -1)
    if not pending.is_alike(places):
        raise InputError("numbers that become one channel have unlike scales; quantize them to one scale in front")
    image = graph.append(Unflatten((*after[1:], after[0])), (name,), view.output)
    graph.put(view, image, pending.spread(places[:, 0]))


def _write_unflat(writer: Writer, op: Unflatten, node: Node) -> None:
    *spatial, channels = op.shape
    shape = writer.constant(f"{node.name}_shape", np.array([0, channels, *spatial], np.int64))
    writer.node("Reshape", [*node.inputs, shape], node.name)


LAYER = OnnxLayer(
    {("", "Flatten"): _flatten, ("", "Reshape"): _reshape},
    {Flatten: plain_writer("Flatten", axis=1), Unflatten: _write_unflat},
)
