"""A spatial axis of one element that a reshape puts in front of a convolution and takes away behind it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from onnx import helper
from shiftwire.onnx.canonical.draft import (
    REDUCTIONS,
    Draft,
    attribute,
    axes_of,
    is_quantizer,
    is_standard,
    pad_sizes,
    remade,
)
from shiftwire.onnx.canonical.layout import ELEMENTWISE
from shiftwire.onnx.canonical.parameters import reshaped
from shiftwire.onnx.canonical.shapes import spatial_axes

RESHAPES = ("Reshape", "Squeeze", "Unsqueeze")
WINDOWED = ("Conv", "MaxPool", "AveragePool")
PER_AXIS = ("kernel_shape", "strides", "dilations")


def drop_unit_axes(draft: Draft) -> None:
    """f(x with an axis of one element) becomes f(x) with it, down to the reshape that takes it away again."""
    moved = True
    while moved:
        draft.infer()
        moved = any(_push(draft, node) for node in list(draft.nodes) if node in draft.nodes)
        draft.sweep()


def order_unit_axes(draft: Draft) -> None:
    """An axis of one element goes in behind a Transpose and away in front of one, so that it moves no other axis."""
    moved = True
    while moved:
        draft.infer()
        moved = any(_reorder(draft, node) for node in list(draft.nodes) if node in draft.nodes)
        draft.sweep()


def _reorder(draft: Draft, node: onnx.NodeProto) -> bool:
    source = draft.producer(node.input[0]) if node.input else None
    if source is None or not source.input or not draft.is_read_once(node.input[0]):
        return False
    before, between, after = draft.shape(source.input[0]), draft.shape(node.input[0]), draft.shape(node.output[0])
    if before is None or between is None or after is None:
        return False
    if is_standard(node, "Transpose") and is_standard(source, "Unsqueeze"):
        axis = _any_unit_axis(before, between)
        return axis is not None and _turned_first(draft, node, source, axis)
    if is_standard(node, "Transpose") and is_standard(source, "Pad"):
        return _is_put_in(draft, source.input[0]) and _turned_before_pads(draft, node, source)
    if is_standard(node, "Squeeze") and is_standard(source, "Transpose"):
        axis = _any_unit_axis(after, between)
        return axis is not None and _squeezed_first(draft, node, source, axis)
    return False


def _perm(node: onnx.NodeProto, rank: int) -> list[int]:
    return list(attribute(node, "perm", list(range(rank))[::-1]))


def _turned_first(draft: Draft, node: onnx.NodeProto, source: onnx.NodeProto, axis: int) -> bool:
    perm = _perm(node, len(draft.shape(node.output[0]) or ()))
    rest = [place - (place > axis) for place in perm if place != axis]
    inner = draft.fresh(f"{node.output[0]}_line")
    turned = helper.make_node("Transpose", [source.input[0]], [inner], name=inner, perm=rest)
    place = draft.constant(f"{inner}_axis", np.array([perm.index(axis)], np.int64))
    draft.replace(node, turned, remade(node, "Unsqueeze", [inner, place]))
    return True


def _is_put_in(draft: Draft, name: str) -> bool:
    """Whether a tensor is another with an axis of one element, for one reader alone."""
    source = draft.producer(name)
    return source is not None and is_standard(source, "Unsqueeze") and draft.is_read_once(name)


def _turned_before_pads(draft: Draft, node: onnx.NodeProto, pad: onnx.NodeProto) -> bool:
    perm = _perm(node, len(draft.shape(node.output[0]) or ()))
    sizes = pad_sizes(draft, pad, len(perm))
    if sizes is None:
        return False
    inner = draft.fresh(f"{node.output[0]}_line")
    turned = helper.make_node("Transpose", [pad.input[0]], [inner], name=inner, perm=perm)
    kept = {entry.name: helper.get_attribute_value(entry) for entry in pad.attribute}
    moved = draft.constant(f"{inner}_pads", sizes[:, perm].ravel())
    draft.replace(node, turned, remade(node, "Pad", [inner, moved, *pad.input[2:3]], **kept))
    return True


def _squeezed_first(draft: Draft, node: onnx.NodeProto, source: onnx.NodeProto, axis: int) -> bool:
    perm = _perm(source, len(draft.shape(node.input[0]) or ()))
    gone = perm[axis]
    rest = [place - (place > gone) for at, place in enumerate(perm) if at != axis]
    inner = draft.fresh(f"{node.output[0]}_line")
    place = draft.constant(f"{inner}_axis", np.array([gone], np.int64))
    squeezed = helper.make_node("Squeeze", [source.input[0], place], [inner], name=inner)
    draft.replace(node, squeezed, remade(node, "Transpose", [inner], perm=rest))
    return True


def _any_unit_axis(before: tuple[int, ...], after: tuple[int, ...]) -> int | None:
    """The axis of one element that was put in behind the batch; None for another reshape."""
    if len(after) != len(before) + 1:
        return None
    places = (axis for axis in range(1, len(after)) if after[axis] == 1 and after[:axis] + after[axis + 1 :] == before)
    return next(places, None)


def _push(draft: Draft, node: onnx.NodeProto) -> bool:
    source = draft.producer(node.input[0]) if node.input else None
    if source is None or not is_standard(source, *RESHAPES) or node.input[0] in draft.outputs:
        return False
    before, after = draft.shape(source.input[0]), draft.shape(source.output[0])
    axis = None if before is None or after is None else _unit_axis(before, after)
    if axis is None:
        return False
    if is_standard(node, *REDUCTIONS):
        return _reduced(draft, node, source.input[0], axis)
    inputs = _inputs_without_axis(draft, node, axis) if _leads_back(draft, node) else None
    if inputs is not None:
        _rewrite(draft, node, source.input[0], inputs, axis)
    return inputs is not None


def _inputs_without_axis(draft: Draft, node: onnx.NodeProto, axis: int) -> list[str] | None:
    """All inputs but the first; None where a node does not do the same without the axis."""
    if is_standard(node, *WINDOWED):
        return _without_axis(draft, node, axis)
    if is_standard(node, "Pad"):
        return _fewer_pads(draft, node, axis)
    if not is_standard(node, *ELEMENTWISE) and not is_quantizer(node):
        return None
    inputs = list(node.input[1:])
    is_single = all(draft.shape(name) is not None and np.prod(draft.shape(name) or ()) == 1 for name in inputs if name)
    return inputs if is_single else None


def _leads_back(draft: Draft, node: onnx.NodeProto) -> bool:
    """Whether the next layers end in the axis's removal, so that a network on images of one row stays one."""
    name = node.output[0]
    while True:
        readers = draft.consumers(name)
        if len(readers) != 1 or name in draft.outputs:
            return False
        reader = readers[0]
        if is_standard(reader, "Flatten", "Reshape") and _is_flat(draft, name, reader):
            return True
        if is_standard(reader, *RESHAPES):
            before, after = draft.shape(name), draft.shape(reader.output[0])
            return before is not None and after is not None and _unit_axis(after, before) is not None
        if not (is_standard(reader, *ELEMENTWISE, *WINDOWED, "Pad") or is_quantizer(reader)):
            return False
        name = reader.output[0]


def _is_flat(draft: Draft, name: str, reader: onnx.NodeProto) -> bool:
    """Whether samples of single pixels become vectors, whatever the number of their axes."""
    before, after = draft.shape(name) or (), draft.shape(reader.output[0])
    return set(before[2:]) == {1} and after == before[:2]


def _reduced(draft: Draft, node: onnx.NodeProto, source: str, axis: int) -> bool:
    """A mean or a maximum of all pixels, which does not ask on how many axes they lie."""
    rank = len(draft.shape(node.input[0]) or ())
    named = draft.constants.get(node.input[1]) if len(node.input) > 1 else None
    axes = [] if named is None else sorted(axes_of(node, named.ravel(), rank))
    if axes != list(spatial_axes(rank)):
        return False
    keeps = int(attribute(node, "keepdims", 1))
    inner = draft.fresh(f"{node.output[0]}_line") if keeps else node.output[0]
    fewer = draft.constant(f"{inner}_axes", np.array(axes[:-1], np.int64))
    reduced = helper.make_node(node.op_type, [source, fewer], [inner], name=inner, keepdims=keeps)
    back = [remade(node, "Unsqueeze", [inner, draft.constant(f"{inner}_axis", np.array([axis], np.int64))])]
    draft.replace(node, reduced, *(back if keeps else []))
    return True


def _unit_axis(before: tuple[int, ...], after: tuple[int, ...]) -> int | None:
    """The axis of one element that was put in behind the channels; None for another reshape."""
    if len(after) != len(before) + 1:
        return None
    matches = (axis for axis in range(2, len(after)) if after[axis] == 1 and after[:axis] + after[axis + 1 :] == before)
    return next(matches, None)


def _fewer_pads(draft: Draft, node: onnx.NodeProto, axis: int) -> list[str] | None:
    """The other inputs of a Pad that leaves the axis of one element; None where it pads it too."""
    sizes = pad_sizes(draft, node, len(draft.shape(node.input[0]) or ()))
    if sizes is None or sizes[:, axis].any():
        return None
    return [draft.constant(f"{node.output[0]}_pads", np.delete(sizes, axis, 1).ravel()), *node.input[2:3]]


def _without_axis(draft: Draft, node: onnx.NodeProto, axis: int) -> list[str] | None:
    """The other inputs of a window that spans one element of the axis; None where it does more along it."""
    at, shape = axis - 2, draft.shape(node.input[0]) or ()
    axes = len(shape) - 2
    pads = attribute(node, "pads", [0] * 2 * axes)
    weight = draft.shape(node.input[1]) if node.op_type == "Conv" else None
    kernel = attribute(node, "kernel_shape") or list((weight or ())[2:])
    if len(kernel) != axes or kernel[at] != 1 or pads[at] or pads[axes + at] or axes < 2:
        return None
    if attribute(node, "auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        return None
    inputs = list(node.input[1:])
    if weight is not None:
        flat = weight[:axis] + weight[axis + 1 :]
        inner_node = reshaped(draft, inputs[0], flat)
        if inner_node is None:
            return None
        inputs[0] = inner_node
    return inputs


def _rewrite(draft: Draft, node: onnx.NodeProto, source: str, inputs: list[str], axis: int) -> None:
    kept: dict[str, Any] = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
    if is_standard(node, *WINDOWED):
        axes = len(draft.shape(node.input[0]) or ()) - 2
        for name in PER_AXIS:
            if name in kept:
                kept[name] = [size for at, size in enumerate(kept[name]) if at != axis - 2]
        if "pads" in kept:
            kept["pads"] = [pad for at, pad in enumerate(kept["pads"]) if at % axes != axis - 2]
    inner = draft.fresh(f"{node.output[0]}_line")
    inner_node = helper.make_node(node.op_type, [source, *inputs], [inner], name=inner, domain=node.domain, **kept)
    place: npt.NDArray[np.int64] = np.array([axis], np.int64)
    back = remade(node, "Unsqueeze", [inner, draft.constant(f"{inner}_axis", place)])
    draft.replace(node, inner_node, back)
