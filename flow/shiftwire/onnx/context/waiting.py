"""Float constants and quantized parameters of a node, one a channel, and what waits for the next quantizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.network import Node
from shiftwire.numbers.curves import Function
from shiftwire.numbers.fixed import Codes, Values
from shiftwire.numbers.float_quantizer import Floats
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.host import Tail
from shiftwire.onnx.context.joined import Joined, Tabulated
from shiftwire.onnx.context.parameter import Parameter
from shiftwire.onnx.context.pending import RELU, Cut, Linear, Pending, Rounded, Step
from shiftwire.onnx.context.staircase import begins_with, grid_steps, settled
from shiftwire.onnx.context.view import View
from shiftwire.ops.affine import Affine
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import MOST_LOOKUP_BITS, Lookup, Threshold
from shiftwire_boards.runtime.host_steps import FrontStep


def wait(view: View, graph: Graph, *steps: Step) -> None:
    """The node adds steps to what is pending, or to what the host does, and no hardware yet."""
    source = view.inputs[0]
    if is_hosts(graph, source):
        rank = len(host_shape(graph, source)) + 1
        host(view, graph, *(part for step in steps for part in step.on_host(rank)))
    elif source in graph.joined:
        graph.joined[view.output] = reduce(Joined.then, steps, graph.joined[source])
    elif source in graph.tabulated:
        graph.tabulated[view.output] = reduce(Tabulated.then, steps, graph.tabulated[source])
    else:
        is_bent = any(not isinstance(step, Linear | Cut | Rounded) for step in steps)
        name, pending = _opened(graph, source) if is_bent else graph.opened(source)
        graph.put(view, name, reduce(Pending.then, steps, pending))


def is_hosts(graph: Graph, onnx_name: str) -> bool:
    """Whether a tensor is the host's: in front of the first quantizer, or behind what only it computes."""
    return graph.is_raw(onnx_name) or onnx_name in graph.tails


def host_shape(graph: Graph, onnx_name: str) -> tuple[int, ...]:
    """A sample's of a tensor of the host's, in the file's own layout."""
    return graph.raw[onnx_name].shape if graph.is_raw(onnx_name) else graph.tails[onnx_name].shape


def host(view: View, graph: Graph, *steps: FrontStep) -> None:
    """What the node does to a tensor of the host's, of which it keeps the shape."""
    source = view.inputs[0]
    if graph.is_raw(source):
        graph.raw[view.output] = graph.raw[source].then(*steps)
    else:
        tail = graph.tails[source]
        graph.tails[view.output] = replace(tail, steps=(*tail.steps, *steps))


def begin_tail(view: View, graph: Graph) -> Tail:
    """What is behind the node's first input for the host alone, so far."""
    source = view.inputs[0]
    if source in graph.tails:
        return graph.tails[source]
    *spatial, channels = graph.tensor(source).shape
    return Tail(source, view.key[1], (), (channels, *spatial))


def is_of_parameter(view: View, graph: Graph) -> bool:
    """Whether a binary operation is computed at conversion: a quantized parameter, and another or a constant."""
    return view.inputs[0] in graph.parameters and is_parameter(view, graph, 1)


def rescale(view: View, graph: Graph, change: Callable[[Parameter, Values], Parameter]) -> None:
    """A quantized parameter and a constant make a parameter again."""
    parameter, constant = graph.parameters[view.inputs[0]], value_of(view, graph, 1, "constant")
    if np.broadcast_shapes(parameter.codes.shape, constant.shape) != parameter.codes.shape:
        raise InputError(f"its constant of shape {constant.shape} does not fit weights of shape "
                         f"{parameter.codes.shape}; export the model again")  # fmt: skip
    graph.parameters[view.output] = change(parameter, constant.astype(np.float64))


def by_constant(view: View, graph: Graph, name: str, step: Callable[[Floats], Step],
                hosts: Callable[[Floats], FrontStep]) -> None:  # fmt: skip
    """An operation of a tensor and a constant: a step a channel, or any constant that broadcasts on the host."""
    if is_hosts(graph, view.inputs[0]):
        constant = value_of(view, graph, 1, name)
        shape = host_shape(graph, view.inputs[0])
        full = (1,) * (len(shape) + 1 - constant.ndim) + constant.shape
        if len(full) != len(shape) + 1 or any(c not in (1, s) for c, s in zip(full, (1, *shape), strict=True)):
            raise InputError(f"its constant of shape {constant.shape} does not fit samples of shape {shape}")
        host(view, graph, hosts(constant))
    else:
        value = value_of(view, graph, 1, name)
        rank = len(_shape_of(view, graph)) + 1
        wait(view, graph, step(_row(view, graph, value.reshape((1,) * (rank - value.ndim) + value.shape))))


def row(view: View, graph: Graph, position: int, name: str) -> Floats:
    """A constant one a channel, (C,) float32."""
    return _row(view, graph, value_of(view, graph, position, name))


def _row(view: View, graph: Graph, value: Floats) -> Floats:
    channels = channels_of(view, graph)
    if value.size not in (1, channels) or (value.ndim > 1 and value.size > 1 and value.shape[1] != channels):
        raise InputError(
            f"its constant has shape {value.shape} for {channels} channels; give one for the tensor or for each channel"
        )
    return np.broadcast_to(value.ravel(), (channels,)).astype(np.float32)


def channels_of(view: View, graph: Graph) -> int:
    """Of the tensor that a node reads first."""
    return _shape_of(view, graph)[-1]


def _shape_of(view: View, graph: Graph) -> tuple[int, ...]:
    """Of a sample of the tensor that a node reads first, the channels last."""
    source = view.inputs[0]
    if is_hosts(graph, source):
        channels, *spatial = host_shape(graph, source)
        return (*spatial, channels)
    if source in graph.joined:
        return graph.tensors[graph.joined[source].left].shape
    if source in graph.tabulated:
        return graph.tensors[graph.tabulated[source].source].shape
    return graph.tensor(source).shape


def value_of(view: View, graph: Graph, position: int, name: str) -> Floats:
    """A constant's values, or those of a parameter that the file quantizes."""
    parameter = graph.parameters.get(view.inputs[position])
    if parameter is None:
        value = view.constant(position, name)
        if value.dtype.kind != "f":
            raise InputError(
                f"it computes with the constant '{view.inputs[position]}' of type {value.dtype}; make it float"
            )
        return value.astype(np.float32)
    return values_of(parameter)


def values_of(parameter: Parameter) -> Floats:
    """Float32 values of a quantized parameter, as its Quant node rounds them."""
    scale = parameter.scale.reshape(-1, *[1] * (parameter.codes.ndim - 1)) if parameter.scale.ndim else parameter.scale
    values: Floats = parameter.codes.astype(np.float32) * scale.astype(np.float32)
    return values


def is_parameter(view: View, graph: Graph, position: int) -> bool:
    """Whether an input is known at conversion: an initialiser, or one that the file quantizes."""
    return view.is_constant(position) or view.inputs[position] in graph.parameters


def require_constant_second(view: View, graph: Graph) -> None:
    """Raise InputError where the constant of a binary operation stands first, or there is none."""
    if not is_parameter(view, graph, 1) or is_parameter(view, graph, 0):
        raise InputError(f"only its second input may be a constant here, found {list(view.inputs)}; export it so")


WIDEST = 63
"""Bits of any tensor, at most."""

CODE_BY_CODE = (Affine, Lookup, Relu, Requantize, Threshold)
"""Ops of which each output code is a function of one input code."""


def tabulate(view: View, graph: Graph, function: Function, at: int = 0) -> None:
    """The node's values, any function of those that it reads at a position, as a table of all codes."""
    table = _table(graph, view.inputs[at], view.key[1])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        values = function(table.values)
    graph.tabulated[view.output] = Tabulated(table.source, values, view.key[1])


def are_of_one(graph: Graph, names: Sequence[str]) -> bool:
    """Whether two computed tensors are functions of one tensor's codes, and bent so that only a table holds both."""
    if any(name in graph.tabulated for name in names):
        return True
    if any(name not in graph.known for name in names):
        return False
    steps = [step for name in names for step in _opened(graph, name)[1].steps]
    is_bent = any(not isinstance(step, Linear | Rounded) and step != RELU for step in steps)
    one, other = (graph.known[name] for name in names)
    return is_bent and _root(graph, one, other) is not None


def is_table(graph: Graph, names: Sequence[str]) -> bool:
    """Whether two tensors are functions of one tensor's codes, which a table holds, or must where they are bent."""
    if any(name in graph.tabulated or graph.is_raw(name) for name in names):
        return True
    if any(name not in graph.known for name in names):
        return False
    (one, first), (other, second) = (_opened(graph, name) for name in names)
    is_bent = not (first.is_linear and second.is_linear)
    return _root(graph, one, other, WIDEST if is_bent else MOST_LOOKUP_BITS) is not None


def combine(view: View, graph: Graph, function: Callable[..., Floats], refusal: str,
            *, factors: tuple[str, ...] = (), names: Sequence[str] = ()) -> None:  # fmt: skip
    """The node's values, a function of tensors that are functions of one tensor's codes, as a table of these.

    Those are `names`, or all that it reads. Where no quantizer follows, the product of `factors`. Raises InputError
    that begins with `refusal` where there is no such tensor.
    """
    kind = view.key[1]
    tables = [_table(graph, name, kind) for name in names or view.inputs]
    root: str | None = tables[0].source
    for table in tables[1:]:
        root = root and _root(graph, root, table.source)
    if root is None:
        raise InputError(
            f"{refusal}; only functions of the codes of one tensor, of at most {MOST_LOOKUP_BITS} bits, become a table"
        )
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        values = function(*(_over(graph, table, root) for table in tables))
    graph.tabulated[view.output] = Tabulated(root, values, kind, factors=factors)


def _table(graph: Graph, onnx_name: str, kind: str) -> Tabulated:
    """Values of a tensor for all codes of the nearest one in front that has few enough."""
    if onnx_name in graph.tabulated and not graph.tabulated[onnx_name].is_whole:
        return graph.tabulated[onnx_name]
    if is_hosts(graph, onnx_name):
        raise InputError(
            f"a {kind} is read between two quantizers alone; put one of at most {MOST_LOOKUP_BITS} bits in front of it"
        )
    if onnx_name in graph.joined:
        raise InputError(
            f"a {kind} falls and rises, and reads a sum of branches of unlike scales; put a quantizer of at most "
            f"{MOST_LOOKUP_BITS} bits in front of it"
        )
    name, pending = _opened(graph, onnx_name)
    root, format = _root(graph, name, name), graph.tensors[name].format
    if root is None:
        raise InputError(
            f"a {kind} falls and rises, so only a table of all codes stands for it, and it reads sums of {format.bits} "
            f"bits; put a quantizer of at most {MOST_LOOKUP_BITS} bits in front of it, or train with Relu, HardSigmoid "
            "or Clip instead"
        )
    return Tabulated(root, pending.values(_codes_behind(graph, root, name), format.frac), kind)


def _opened(graph: Graph, onnx_name: str) -> tuple[str, Pending]:
    """As `Graph.opened`; a grid that the file's own steps make is built, once for all tensors that begin with them."""
    name, pending = graph.opened(onnx_name)
    count = grid_steps(pending.steps)
    if not count:
        return name, pending
    own = Pending(pending.scale, pending.steps[:count])
    alike = {other: pending for other, pending in graph.pending.items() if graph.known.get(other) == name}
    alike = {other: each for other, each in alike.items() if begins_with(each, own)}
    op, behind = settled(own, graph.tensors[name])
    grid = graph.append(op, (name,), next((o for o, each in alike.items() if len(each.steps) == count), onnx_name))
    for other, each in alike.items():
        graph.known[other], graph.pending[other] = grid, Pending(behind.scale, each.steps[count:])
    return graph.known[onnx_name], graph.pending[onnx_name]


def _root(graph: Graph, one: str, other: str, most_bits: int = MOST_LOOKUP_BITS) -> str | None:
    """The nearest tensor of which both are functions, code by code, of few enough codes for a table."""
    others = [other, *(node.inputs[0] for node in _line(graph, other))]
    names = [one, *(node.inputs[0] for node in _line(graph, one))]
    return next((n for n in names if n in others and graph.tensors[n].format.bits <= most_bits), None)


def _line(graph: Graph, name: str) -> list[Node]:
    """Nodes that make a tensor code by code, the last one first."""
    nodes, line = {node.name: node for node in graph.nodes}, []
    while name in nodes and isinstance(nodes[name].op, CODE_BY_CODE):
        line.append(nodes[name])
        name = line[-1].inputs[0]
    return line


def _codes_behind(graph: Graph, root: str, name: str) -> Codes:
    """Codes (C, codes of root) of a tensor `name` for all codes of the tensor `root`."""
    line = _line(graph, name)
    behind = line[: next((at + 1 for at, node in enumerate(line) if node.inputs[0] == root), 0)] if name != root else []
    format, channels = graph.tensors[root].format, graph.tensors[root].shape[-1]
    codes = np.repeat(np.arange(format.lo, format.hi + 1)[:, None], channels, axis=1)
    for node in reversed(behind):
        codes = node.op.evaluate([graph.tensors[node.inputs[0]]], codes)
    return codes.T


def _over(graph: Graph, table: Tabulated, root: str) -> Floats:
    """The values of a table for all codes of a tensor `root` in front of its own."""
    places = _codes_behind(graph, root, table.source) - graph.tensors[table.source].format.lo
    values: Floats = np.take_along_axis(table.values, places, axis=1)
    return values
