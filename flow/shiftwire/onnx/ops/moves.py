"""Slice, Gather of channels, DepthToSpace and SpaceToDepth: codes change places, scales move along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.network import Node, Op
from shiftwire.numbers.fixed import Codes
from shiftwire.onnx.canonical.shapes import axes_from_first
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer, identity
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.waiting import begin_tail
from shiftwire.onnx.context.writer import Writer
from shiftwire.ops.moves import Crop, DepthOrder, DepthToSpace, Select, SpaceToDepth
from shiftwire_boards.runtime.host_steps import Arrange, Reshape

MOST_SAMPLES = 1 << 30
"""What a slice of an open batch must reach at least."""

Taken = tuple[range, ...]
"""Indices of each axis of a sample that stay, the channels last."""


def _slice(view: View, graph: Graph) -> None:
    """A part of height and width is a Crop, one of the channels too, where no channel between is left out."""
    shape = graph.tensor(view.inputs[0]).shape
    taken = _taken(view, shape, graph.batch)
    *spatial, channels = taken
    if any(axis.step != 1 for axis in spatial):
        raise InputError(
            "it takes some pixels and leaves others out between them; take whole rows and columns side by side, or "
            "pool with a stride"
        )
    if not all(taken):
        raise InputError(f"it leaves nothing of samples of shape {shape}; take at least one of each axis")
    select = Select(tuple(channels)) if channels.step != 1 else None
    kept = (*spatial, range(shape[-1]) if select else channels)
    crop = Crop(
        tuple(axis[0] for axis in kept), tuple(size - 1 - axis[-1] for axis, size in zip(kept, shape, strict=True))
    )
    ops = [op for op in (crop if any(crop.begin + crop.end) else None, select) if op is not None]
    if ops:
        _move(view, graph, ops, np.array(channels))
    else:
        identity(view, graph)


def _taken(view: View, shape: tuple[int, ...], batch: int | None) -> Taken:
    """By inputs since opset 10, by attributes before."""
    rank = len(shape) + 1
    if len(view.inputs) == 1:
        starts, ends = view.attribute("starts"), view.attribute("ends")
        axes, steps = view.attribute("axes", list(range(len(starts)))), [1] * len(starts)
    else:
        starts, ends = _numbers(view, 1, "starts"), _numbers(view, 2, "ends")
        axes, steps = _numbers(view, 3, "axes", range(len(starts))), _numbers(view, 4, "steps", [1] * len(starts))
    axes = axes_from_first(axes, rank)
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise InputError(
            f"{len(starts)} starts, {len(ends)} ends, {len(axes)} axes and {len(steps)} steps do not fit each other; "
            "give as many of each"
        )
    if 0 in steps:
        raise InputError("a step of 0 leads nowhere; step by 1")
    taken = [range(batch or MOST_SAMPLES), *map(range, (shape[-1], *shape[:-1]))]
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        part = taken[axis][start:end:step]
        if axis == 0 and part != taken[0]:
            raise InputError("it takes some samples of the batch and leaves others out; slice other axes than the 0")
        taken[axis] = part
    return (*taken[2:], taken[1])


def _numbers(view: View, position: int, name: str, default: Sequence[int] | None = None) -> list[int]:
    """An input of integers as large as there are: files say the largest one for an end."""
    if default is not None and (len(view.inputs) <= position or not view.inputs[position]):
        return list(default)
    value = view.constant(position, name)
    if value.dtype.kind not in "iu":
        raise InputError(f"its input '{name}' is a {value.dtype} tensor; give integers")
    return [int(number) for number in value.ravel()]


def _gather(view: View, graph: Graph) -> None:
    """Of channels by a list of indices."""
    channels = graph.tensor(view.inputs[0]).shape[-1]
    rank = len(graph.tensor(view.inputs[0]).shape) + 1
    (axis,) = axes_from_first([view.whole("axis", 0)], rank)
    indices = view.integers(1, "indices")
    if axis != 1 or indices.ndim != 1:
        raise InputError(
            f"it gathers indices of shape {indices.shape} along axis {axis}; gather a list of channels (axis 1), or "
            "take a part of another axis by a Slice"
        )
    if indices.min() < -channels or indices.max() >= channels:
        raise InputError(f"it gathers channels beyond the {channels} there are; name some of 0 to {channels - 1}")
    places = indices % channels
    if np.array_equal(places, np.arange(channels)):
        identity(view, graph)
    else:
        _move(view, graph, [Select(tuple(places.tolist()))], places)


def _depth_to_space(view: View, graph: Graph) -> None:
    """In hardware where the channels that meet have one scale, else the host's, behind the last layer."""
    op = DepthToSpace(view.whole("blocksize", lowest=1), _order(view))
    channels = graph.tensor(view.inputs[0]).shape[-1]
    op.infer(graph.tensor(view.inputs[0]))
    if op.block == 1:
        identity(view, graph)
        return
    places = op.source_channels(channels)
    if graph.opened(view.inputs[0])[1].is_alike(places):
        _move(view, graph, [op], places[:, 0])
    else:
        _on_host(view, graph, op)


def _order(view: View) -> DepthOrder:
    mode = view.text("mode", "DCR")
    if mode not in (order.value for order in DepthOrder):
        raise InputError(f"mode = {mode} is not handled; ONNX knows DCR and CRD")
    return DepthOrder(mode)


def _on_host(view: View, graph: Graph, op: DepthToSpace) -> None:
    tail = begin_tail(view, graph)
    channels, height, width = tail.shape
    block, rest = op.block, channels // op.block**2
    is_dcr = op.order is DepthOrder.DCR
    apart = (block, block, rest, height, width) if is_dcr else (rest, block, block, height, width)
    perm = (0, 3, 4, 1, 5, 2) if is_dcr else (0, 1, 4, 2, 5, 3)
    shuffled = tuple(apart[axis - 1] for axis in perm[1:])
    shape = (rest, height * block, width * block)
    steps = (*tail.steps, Reshape(tail.shape, apart), Arrange(perm), Reshape(shuffled, shape))
    graph.tails[view.output] = replace(tail, steps=steps, shape=shape)


def _space_to_depth(view: View, graph: Graph) -> None:
    op = SpaceToDepth(view.whole("blocksize", lowest=1))
    channels = graph.tensor(view.inputs[0]).shape[-1]
    _move(view, graph, [op], np.tile(np.arange(channels), op.block**2))


def _move(view: View, graph: Graph, ops: Sequence[Op], places: Codes) -> None:
    """Ops one behind the other; `places` names for each channel that leaves the one it was."""
    name, pending = graph.opened(view.inputs[0])
    for at, op in enumerate(ops):
        name = graph.append(op, (name,), view.output + ("" if at == len(ops) - 1 else "_part"))
    graph.put(view, name, pending.spread(places))


def _write_crop(writer: Writer, op: Crop, node: Node) -> None:
    shape = writer.network.sources(node)[0].shape
    cut = [axis for axis in range(len(shape)) if op.begin[axis] or op.end[axis]] or [0]
    numbers = {
        "starts": [op.begin[axis] for axis in cut],
        "ends": [shape[axis] - op.end[axis] for axis in cut],
        "axes": [1 if axis == len(shape) - 1 else axis + 2 for axis in cut],
    }
    constants = [writer.constant(f"{node.name}_{key}", np.array(row, np.int64)) for key, row in numbers.items()]
    writer.node("Slice", [*node.inputs, *constants], node.name)


def _write_select(writer: Writer, op: Select, node: Node) -> None:
    indices = writer.constant(f"{node.name}_channels", np.array(op.channels, np.int64))
    writer.node("Gather", [*node.inputs, indices], node.name, axis=1)


def _write_depth_to_space(writer: Writer, op: DepthToSpace, node: Node) -> None:
    writer.node("DepthToSpace", list(node.inputs), node.name, blocksize=op.block, mode=op.order.value)


def _write_space_to_depth(writer: Writer, op: SpaceToDepth, node: Node) -> None:
    writer.node("SpaceToDepth", list(node.inputs), node.name, blocksize=op.block)


LAYER = OnnxLayer(
    {
        ("", "Slice"): _slice,
        ("", "Gather"): _gather,
        ("", "DepthToSpace"): _depth_to_space,
        ("", "SpaceToDepth"): _space_to_depth,
    },
    {
        Crop: _write_crop,
        Select: _write_select,
        DepthToSpace: _write_depth_to_space,
        SpaceToDepth: _write_space_to_depth,
    },
)
