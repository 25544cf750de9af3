"""What is left to the host at a network's end: rankings, soft maxima, another layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from shiftwire.errors import InputError
from shiftwire.onnx.canonical.shapes import axes_from_first
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.host import Tail
from shiftwire.onnx.context.layer import OnnxLayer, identity
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.waiting import begin_tail
from shiftwire_boards.runtime.host_steps import Arrange, HostStep, Largest, Softmax


def _softmax(view: View, graph: Graph) -> None:
    _along(view, graph, -1, Softmax)


def _log_softmax(view: View, graph: Graph) -> None:
    _along(view, graph, -1, lambda axis: Softmax(axis, is_log=True))


def _along(view: View, graph: Graph, default: int, step_of: Callable[[int], HostStep]) -> None:
    tail = begin_tail(view, graph)
    graph.tails[view.output] = replace(tail, steps=(*tail.steps, step_of(_axis(view, tail.shape, default))))


def _axis(view: View, shape: tuple[int, ...], default: int) -> int:
    (axis,) = axes_from_first([view.whole("axis", default)], len(shape) + 1)
    if axis == 0:
        raise InputError("attribute axis = 0 is the batch's, and samples know nothing of each other; name another axis")
    return axis


def _argmax(view: View, graph: Graph) -> None:
    view.insist("select_last_index", 0, default=0)
    tail = begin_tail(view, graph)
    axis, keeps = _axis(view, tail.shape, 0), view.flag("keepdims", 1)
    _rank(view, graph, tail, Largest(axis, keeps=keeps), view.output)


def _topk(view: View, graph: Graph) -> None:
    """The indices alone."""
    view.insist("largest", 1, default=1)
    view.insist("sorted", 0, 1, default=1)
    tail = begin_tail(view, graph)
    axis = _axis(view, tail.shape, -1)
    count = int(view.integers(1, "k").ravel()[0])
    if not 1 <= count <= tail.shape[axis - 1]:
        raise InputError(f"it asks for the {count} largest of {tail.shape[axis - 1]} numbers; ask for fewer")
    if view.outputs[0] in graph.outputs:
        raise InputError("it gives the largest values, which the host does not sort; let the graph give their indices")
    _rank(view, graph, tail, Largest(axis, count), view.outputs[-1])


def _rank(view: View, graph: Graph, tail: Tail, step: Largest, output: str) -> None:
    size = list(tail.shape)
    size[step.axis - 1] = step.count
    if not step.keeps:
        del size[step.axis - 1]
    graph.tails[output] = replace(tail, steps=(*tail.steps, step), shape=tuple(size))


def _transpose(view: View, graph: Graph) -> None:
    """Of the graph input or output, in front of what is quantized or behind it; all others met their inverse before."""
    source = view.inputs[0]
    if graph.is_raw(source):
        raw = graph.raw[source]
        graph.raw[view.output] = raw.arranged(_perm(view, len(raw.shape) + 1))
        return
    tail = begin_tail(view, graph)
    perm = _perm(view, len(tail.shape) + 1)
    shape = tuple(tail.shape[axis - 1] for axis in perm[1:])
    graph.tails[view.output] = replace(tail, steps=(*tail.steps, Arrange(perm)), shape=shape)


def _perm(view: View, rank: int) -> tuple[int, ...]:
    perm = view.wholes("perm", rank, list(range(rank))[::-1])
    if sorted(perm) != list(range(rank)) or perm[0] != 0:
        raise InputError(
            f"attribute perm = {list(perm)} moves the batch, which stays axis 0; transpose the others only"
        )
    return perm


LAYER = OnnxLayer(
    {
        ("", "Identity"): identity,
        ("", "Softmax"): _softmax,
        ("", "LogSoftmax"): _log_softmax,
        ("", "ArgMax"): _argmax,
        ("", "TopK"): _topk,
        ("", "Transpose"): _transpose,
    }
)
