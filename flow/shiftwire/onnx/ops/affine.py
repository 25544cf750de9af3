"""Affine, and the float scales that wait for the next quantizer: Mul, Div and batch norm."""

from __future__ import annotations

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.network import Node
from shiftwire.numbers.float_quantizer import shortest
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer
from shiftwire.onnx.context.parameter import Parameter
from shiftwire.onnx.context.pending import Linear
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.waiting import (
    are_of_one,
    by_constant,
    combine,
    is_of_parameter,
    is_parameter,
    is_table,
    require_constant_second,
    rescale,
    row,
    tabulate,
    wait,
)
from shiftwire.onnx.context.weights import read_bias, require_rank, shift_weights, write_bias, write_terms
from shiftwire.onnx.context.writer import Writer
from shiftwire.ops.add import Multiply
from shiftwire.ops.affine import Affine
from shiftwire_boards.runtime.host_steps import Reshape, Scale


def _read_affine(view: View, graph: Graph) -> None:
    scale = shift_weights(view)
    require_rank(scale.sign.shape, 2, "(terms, channels)")
    graph.emit(view, Affine(scale, read_bias(view, 3, scale.sign.shape[1])), view.inputs[0])


def write_affine(writer: Writer, op: Affine, node: Node) -> None:
    """Signs and exponents (terms, channels) and a bias, as attributes and initialisers of one node."""
    names, exponents = write_terms(writer, op.scale, node.name)
    biases, frac = write_bias(writer, op.bias, node.name)
    writer.custom("Affine", [*node.inputs, *names, *biases], node.name, **exponents, **frac)


def _mul(view: View, graph: Graph) -> None:
    if is_of_parameter(view, graph):
        rescale(view, graph, Parameter.times)
        return
    if not any(is_parameter(view, graph, at) for at in (0, 1)):
        if is_table(graph, view.inputs):
            factors = () if are_of_one(graph, view.inputs) else tuple(view.inputs)
            combine(view, graph, np.multiply, "this product of two computed tensors is not handled", factors=factors)
        else:
            graph.multiply([factors_of(graph, name) for name in view.inputs], view.output)
        return
    require_constant_second(view, graph)
    by_constant(view, graph, "factor", lambda factor: Linear(factor, np.zeros_like(factor)), Scale)


def factors_of(graph: Graph, onnx_name: str) -> str:
    """The row of factors that a file gives axes of one element, as the gate of dense layers has them; else the name."""
    tail = graph.tails.get(onnx_name)
    if tail is None or not all(isinstance(step, Reshape) for step in tail.steps) or set(tail.shape[1:]) - {1}:
        return onnx_name
    return tail.source if tail.shape[:1] == graph.tensor(tail.source).shape else onnx_name


def _write_product(writer: Writer, op: Multiply, node: Node) -> None:
    (a, b), (left, right) = writer.network.sources(node), node.inputs
    if len(a.shape) > len(b.shape):
        shape = writer.constant(f"{node.name}_shape", np.array([0, b.size, *[1] * (len(a.shape) - 1)], np.int64))
        writer.node("Reshape", [right, shape], f"{node.name}_factors")
        right = f"{node.name}_factors"
    writer.node("Mul", [left, right], node.name)


def _div(view: View, graph: Graph) -> None:
    """By a constant, which waits; by a tensor, where a table says it."""
    parameters = [is_parameter(view, graph, at) for at in (0, 1)]
    if parameters == [False, False]:
        combine(view, graph, np.divide, "a quotient of two computed tensors is not handled")
        return
    if parameters == [True, False] and view.is_constant(0) and view.constant(0, "dividend").size == 1:
        dividend = np.float32(view.constant(0, "dividend").reshape(()))
        tabulate(view, graph, lambda values: np.divide(dividend, values), at=1)
        return
    if not is_of_parameter(view, graph):
        require_constant_second(view, graph)
    if (view.constant(1, "divisor") == 0).any():
        raise InputError("it divides by 0; export the model again")
    if is_of_parameter(view, graph):
        rescale(view, graph, lambda parameter, divisor: parameter.times(1 / divisor))
        return
    by_constant(
        view,
        graph,
        "divisor",
        lambda divisor: Linear(divisor, np.zeros_like(divisor), divides=True),
        lambda divisor: Scale(divisor, divides=True),
    )


def _batch_norm(view: View, graph: Graph) -> None:
    """onnxruntime's own order: gamma times the reciprocal root, then x times that plus the rest."""
    view.attribute("momentum", 0.9)
    view.insist("training_mode", 0, default=0)
    view.insist("spatial", 1, default=1)
    epsilon = np.float32(view.attribute("epsilon", 1e-5))
    gamma, beta, mean, variance = (row(view, graph, at, "statistic") for at in (1, 2, 3, 4))
    spread = variance + epsilon
    if not (spread > 0).all():
        raise InputError(
            f"a variance of {shortest(variance.min())} is not positive; export the trained model in inference mode"
        )
    factor = gamma * (np.float32(1) / np.sqrt(spread))
    wait(view, graph, Linear(factor, beta - mean * factor))


LAYER = OnnxLayer(
    {
        ("shiftwire", "Affine"): _read_affine,
        ("", "Mul"): _mul,
        ("", "Div"): _div,
        ("", "BatchNormalization"): _batch_norm,
    },
    {Affine: write_affine, Multiply: _write_product},
)
