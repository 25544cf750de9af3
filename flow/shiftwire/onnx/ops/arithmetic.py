"""Readers of float operations with constants, which wait for the next quantiser, and of Add."""

from __future__ import annotations

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.numbers.fixed import Values
from shiftwire.numbers.float_quantizer import Floats
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.reading.graph import Graph
from shiftwire.onnx.reading.parameter import Parameter
from shiftwire.onnx.reading.pending import RELU, Cut, Linear, Pending
from shiftwire.onnx.reading.view import View
from shiftwire.ops.add import Add
from shiftwire.ops.affine import Affine
from shiftwire.ops.relu import Relu


def _wait(view: View, graph: Graph, step: Linear | Cut) -> None:
    name, pending = graph.opened(view.inputs[0])
    graph.put(view, name, pending.then(step))


def _row(view: View, graph: Graph, position: int, name: str) -> Floats:
    """A constant one a channel, (C,) float32."""
    channels = graph.tensor(view.inputs[0]).shape[-1]
    value = _value(view, graph, position, name)
    if value.size not in (1, channels) or (value.ndim > 1 and value.size > 1 and value.shape[1] != channels):
        raise InputError(
            f"its constant has shape {value.shape} for {channels} channels; give one for the tensor or for each channel"
        )
    return np.broadcast_to(value.ravel(), (channels,)).astype(np.float32)


def _value(view: View, graph: Graph, position: int, name: str) -> Floats:
    """A constant's values, or those of a parameter that the file quantises."""
    found = graph.parameters.get(view.inputs[position])
    if found is None:
        value = view.constant(position, name)
        if value.dtype.kind != "f":
            raise InputError(
                f"it computes with the constant '{view.inputs[position]}' of type {value.dtype}; make it float"
            )
        return value.astype(np.float32)
    return values_of(found)


def values_of(parameter: Parameter) -> Floats:
    """Float32 values of a quantised parameter, as its Quant node rounds them."""
    scale = parameter.scale.reshape(-1, *[1] * (parameter.codes.ndim - 1)) if parameter.scale.ndim else parameter.scale
    values: Floats = parameter.codes.astype(np.float32) * scale.astype(np.float32)
    return values


def _is_parameter(view: View, graph: Graph, position: int) -> bool:
    return view.is_constant(position) or view.inputs[position] in graph.parameters


def _mul(view: View, graph: Graph) -> None:
    if not any(_is_parameter(view, graph, at) for at in (0, 1)):
        raise InputError("a product of two computed tensors is not handled; only one factor may be computed")
    _require_constant_second(view, graph)
    factor = _row(view, graph, 1, "factor")
    _wait(view, graph, Linear(factor, np.zeros_like(factor)))


def _div(view: View, graph: Graph) -> None:
    _require_constant_second(view, graph)
    divisor = _row(view, graph, 1, "divisor")
    if (divisor == 0).any():
        raise InputError("it divides by 0; export the model again")
    _wait(view, graph, Linear(divisor, np.zeros_like(divisor), divides=True))


def _require_constant_second(view: View, graph: Graph) -> None:
    if not _is_parameter(view, graph, 1) or _is_parameter(view, graph, 0):
        raise InputError(f"only its second input may be a constant here, found {list(view.inputs)}; export it so")


def _add(view: View, graph: Graph) -> None:
    """The sum of two branches, or a constant that waits."""
    constants = [_is_parameter(view, graph, at) for at in (0, 1)]
    if constants == [False, False]:
        _add_branches(view, graph)
        return
    _require_constant_second(view, graph)
    offset = _row(view, graph, 1, "offset")
    _wait(view, graph, Linear(np.ones_like(offset), offset))


def _add_branches(view: View, graph: Graph) -> None:
    (left, a), (right, b) = (graph.scaled(name) for name in view.inputs)
    scale, moved = _shared(a.scale, b.scale)
    if moved:
        right = graph.append(_scaled(moved, graph.tensors[right].shape[-1]), (right,), f"{view.output}_scale")
    graph.put(view, graph.append(Add(), (left, right), view.output), Pending(scale))


def _shared(a: Values, b: Values) -> tuple[Values, int]:
    """The one scale of two tensors, and the power of two that the second must be multiplied by."""
    ratio = np.ravel(b / a)
    mantissa, exponent = np.frexp(ratio)
    if (mantissa != 0.5).any() or (exponent != exponent[0]).any() or (np.ldexp(a, int(exponent[0]) - 1) != b).any():
        raise InputError(
            f"it joins values of the scales {_told(a)} and {_told(b)}, which differ by more than a power of two; "
            "share the quantiser's scale between the branches"
        )
    return a, int(exponent[0]) - 1


def _told(scale: Values) -> str:
    return f"{float(scale.flat[0]):.8g}" + (" and others" if scale.size > 1 else "")


def _scaled(exponent: int, channels: int) -> Affine:
    """Every value times a power of two: a wire."""
    one = np.ones((1, channels), np.int8)
    return Affine(ShiftWeights(one, np.full_like(one, exponent)), Bias.none(channels))


def _batch_norm(view: View, graph: Graph) -> None:
    """onnxruntime's own order: gamma times the reciprocal root, then x times that plus the rest."""
    view.attribute("momentum", 0.9)
    view.insist("training_mode", 0, default=0)
    view.insist("spatial", 1, default=1)
    epsilon = np.float32(view.attribute("epsilon", 1e-5))
    gamma, beta, mean, variance = (_row(view, graph, at, "statistic") for at in (1, 2, 3, 4))
    spread = variance + epsilon
    if not (spread > 0).all():
        raise InputError(f"a variance of {variance.min()} is not positive; export the trained model in inference mode")
    factor = gamma * (np.float32(1) / np.sqrt(spread))
    _wait(view, graph, Linear(factor, beta - mean * factor))


def _relu(view: View, graph: Graph) -> None:
    """Built at once on exact codes; behind a float scale it waits, for a Threshold does it at no cost."""
    if view.inputs[0] == graph.onnx_input and graph.is_raw_input(view.inputs[0]):
        graph.rectified = view.output
        return
    name, pending = graph.opened(view.inputs[0])
    if pending.is_none:
        graph.put(view, graph.append(Relu(), (name,), view.output), pending)
    else:
        graph.put(view, name, pending if pending.steps[-1:] == (RELU,) else pending.then(RELU))


def _clip(view: View, graph: Graph) -> None:
    bounds = [view.constant(at, name) for at, name in ((1, "min"), (2, "max"))]
    if any(bound.size != 1 for bound in bounds):
        raise InputError("its bounds are no single numbers; clip the whole tensor to one range")
    lo, hi = (float(bound.reshape(())) for bound in bounds)
    if lo > hi:
        raise InputError(f"it clips to {lo}..{hi}, which holds nothing; swap the bounds")
    _wait(view, graph, Cut(lo, hi))


ARITHMETIC_READERS = {
    ("", "Add"): _add,
    ("", "Mul"): _mul,
    ("", "Div"): _div,
    ("", "BatchNormalization"): _batch_norm,
    ("", "Relu"): _relu,
    ("", "Clip"): _clip,
}
