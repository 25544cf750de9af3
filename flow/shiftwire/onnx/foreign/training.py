"""What hand-written quantization-aware training leaves in a graph: straight-through estimators, PACT's absolutes."""

from __future__ import annotations

import numpy as np

import onnx
from shiftwire.onnx.canonical.draft import Draft, is_standard, remade


def unify_training(draft: Draft) -> None:
    """x + (f(x) - x) is f(x), whose gradient alone is another; (|x| - |x - a| + a) / 2 is x clipped to 0..a."""
    for node in list(draft.nodes):
        if not is_standard(node, "Add", "Sub", "Mul", "Div") or len(node.input) != 2:
            continue
        quantized = _straight_through(draft, node)
        if quantized is not None:
            draft.replace(node, remade(node, "Identity", [quantized]))
            continue
        clipped = _pact(draft, node)
        if clipped is not None:
            x, top = clipped
            zero = draft.constant(f"{node.output[0]}_zero", np.zeros((), np.float32))
            draft.replace(node, remade(node, "Clip", [x, zero, top]))


def _source(draft: Draft, name: str) -> str:
    """A tensor behind nodes that change nothing."""
    producer = draft.producer(name)
    while producer is not None and is_standard(producer, "Identity"):
        name = str(producer.input[0])
        producer = draft.producer(name)
    return name


def _of(draft: Draft, name: str, *kinds: str) -> list[str] | None:
    """What the node that makes a tensor reads, where it is of these kinds."""
    producer = draft.producer(_source(draft, name))
    if producer is None or not is_standard(producer, *kinds):
        return None
    return [_source(draft, read) for read in producer.input]


def _straight_through(draft: Draft, node: onnx.NodeProto) -> str | None:
    """f(x) of x + (f(x) - x) in either order, or of x - (x - f(x))."""
    a, b = (_source(draft, name) for name in node.input)
    if node.op_type == "Add":
        for x, difference in ((a, b), (b, a)):
            parts = _of(draft, difference, "Sub")
            if parts is not None and parts[1] == x:
                return parts[0]
    if node.op_type == "Sub":
        parts = _of(draft, b, "Sub")
        if parts is not None and parts[0] == a:
            return parts[1]
    return None


def _pact(draft: Draft, node: onnx.NodeProto) -> tuple[str, str] | None:
    """x and a of PACT (Choi et al. 2018, equation 1) as it is written there."""
    total = _halved(draft, node)
    parts = None if total is None else _of(draft, total, "Add")
    if parts is None:
        return None
    for difference, top in (parts, parts[::-1]):
        absolutes = _of(draft, difference, "Sub")
        if absolutes is None or top not in draft.constants or draft.constants[top].size != 1:
            continue
        first, second = (_of(draft, name, "Abs") for name in absolutes)
        below = None if second is None else _of(draft, second[0], "Sub")
        if first is not None and below is not None and below[0] == first[0] and _is_same(draft, below[1], top):
            return first[0], top
    return None


def _halved(draft: Draft, node: onnx.NodeProto) -> str | None:
    """What a node halves."""
    constants = [draft.constants.get(name) for name in node.input]
    for at, value in enumerate(constants):
        half = 0.5 if node.op_type == "Mul" else 2.0
        if value is not None and value.size == 1 and float(value.ravel()[0]) == half and (at == 1 or half == 0.5):
            return str(node.input[1 - at])
    return None


def _is_same(draft: Draft, a: str, b: str) -> bool:
    if a == b:
        return True
    first, second = draft.constants.get(a), draft.constants.get(b)
    return first is not None and second is not None and np.array_equal(first.ravel(), second.ravel())
