"""Float constants and quantized parameters of a node, one a channel, and what waits for the next quantizer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce

import numpy as np

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Values
from shiftwire.numbers.float_quantizer import Floats
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.host import Tail
from shiftwire.onnx.context.joined import Joined
from shiftwire.onnx.context.parameter import Parameter
from shiftwire.onnx.context.pending import Pending, Step
from shiftwire.onnx.context.view import View
from shiftwire_boards.runtime.host_steps import FrontStep


def wait(view: View, graph: Graph, *steps: Step) -> None:
    """The node adds steps to what is pending, or to what the host does, and no hardware yet."""
    source = view.inputs[0]
    if is_hosts(graph, source):
        rank = len(host_shape(graph, source)) + 1
        host(view, graph, *(part for step in steps for part in step.on_host(rank)))
    elif source in graph.joined:
        graph.joined[view.output] = reduce(Joined.then, steps, graph.joined[source])
    else:
        name, pending = graph.opened(source)
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
    parameter, constant = graph.parameters[view.inputs[0]], _value(view, graph, 1, "constant")
    if np.broadcast_shapes(parameter.codes.shape, constant.shape) != parameter.codes.shape:
        raise InputError(f"its constant of shape {constant.shape} does not fit weights of shape "
                         f"{parameter.codes.shape}; export the model again")  # fmt: skip
    graph.parameters[view.output] = change(parameter, constant.astype(np.float64))


def by_constant(view: View, graph: Graph, name: str, step: Callable[[Floats], Step],
                hosts: Callable[[Floats], FrontStep]) -> None:  # fmt: skip
    """An operation of a tensor and a constant: a step a channel, or any constant that broadcasts on the host."""
    if is_hosts(graph, view.inputs[0]):
        constant = _value(view, graph, 1, name)
        shape = host_shape(graph, view.inputs[0])
        full = (1,) * (len(shape) + 1 - constant.ndim) + constant.shape
        if len(full) != len(shape) + 1 or any(c not in (1, s) for c, s in zip(full, (1, *shape), strict=True)):
            raise InputError(f"its constant of shape {constant.shape} does not fit samples of shape {shape}")
        host(view, graph, hosts(constant))
    else:
        wait(view, graph, step(row(view, graph, 1, name)))


def row(view: View, graph: Graph, position: int, name: str) -> Floats:
    """A constant one a channel, (C,) float32."""
    channels = channels_of(view, graph)
    value = _value(view, graph, position, name)
    if value.size not in (1, channels) or (value.ndim > 1 and value.size > 1 and value.shape[1] != channels):
        raise InputError(
            f"its constant has shape {value.shape} for {channels} channels; give one for the tensor or for each channel"
        )
    return np.broadcast_to(value.ravel(), (channels,)).astype(np.float32)


def channels_of(view: View, graph: Graph) -> int:
    """Of the tensor that a node reads first."""
    source = view.inputs[0]
    if is_hosts(graph, source):
        return host_shape(graph, source)[0]
    if source in graph.joined:
        return graph.tensors[graph.joined[source].left].shape[-1]
    return graph.tensor(source).shape[-1]


def _value(view: View, graph: Graph, position: int, name: str) -> Floats:
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
