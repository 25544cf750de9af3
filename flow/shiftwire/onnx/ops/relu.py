"""Relu, and what else waits for the next quantizer: Clip, roundings, curves."""

from __future__ import annotations

import numpy as np

from shiftwire.errors import InputError
from shiftwire.numbers.float_quantizer import FloatRounding, Floats, shortest
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer, Reader, plain_writer
from shiftwire.onnx.context.pending import RELU, Bent, Curved, Cut, Linear, Rounded
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.waiting import channels_of, host_shape, is_hosts, tabulate, wait
from shiftwire.ops.relu import Relu
from shiftwire_boards.runtime.host_steps import Curve


def _relu(view: View, graph: Graph) -> None:
    """Built at once on exact codes; behind a float scale it waits, for a Threshold does it at no cost."""
    source = view.inputs[0]
    if is_hosts(graph, source) or source in graph.joined or source in graph.tabulated:
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
        raise InputError(f"it clips to {shortest(lo)}..{shortest(hi)}, which holds nothing; swap the bounds")
    wait(view, graph, Cut(lo, hi))


def _rounded(rounding: FloatRounding) -> Reader:
    def read(view: View, graph: Graph) -> None:
        wait(view, graph, Rounded(rounding))

    return read


def _curved(kind: str) -> Reader:
    def read(view: View, graph: Graph) -> None:
        wait(view, graph, Curved(Curve(kind)))

    return read


def _hard_sigmoid(view: View, graph: Graph) -> None:
    factor, offset = (np.float32(view.attribute(name, default)) for name, default in (("alpha", 0.2), ("beta", 0.5)))
    if not factor > 0:
        raise InputError(f"attribute alpha = {shortest(factor)} makes it fall or stay; give one above 0")
    ones = np.ones(channels_of(view, graph), np.float32)
    wait(view, graph, Linear(factor * ones, offset * ones), Cut(0.0, 1.0))


def _leaky_relu(view: View, graph: Graph) -> None:
    slope = np.float32(view.attribute("alpha", 0.01))
    _bend(view, graph, np.full(channels_of(view, graph), slope, np.float32))


def _prelu(view: View, graph: Graph) -> None:
    """A slope for the tensor, or one a channel: (C, 1, 1), which broadcasts, or (1, C, 1, 1)."""
    slope, channels = view.constant(1, "slope"), channels_of(view, graph)
    source = view.inputs[0]
    rank = 1 + len(host_shape(graph, source) if is_hosts(graph, source) else graph.tensor(source).shape)
    full = slope.reshape((1,) * max(rank - slope.ndim, 0) + slope.shape)
    if slope.size not in (1, channels) or (slope.size > 1 and full.shape[1] != channels):
        raise InputError(f"its slope has shape {slope.shape} for {channels} channels; give one, or one a channel")
    _bend(view, graph, np.broadcast_to(slope.ravel(), (channels,)).astype(np.float32))


def _bend(view: View, graph: Graph, slope: Floats) -> None:
    if not (slope >= 0).all():
        tabulate(view, graph, Bent(slope).apply)
        return
    wait(view, graph, Bent(slope) if slope.any() else RELU)


LAYER = OnnxLayer(
    {
        ("", "Relu"): _relu,
        ("", "Clip"): _clip,
        ("", "Round"): _rounded(FloatRounding.HALF_EVEN),
        ("", "Floor"): _rounded(FloatRounding.FLOOR),
        ("", "Ceil"): _rounded(FloatRounding.CEIL),
        ("", "HardSigmoid"): _hard_sigmoid,
        ("", "LeakyRelu"): _leaky_relu,
        ("", "PRelu"): _prelu,
        ("", "Sigmoid"): _curved("sigmoid"),
        ("", "Tanh"): _curved("tanh"),
    },
    {Relu: plain_writer("Relu")},
)
