"""Add: two branches, or a constant that waits for the next quantizer."""

from __future__ import annotations

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.numbers.fixed import Values
from shiftwire.numbers.float_quantizer import shortest
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.joined import Joined, code_scale
from shiftwire.onnx.context.layer import OnnxLayer, plain_writer
from shiftwire.onnx.context.parameter import Parameter
from shiftwire.onnx.context.pending import Linear, Pending
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.waiting import (
    are_of_one,
    by_constant,
    combine,
    is_of_parameter,
    is_parameter,
    require_constant_second,
    rescale,
)
from shiftwire.ops.add import Add
from shiftwire.ops.affine import Affine
from shiftwire_boards.runtime.host_steps import Offset


def _add(view: View, graph: Graph) -> None:
    """The sum of two branches, or a constant that waits."""
    if is_of_parameter(view, graph):
        rescale(view, graph, Parameter.plus)
        return
    constants = [is_parameter(view, graph, at) for at in (0, 1)]
    if constants == [False, False] and are_of_one(graph, view.inputs):
        combine(view, graph, np.add, "this sum of two computed tensors is not handled")
        return
    if constants == [False, False]:
        _add_branches(view, graph)
        return
    require_constant_second(view, graph)
    by_constant(view, graph, "offset", lambda offset: Linear(np.ones_like(offset), offset), Offset)


def _add_branches(view: View, graph: Graph) -> None:
    (left, a), (right, b) = (graph.scaled(name) for name in view.inputs)
    moved = _shared(a.scale, b.scale)
    if moved is None:
        graph.joined[view.output] = _joined(view, graph, (left, a.scale), (right, b.scale))
        return
    if moved:
        right = graph.append(_scaled(moved, graph.tensors[right].shape[-1]), (right,), f"{view.output}_scale")
    graph.put(view, graph.append(Add(), (left, right), view.output), Pending(a.scale))


def _joined(view: View, graph: Graph, left: tuple[str, Values], right: tuple[str, Values]) -> Joined:
    formats = graph.tensors[left[0]].format, graph.tensors[right[0]].format
    steps = [np.ldexp(scale, -format.frac) for (_, scale), format in zip((left, right), formats, strict=True)]
    refusal = (
        f"the sum '{view.output}' joins values of the scales {_told(steps[0])} and {_told(steps[1])}, which differ "
        "by more than a power of two; share the quantizer's scale between the branches, or put a quantizer behind "
        "their sum"
    )
    scales = [code_scale(scale, format.frac) for (_, scale), format in zip((left, right), formats, strict=True)]
    if scales[0] is None or scales[1] is None:
        raise InputError(refusal)
    return Joined(left[0], right[0], (scales[0], scales[1]), formats, refusal)


def _shared(a: Values, b: Values) -> int | None:
    """The power of two that the second must be multiplied by to have the first one's scale; None where none does."""
    mantissa, exponent = np.frexp(np.ravel(b / a))
    if (mantissa != 0.5).any() or (exponent != exponent[0]).any() or (np.ldexp(a, int(exponent[0]) - 1) != b).any():
        return None
    return int(exponent[0]) - 1


def _told(scale: Values) -> str:
    return shortest(scale.flat[0]) + (" and others" if scale.size > 1 else "")


def _scaled(exponent: int, channels: int) -> Affine:
    """Every value times a power of two: a wire."""
    one = np.ones((1, channels), np.int8)
    return Affine(ShiftWeights(one, np.full_like(one, exponent)), Bias.none(channels))


LAYER = OnnxLayer({("", "Add"): _add}, {Add: plain_writer("Add")})
