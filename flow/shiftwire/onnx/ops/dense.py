"""Dense layers of every weight scheme, and Gemm whose weights the file quantizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.network import Node
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer
from shiftwire.onnx.context.parameter import weights_of
from shiftwire.onnx.context.quantized_layer import put_sums, quantized_weight, sum_frac, waiting_bias
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.weights import require_rank
from shiftwire.onnx.context.writer import Writer
from shiftwire.onnx.ops.affine import write_affine
from shiftwire.onnx.ops.weights.scheme import WeightReader
from shiftwire.onnx.ops.weights.table import KINDS, sayable, write_weights
from shiftwire.ops.affine import Affine
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.factors import OfFactors


def _reader(read_weights: WeightReader) -> Callable[[View, Graph], None]:
    def read(view: View, graph: Graph) -> None:
        weights, bias, source = read_weights(view, graph)
        require_rank(weights.shape, 2, "(out, in)")
        graph.known[view.output] = graph.append(Dense(weights, bias), (source,), view.output)

    return read


def _gemm(view: View, graph: Graph) -> None:
    if view.is_constant(0) or view.inputs[0] in graph.parameters:
        raise InputError("its weights stand first and would mix samples of the batch; write x @ w, the weights second")
    weight = quantized_weight(view, graph)
    view.insist("transA", 0, default=0)
    view.insist("alpha", 1.0, default=1.0)
    view.insist("beta", 1.0, default=1.0)
    if not view.flag("transB", 0):
        raise InputError("its weights are computed in the graph or not quantized as (out, in); export it again")
    if weight.codes.ndim != 2:
        raise InputError(f"weights of shape {weight.codes.shape} do not fit the input; give (out, in)")
    name, pending = graph.scaled(view.inputs[0])
    codes, scale, grid = weight.by_channel(pending.scale)
    total = sum_frac(graph, name, grid)
    bias, step = waiting_bias(view, graph, scale, total, len(codes))
    op = Dense(weights_of(codes, grid, graph.integer_weights), bias)
    put_sums(view, graph, graph.append(op, (name,), view.output), scale, step)


def write_layer(writer: Writer, op: Dense | Conv, node: Node, is_conv: bool, **window: Any) -> None:
    """A layer of any scheme; a bias that the contract has no place for becomes an Affine behind it."""
    is_split = not op.weights.has_bias and bool(op.bias.codes.any())
    output = f"{node.name}_distance" if is_split else node.name
    weights = sayable(op.weights.with_moved(-1, 0) if is_conv else op.weights)
    # an Affine has signs of its own under the node's name
    name = output if isinstance(weights, OfFactors) else node.name
    inputs, attributes = write_weights(writer, weights, op.bias, name)
    writer.custom(
        f"{weights.kind}{'Conv' if is_conv else 'Dense'}", [*node.inputs, *inputs], output, **window, **attributes
    )
    if is_split:
        one = np.ones((1, len(op.bias.codes)), np.int8)
        write_affine(writer, Affine(ShiftWeights(one, np.zeros_like(one)), op.bias), Node(node.name, op, (output,)))


def _write(writer: Writer, op: Dense, node: Node) -> None:
    write_layer(writer, op, node, is_conv=False)


LAYER = OnnxLayer(
    {("", "Gemm"): _gemm} | {("shiftwire", f"{kind}Dense"): _reader(scheme.read) for kind, scheme in KINDS.items()},
    {Dense: _write},
)
