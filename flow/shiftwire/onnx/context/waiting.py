"""Float constants and quantized parameters of a node, one a channel, and what waits for the next quantizer."""

from __future__ import annotations

import numpy as np

from shiftwire.errors import InputError
from shiftwire.numbers.float_quantizer import Floats
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.parameter import Parameter
from shiftwire.onnx.context.pending import Cut, Linear
from shiftwire.onnx.context.view import View


def wait(view: View, graph: Graph, step: Linear | Cut) -> None:
    """The node adds a step to what is pending, and no hardware yet."""
    name, pending = graph.opened(view.inputs[0])
    graph.put(view, name, pending.then(step))


def row(view: View, graph: Graph, position: int, name: str) -> Floats:
    """A constant one a channel, (C,) float32."""
    channels = graph.tensor(view.inputs[0]).shape[-1]
    value = _value(view, graph, position, name)
    if value.size not in (1, channels) or (value.ndim > 1 and value.size > 1 and value.shape[1] != channels):
        raise InputError(
            f"its constant has shape {value.shape} for {channels} channels; give one for the tensor or for each channel"
        )
    return np.broadcast_to(value.ravel(), (channels,)).astype(np.float32)


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
