"""MaxPool, AveragePool and GlobalAveragePool."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from operator import add

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Node
from shiftwire.ir.window import Window
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.canonical.windows import rounded_up
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer
from shiftwire.onnx.context.pending import Pending
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.windows import read_window, window_attributes
from shiftwire.onnx.context.writer import Writer
from shiftwire.onnx.ops.conv import write_conv
from shiftwire.ops.conv import Conv
from shiftwire.ops.partial_pool import PartialPool
from shiftwire.ops.pool import AveragePool, MaxPool, SumPool
from shiftwire.ops.weights.shift import Shift


def _kernel_shape(view: View, graph: Graph) -> tuple[int, ...]:
    return view.wholes("kernel_shape", len(graph.tensor(view.inputs[0]).shape) - 1)


def _max_pool(view: View, graph: Graph) -> None:
    window = read_window(view, _kernel_shape(view, graph))
    view.insist("ceil_mode", 0, default=0)
    view.insist("storage_order", 0, default=0)
    name, pending = graph.opened(view.inputs[0])
    if (pending.slope(graph.tensors[name].shape[-1]) < 0).any():
        raise InputError(
            "it takes the largest of values that fall where codes rise, behind a negative scale or batch norm; "
            "quantize them by a Quant node in front of the pool"
        )
    graph.put(view, graph.append(MaxPool(window), (name,), view.output), pending)


def _average_pool(view: View, graph: Graph) -> None:
    op = averaging(view, graph)
    if isinstance(op, PartialPool):
        name, pending = graph.scaled(view.inputs[0])
        divisor = op.odd_divisor(graph.tensors[name].shape)
        graph.put(view, graph.append(op, (name,), view.output), Pending(pending.scale / divisor))
    else:
        _average(view, graph, op)


def averaging(view: View, graph: Graph) -> Window | PartialPool:
    """The window of an AveragePool all of whose positions count, or a pool that counts a part of them."""
    *image, _ = graph.tensor(view.inputs[0]).shape
    window = read_window(view, view.wholes("kernel_shape", len(image)))
    begin, end = window.begin, window.end
    if view.flag("ceil_mode", 0):
        window = replace(window, end=tuple(rounded_up(image, window.kernel, window.stride, begin + end)))
    if not view.flag("count_include_pad", 0):
        begin = end = (0,) * len(image)
    return window if (begin, end) == (window.begin, window.end) else PartialPool(window, begin, end)


def _global_average_pool(view: View, graph: Graph) -> None:
    spatial = graph.tensor(view.inputs[0]).shape[:-1]
    ones, zeros = (1,) * len(spatial), (0,) * len(spatial)
    _average(view, graph, Window(spatial, ones, zeros, zeros))


def _average(view: View, graph: Graph, window: Window) -> None:
    """Exact where the area is a power of two; any other area stays in the scale of the sums."""
    area = prod(window.kernel)
    name, pending = graph.scaled(view.inputs[0])
    is_power = area & (area - 1) == 0
    pooled = graph.append(AveragePool(window) if is_power else SumPool(window), (name,), view.output)
    graph.put(view, pooled, pending if is_power else Pending(pending.scale / area))


def _partial_pool(view: View, graph: Graph) -> None:
    kernel = _kernel_shape(view, graph)
    axes, rest = len(kernel), read_window(view, kernel)
    counted = view.wholes("counted_pads", 2 * axes)
    begin, end = counted[:axes], counted[axes:]
    pads = [tuple(map(add, some, more)) for some, more in ((rest.begin, begin), (rest.end, end))]
    op = PartialPool(Window(kernel, rest.stride, pads[0], pads[1]), begin, end)
    divisor, own = view.whole("divisor"), op.odd_divisor(graph.tensor(view.inputs[0]).shape)
    if divisor != own:
        raise InputError(f"its divisor is {divisor}, and its windows ask for {own}; write the file again")
    graph.emit(view, op, view.inputs[0])


def _write_max(writer: Writer, op: MaxPool, node: Node) -> None:
    writer.node(
        "MaxPool", list(node.inputs), node.name, kernel_shape=list(op.window.kernel), **window_attributes(op.window)
    )


def _write_average(writer: Writer, op: AveragePool, node: Node) -> None:
    shape = list(op.window.kernel)
    window = window_attributes(op.window)
    writer.node("AveragePool", list(node.inputs), node.name, kernel_shape=shape, count_include_pad=1, **window)


def _write_sum(writer: Writer, op: SumPool, node: Node) -> None:
    """A depthwise convolution whose weights are all one: the contract has no sum of its own."""
    channels = writer.network.sources(node)[0].shape[-1]
    one = np.ones((1, channels, *op.window.kernel, 1), np.int8)
    conv = Conv(Shift(ShiftWeights(one, np.zeros_like(one))), Bias.none(channels), op.window, channels)
    write_conv(writer, conv, node)


def _write_partial(writer: Writer, op: PartialPool, node: Node) -> None:
    window, counted = op.window, (*op.begin, *op.end)
    pads = [own - one for own, one in zip((*window.begin, *window.end), counted, strict=True)]
    shape = writer.network.sources(node)[0].shape
    writer.custom(
        "PartialPool",
        list(node.inputs),
        node.name,
        kernel_shape=list(window.kernel),
        strides=list(window.stride),
        counted_pads=list(counted),
        pads=pads,
        divisor=op.odd_divisor(shape),
    )


LAYER = OnnxLayer(
    {
        ("", "MaxPool"): _max_pool,
        ("", "AveragePool"): _average_pool,
        ("", "GlobalAveragePool"): _global_average_pool,
        ("shiftwire", "PartialPool"): _partial_pool,
    },
    {MaxPool: _write_max, AveragePool: _write_average, SumPool: _write_sum, PartialPool: _write_partial},
)
