"""What the host does at the end, and nodes that do nothing."""

from __future__ import annotations

from shiftwire.errors import InputError
from shiftwire.ir.host import HostOutput, Tail
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer, identity
from shiftwire.onnx.context.view import View


def _softmax(view: View, graph: Graph) -> None:
    view.insist("axis", 1, -1, default=-1)
    _cut(view, graph, Tail.SOFTMAX)


def _argmax(view: View, graph: Graph) -> None:
    view.insist("axis", 1, -1, default=0)
    view.attribute("keepdims", 1)
    view.insist("select_last_index", 0, default=0)
    _cut(view, graph, Tail.ARGMAX)


def _topk(view: View, graph: Graph) -> None:
    view.insist("axis", 1, -1, default=-1)
    view.insist("largest", 1, default=1)
    view.insist("sorted", 0, 1, default=1)
    _cut(view, graph, Tail.TOPK)


def _cut(view: View, graph: Graph, tail: Tail) -> None:
    """Leave a ranking to the host; elsewhere than at the end it would change values."""
    if graph.onnx_output not in view.outputs:
        raise InputError("it is handled as the last node only, where the host may do it; move it to the end")
    graph.host_output = HostOutput(tail=tail)
    name, pending = graph.opened(view.inputs[0])
    graph.known[graph.onnx_output], graph.pending[graph.onnx_output] = name, pending


LAYER = OnnxLayer({("", "Identity"): identity, ("", "Softmax"): _softmax, ("", "ArgMax"): _argmax, ("", "TopK"): _topk})
