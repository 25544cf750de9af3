"""Relu, and what else waits for the next quantizer: Clip, roundings, curves."""

from __future__ import annotations

from shiftwire.errors import InputError
from shiftwire.numbers.float_quantizer import FloatRounding
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer, Reader, plain_writer
from shiftwire.onnx.context.pending import RELU, Curved, Cut, Rounded
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.waiting import is_hosts, wait
from shiftwire.ops.relu import Relu
from shiftwire_boards.runtime.host_steps import Curve


def _relu(view: View, graph: Graph) -> None:
    """Built at once on exact codes; behind a float scale it waits, for a Threshold does it at no cost."""
    source = view.inputs[0]
    if is_hosts(graph, source) or source in graph.joined:
        wait(view, graph, RELU)
        return
    name, pending = graph.opened(source)
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
    wait(view, graph, Cut(lo, hi))


def _rounded(rounding: FloatRounding) -> Reader:
    def read(view: View, graph: Graph) -> None:
        wait(view, graph, Rounded(rounding))

    return read


def _curved(kind: str) -> Reader:
    def read(view: View, graph: Graph) -> None:
        wait(view, graph, Curved(Curve(kind)))

    return read


LAYER = OnnxLayer(
    {
        ("", "Relu"): _relu,
        ("", "Clip"): _clip,
        ("", "Round"): _rounded(FloatRounding.HALF_EVEN),
        ("", "Floor"): _rounded(FloatRounding.FLOOR),
        ("", "Ceil"): _rounded(FloatRounding.CEIL),
        ("", "Sigmoid"): _curved("sigmoid"),
        ("", "Tanh"): _curved("tanh"),
    },
    {Relu: plain_writer("Relu")},
)
