"""Relu, and Clip, which waits for the next quantizer."""

from __future__ import annotations

from shiftwire.errors import InputError
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer, plain_writer
from shiftwire.onnx.context.pending import RELU, Cut
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.waiting import wait
from shiftwire.ops.relu import Relu


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
    wait(view, graph, Cut(lo, hi))


LAYER = OnnxLayer({("", "Relu"): _relu, ("", "Clip"): _clip}, {Relu: plain_writer("Relu")})
