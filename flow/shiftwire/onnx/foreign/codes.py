"""Integer tensors made, moved, bounded and turned into values again."""

from __future__ import annotations

import numpy as np

import onnx
from onnx import helper
from shiftwire.errors import InputError
from shiftwire.onnx.canonical.draft import Draft, attribute, is_standard
from shiftwire.onnx.canonical.parameters import along
from shiftwire.onnx.foreign.integers import FLOAT, RANGES, Array, Integers, Unifier
from shiftwire_hls.quantizers import CONTRACT_DOMAIN

UINT8 = onnx.TensorProto.UINT8


def require_plain_blocks(node: onnx.NodeProto) -> None:
    """Raise InputError for scales by blocks."""
    if attribute(node, "block_size", 0):
        raise InputError("its scales are by blocks of numbers, which no integer layer takes; quantize per channel")


def ends_of(unifier: Unifier, node: onnx.NodeProto, at: int) -> tuple[int, int, int]:
    """Lowest and highest code of what a quantizer makes, and its zero point."""
    kind = attribute(node, "output_dtype", 0) or UINT8
    if at < len(node.input) and node.input[at]:
        kind = _type(unifier, node.input[at])
    if kind not in RANGES:
        name = onnx.TensorProto.DataType.Name(kind)
        raise InputError(f"it quantizes to {name}, which is on no grid of whole numbers; use int4 to int16")
    return (*RANGES[kind], unifier.zero_point(node, at))


def _type(unifier: Unifier, name: str) -> int:
    draft = unifier.draft
    if name in draft.types:
        return draft.types[name]
    return draft.values[name].type if name in draft.values else int(UINT8)


def emit_codes(unifier: Unifier, node: onnx.NodeProto, x: str, scale: Array, ends: tuple[int, int, int]) -> None:
    """The node makes codes of float values."""
    low, high, zero = ends
    step = unifier.draft.constant(f"{node.output[0]}_scale", scale)
    inner_node = helper.make_node("Codes", [x, step], [node.output[0]], name=node.name, domain=CONTRACT_DOMAIN,
                            lo=low - zero, hi=high - zero)  # fmt: skip
    unifier.draft.replace(node, inner_node)
    unifier.known[node.output[0]] = Integers(node.output[0], zero)


def quantize(unifier: Unifier, node: onnx.NodeProto) -> None:
    """QuantizeLinear: codes of values, saturated to the range of the zero point's type."""
    require_plain_blocks(node)
    shape = unifier.draft.shape(node.input[0]) or ()
    scale = along(unifier.wanted(node, 1, "scale").astype(np.float32), attribute(node, "axis", 1), max(len(shape), 1))
    x = node.input[0]
    if x in unifier.known:
        x = unifier.shifted(node, x, 0) or x
    emit_codes(unifier, node, x, scale, ends_of(unifier, node, 2))


def dequantize(unifier: Unifier, node: onnx.NodeProto) -> None:
    """DequantizeLinear of computed codes: they times the scale; constants became parameters before."""
    require_plain_blocks(node)
    x = unifier.shifted(node, node.input[0], unifier.zero_point(node, 2))
    if x is None:
        return
    shape = unifier.draft.shape(node.input[0]) or ()
    scale = along(unifier.wanted(node, 1, "scale").astype(np.float32), attribute(node, "axis", 1), max(len(shape), 1))
    factor = unifier.draft.constant(f"{node.output[0]}_scale", scale)
    unifier.draft.replace(node, helper.make_node("Mul", [x, factor], [node.output[0]], name=node.name))


def move(unifier: Unifier, node: onnx.NodeProto) -> None:
    """An operation that takes codes as they are, so that their zero point stays."""
    codes = unifier.known[node.input[0]]
    node.input[0] = codes.name
    for name in node.output:
        unifier.known[name] = Integers(name, codes.zero_point)


def concat(unifier: Unifier, node: onnx.NodeProto) -> None:
    """Codes side by side, on the zero point of the first."""
    if not all(name in unifier.known for name in node.input):
        return
    zero = unifier.known[node.input[0]].zero_point
    for at, name in enumerate(node.input):
        node.input[at] = unifier.shifted(node, name, zero) or name
    unifier.known[node.output[0]] = Integers(node.output[0], zero)


def cast(unifier: Unifier, node: onnx.NodeProto) -> None:
    """Codes of another type, or as floats; floats that were rounded become codes."""
    to = attribute(node, "to")
    if node.input[0] in unifier.known:
        codes = unifier.known[node.input[0]]
        if to in RANGES:
            unifier.draft.replace(node, helper.make_node("Identity", [codes.name], [node.output[0]], name=node.name))
            unifier.known[node.output[0]] = Integers(node.output[0], codes.zero_point)
        elif to == FLOAT:
            x = unifier.shifted(node, node.input[0], 0) or codes.name
            unifier.draft.replace(node, helper.make_node("Identity", [x], [node.output[0]], name=node.name))
    elif to in RANGES and _is_whole(unifier.draft, node.input[0]):
        names = [node.input[0], *(unifier.scalar(node.output[0], end) for end in RANGES[to])]
        unifier.draft.replace(node, helper.make_node("Clip", names, [node.output[0]], name=node.name))
        unifier.known[node.output[0]] = Integers(node.output[0])


def _is_whole(draft: Draft, name: str) -> bool:
    """Whether a float tensor holds whole numbers alone: it was rounded, and at most clipped since."""
    producer = draft.producer(name)
    while producer is not None and is_standard(producer, "Clip", "Min", "Max"):
        producer = draft.producer(producer.input[0])
    return producer is not None and is_standard(producer, "Round", "Floor", "Ceil", "Sign")


def bounded(unifier: Unifier, node: onnx.NodeProto) -> None:
    """Relu, Clip, Min and Max of codes, their bounds moved to the same zero."""
    codes = next((unifier.known[name] for name in node.input if name in unifier.known), None)
    if codes is None:
        return
    x = codes.name
    if node.op_type == "Relu":
        bounds: list[float | None] = [0, None]
    elif node.op_type == "Clip":
        ends = [unifier.constant(name) for name in (*node.input[1:], "", "")[:2]]
        bounds = [None if value is None else float(value.ravel()[0]) for value in ends]
    else:
        c = next((value for name in node.input if (value := unifier.constant(name)) is not None), None)
        if c is None or c.size != 1:
            return
        bounds = [float(c.ravel()[0]), None] if node.op_type == "Max" else [None, float(c.ravel()[0])]
    maker = unifier.draft.producer(x)
    if maker is not None and maker.op_type == "Codes" and unifier.draft.is_read_once(x):
        _narrow(maker, [None if end is None else int(end) - codes.zero_point for end in bounds])
        unifier.draft.replace(node, helper.make_node("Identity", [x], [node.output[0]], name=node.name))
        unifier.known[node.output[0]] = Integers(node.output[0], codes.zero_point)
        return
    names = ["" if end is None else unifier.scalar(node.output[0], end - codes.zero_point) for end in bounds]
    unifier.draft.replace(node, helper.make_node("Clip", [x, *names], [node.output[0]], name=node.name))
    unifier.known[node.output[0]] = Integers(node.output[0], codes.zero_point)


def _narrow(codes: onnx.NodeProto, bounds: list[int | None]) -> None:
    """A quantizer's bounds, as a Clip behind it makes them."""
    low, high = bounds
    for entry in codes.attribute:
        bound = low if entry.name == "lo" else high
        other = high if entry.name == "lo" else low
        if bound is not None:
            entry.i = max(entry.i, bound) if entry.name == "lo" else min(entry.i, bound)
        if other is not None:
            entry.i = min(entry.i, other) if entry.name == "lo" else max(entry.i, other)


def pad(unifier: Unifier, node: onnx.NodeProto) -> None:
    """Codes around codes; a pad of the zero point is one of zeros."""
    codes = unifier.known.get(node.input[0])
    if codes is None:
        return
    node.input[0] = codes.name
    bound = unifier.constant(node.input[2]) if len(node.input) > 2 and node.input[2] else np.zeros(1)
    if bound is not None and attribute(node, "mode", "constant") == "constant":
        names = [*node.input, ""][:3]
        names[2] = unifier.scalar(node.output[0], float(bound.ravel()[0]) - codes.zero_point)
        rest = list(node.input[3:])
        del node.input[:]
        node.input.extend([*names, *rest])
    unifier.known[node.output[0]] = Integers(node.output[0], codes.zero_point)
