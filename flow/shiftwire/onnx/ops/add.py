"""Add: two branches, or a constant that waits for the next quantizer."""

from __future__ import annotations

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.numbers.fixed import Values
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer, plain_writer
from shiftwire.onnx.context.pending import Linear, Pending
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.waiting import is_parameter, require_constant_second, row, wait
from shiftwire.ops.add import Add
from shiftwire.ops.affine import Affine


def _add(view: View, graph: Graph) -> None:
    """The sum of two branches, or a constant that waits."""
    constants = [is_parameter(view, graph, at) for at in (0, 1)]
    if constants == [False, False]:
        _add_branches(view, graph)
        return
    require_constant_second(view, graph)
    offset = row(view, graph, 1, "offset")
    wait(view, graph, Linear(np.ones_like(offset), offset))


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
            "share the quantizer's scale between the branches"
        )
    return a, int(exponent[0]) - 1


def _told(scale: Values) -> str:
    return f"{float(scale.flat[0]):.8g}" + (" and others" if scale.size > 1 else "")


def _scaled(exponent: int, channels: int) -> Affine:
    """Every value times a power of two: a wire."""
    one = np.ones((1, channels), np.int8)
    return Affine(ShiftWeights(one, np.full_like(one, exponent)), Bias.none(channels))


LAYER = OnnxLayer({("", "Add"): _add}, {Add: plain_writer("Add")})
