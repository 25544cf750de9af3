"""Quantizers of scale 1 between a division and a product by one constant, as qonnx takes scales out of them."""

from __future__ import annotations

import numpy as np

import onnx
from onnx import helper
from shiftwire.onnx.canonical.draft import Draft, is_standard
from shiftwire.onnx.foreign.integers import Array
from shiftwire_hls.quantizers import Reading, find_quantizer


def unify_taken_out(draft: Draft) -> None:
    """(Quant(x / s + z, 1, 0) - z) * s is Quant(x, s, z), float32 operation by float32 operation.

    Source: qonnx, transformation ExtractQuantScaleZeroPt, which leaves out a scale of 1 and a zero point of 0.
    """
    for node in list(draft.nodes):
        quantizer = find_quantizer(node.domain, node.op_type)
        if quantizer is not None and quantizer.reading is Reading.INTEGER and len(node.input) == 4:
            _take_in(draft, node)


def _take_in(draft: Draft, node: onnx.NodeProto) -> None:
    scale, zero = (draft.constants.get(name) for name in node.input[1:3])
    if scale is None or zero is None or not (scale == 1).all():
        return
    x, last = node.input[0], node
    reader = _reader(draft, last)
    below, above = _by_constant(draft, draft.producer(x), "Add"), _by_constant(draft, reader, "Sub")
    if reader and below and above and not zero.any() and _is_one(below[1], above[1]):
        x, last, zero = below[0], reader, np.asarray(below[1].flat[0])
    reader = _reader(draft, last)
    below, above = _by_constant(draft, draft.producer(x), "Div"), _by_constant(draft, reader, "Mul")
    if reader and below and above and _is_scale(below[1], above[1]):
        x, last, scale = below[0], reader, below[1]
    if last is node or draft.shape(x) != draft.shape(node.output[0]):
        return
    names = [draft.constant(f"{last.output[0]}_{kind}", value.astype(np.float32))
             for kind, value in (("scale", scale), ("zero", zero))]  # fmt: skip
    whole = helper.make_node(node.op_type, [x, *names, node.input[3]], [last.output[0]],
                             name=node.name or last.output[0], domain=node.domain)  # fmt: skip
    whole.attribute.extend(node.attribute)
    draft.replace(last, whole)


def _reader(draft: Draft, node: onnx.NodeProto) -> onnx.NodeProto | None:
    """The only one of what a node makes."""
    name = node.output[0]
    return draft.consumers(name)[0] if draft.is_read_once(name) else None


def _by_constant(draft: Draft, node: onnx.NodeProto | None, kind: str) -> tuple[str, Array] | None:
    """What an operation of a kind reads, and its constant, which may stand first where order is free."""
    if node is None or not is_standard(node, kind):
        return None
    x, c = node.input
    if c not in draft.constants and kind in ("Add", "Mul"):
        x, c = c, x
    return (x, draft.constants[c]) if c in draft.constants else None


def _is_one(a: Array, b: Array) -> bool:
    """Whether both are the same whole number, once or many times."""
    return a.size > 0 and bool((a == np.rint(a.flat[0])).all() and (b == a.flat[0]).all())


def _is_scale(a: Array, b: Array) -> bool:
    """Whether both are the same positive numbers along the same axes."""
    rank = max(a.ndim, b.ndim)
    first, second = (array.reshape((1,) * (rank - array.ndim) + array.shape) for array in (a, b))
    return bool((a > 0).all()) and np.array_equal(first, second)
