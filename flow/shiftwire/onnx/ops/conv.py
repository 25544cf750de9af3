"""Convolutions of every weight scheme, and Conv whose weights the file quantizes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.network import Node
from shiftwire.numbers.fixed import Codes, Values
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer
from shiftwire.onnx.context.parameter import Parameter, weights_of
from shiftwire.onnx.context.quantized_layer import put_sums, quantized_weight, sum_frac, waiting_bias
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.weights import require_rank
from shiftwire.onnx.context.windows import read_window, window_attributes
from shiftwire.onnx.context.writer import Writer
from shiftwire.onnx.ops.dense import write_layer
from shiftwire.onnx.ops.weights.scheme import WeightReader
from shiftwire.onnx.ops.weights.table import KINDS
from shiftwire.ops.conv import Conv


def _reader(read_weights: WeightReader) -> Callable[[View, Graph], None]:
    def read(view: View, graph: Graph) -> None:
        weights, bias, source = read_weights(view, graph)
        require_rank(weights.shape, len(graph.tensors[source].shape) + 1, "(out, channels / group, kernel...)")
        window = read_window(view, weights.shape[2:])
        op = Conv(weights.with_moved(0, -1), bias, window, view.whole("group", 1, lowest=1))
        graph.known[view.output] = graph.append(op, (source,), view.output)

    return read


def _read(view: View, graph: Graph) -> None:
    weight = quantized_weight(view, graph)
    name, pending = graph.scaled(view.inputs[0])
    spatial = len(graph.tensors[name].shape) - 1
    if weight.codes.ndim != spatial + 2:
        raise InputError(f"weights of shape {weight.codes.shape} do not fit {spatial} spatial axes")
    view.wholes("kernel_shape", spatial, list(weight.codes.shape[2:]))
    groups = view.whole("group", 1, lowest=1)
    codes, scale, grid = _grouped(weight, pending.scale, groups)
    window = read_window(view, codes.shape[2:])
    bias, step = waiting_bias(view, graph, scale, sum_frac(graph, name, grid), len(codes))
    op = Conv(weights_of(np.moveaxis(codes, 1, -1), grid, graph.integer_weights), bias, window, groups)
    put_sums(view, graph, graph.append(op, (name,), view.output), scale, step)


def _grouped(weight: Parameter, scale: Values, groups: int) -> tuple[Codes, Values, int]:
    """A depthwise filter reads one channel alone, so it takes that channel's scale whatever it is."""
    if scale.ndim and weight.codes.shape[1] == 1:
        repeats = len(weight.codes) // groups
        return Parameter(weight.codes, weight.scale * np.repeat(scale, repeats)).by_channel(np.ones(()))
    if scale.ndim and groups > 1:
        raise InputError("a grouped convolution cannot take another scale for each channel; use one for the tensor")
    return weight.by_channel(scale)


def write_conv(writer: Writer, op: Conv, node: Node) -> None:
    """One node of its weight scheme's name, weights channels first."""
    if not op.window.axes:
        raise InputError(
            f"layer '{node.name}' multiplies each number of a vector by one of its own, which the contract has no node "
            "for; convert without --rescale multiply, or keep the file that the network was imported from"
        )
    write_layer(writer, op, node, is_conv=True, group=op.groups, **window_attributes(op.window))


LAYER = OnnxLayer(
    {("", "Conv"): _read} | {("shiftwire", f"{kind}Conv"): _reader(scheme.read) for kind, scheme in KINDS.items()},
    {Conv: write_conv},
)
