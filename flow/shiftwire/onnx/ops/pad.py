"""Pad with zeros or another code, or with copies of the edge."""

from __future__ import annotations

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Node, Op, Tensor
from shiftwire.numbers.fixed import Values
from shiftwire.numbers.float_quantizer import shortest
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.canonical.shapes import axes_from_first
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.writer import Writer
from shiftwire.ops.affine import Affine
from shiftwire.ops.moves import Pad
from shiftwire.ops.upsample import Upsample

MOST_PAD = 1 << 16
"""Of the steps that a padding value may be: no quantizer of a file has more codes."""


def _read(view: View, graph: Graph) -> None:
    mode = view.text("mode", "constant")
    if mode not in ("constant", "edge"):
        raise InputError(f"attribute mode = {mode} is not handled; pad with the constant 0 or with the edge")
    begin, end = _spatial_pads(view, rank=len(graph.tensor(view.inputs[0]).shape) + 1)
    if min(*begin, *end, 0) < 0 and mode == "edge":
        raise InputError(
            f"pads of {begin} in front and {end} behind take pixels away, wanted 0 or more; put a Slice in front "
            "instead"
        )
    if mode == "edge":
        graph.keep(view, Upsample((1,) * len(begin), begin, end), view.inputs[0])
        return
    name, pending = graph.scaled(view.inputs[0])
    code = _code(view, graph.tensors[name], pending.scale)
    ops: tuple[Op, ...] = (Pad(begin, end),)
    if code:
        ops = (_plus(-code, graph.tensors[name]), *ops, _plus(code, graph.tensors[name]))
    graph.put(view, graph.chain(ops, name, view.output), pending)


def _code(view: View, x: Tensor, scale: Values) -> int:
    """What pads, in steps of the tensor, as 0 when nothing is named; raises InputError for no whole number."""
    value = 0.0
    if len(view.inputs) > 2 and view.inputs[2]:
        value = float(view.constant(2, "constant_value").astype(np.float32).reshape(()))
    if value == 0:
        return 0
    if scale.ndim == 0 and np.isfinite(value):
        code = round(float(np.ldexp(value, x.format.frac)) / float(scale))
        if abs(code) <= MOST_PAD and np.float32(np.ldexp(code * float(scale), -x.format.frac)) == np.float32(value):
            return code
    raise InputError(
        f"a padding value of {shortest(np.float32(value))} is none that the tensor's quantizer can give; pad with 0 or "
        "with a multiple of its scale"
    )


def _plus(code: int, x: Tensor) -> Affine:
    """So many steps of `x` more in every channel."""
    one = np.ones((1, x.shape[-1]), np.int8)
    return Affine(ShiftWeights(one, np.zeros_like(one)), Bias(np.full(x.shape[-1], code), x.format.frac))


def _spatial_pads(view: View, rank: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Begin and end of each spatial axis; the batch and the channels stay as they are."""
    pads = view.integers(1, "pads")
    axes = list(range(rank))
    if len(view.inputs) > 3 and view.inputs[3]:
        axes = axes_from_first(view.integers(3, "axes").ravel(), rank)
    if pads.shape != (2 * len(axes),):
        raise InputError(f"pads of shape {pads.shape} do not fit {len(axes)} axes; give {2 * len(axes)} numbers")
    begin, end = np.zeros(rank, np.int64), np.zeros(rank, np.int64)
    begin[axes], end[axes] = pads[: len(axes)], pads[len(axes) :]
    if begin[:2].any() or end[:2].any():
        raise InputError("padding of the batch or of the channels is not handled; pad height and width only")
    return tuple(begin[2:].tolist()), tuple(end[2:].tolist())


def _write(writer: Writer, op: Pad, node: Node) -> None:
    pads = np.array([0, 0, *op.begin, 0, 0, *op.end], np.int64)
    writer.node("Pad", [*node.inputs, writer.constant(f"{node.name}_pads", pads)], node.name)


LAYER = OnnxLayer({("", "Pad"): _read}, {Pad: _write})
