"""MaxPool, AveragePool and GlobalAveragePool."""

from __future__ import annotations

from math import prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Node
from shiftwire.ir.window import Window
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer
from shiftwire.onnx.context.pending import Pending
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.windows import read_window, window_attributes
from shiftwire.onnx.context.writer import Writer
from shiftwire.onnx.ops.conv import write_conv
from shiftwire.ops.conv import Conv
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
    window = read_window(view, _kernel_shape(view, graph))
    view.insist("ceil_mode", 0, default=0)
    includes_pads = view.flag("count_include_pad", 0)
    if any(window.begin + window.end) and not includes_pads:
        raise InputError("padding without count_include_pad = 1 divides by a varying number; include the pads")
    _average(view, graph, window)


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


LAYER = OnnxLayer(
    {
        ("", "MaxPool"): _max_pool,
        ("", "AveragePool"): _average_pool,
        ("", "GlobalAveragePool"): _global_average_pool,
    },
    {MaxPool: _write_max, AveragePool: _write_average, SumPool: _write_sum},
)
