"""One row, column or pixel of a tensor by its number, as torch writes x[:, :, -1]: a Slice one wide."""

from __future__ import annotations

import numpy as np

import onnx
from onnx import helper
from shiftwire.onnx.canonical.draft import Draft, attribute, is_standard, remade
from shiftwire.onnx.canonical.shapes import axes_from_first


def unify_parts(draft: Draft) -> None:
    """Gather of one place of an axis is a Slice of it; a single number as its index takes the axis away as well.

    Gathers of a list of channels stay as they are.
    """
    for node in list(draft.nodes):
        place = _place(draft, node)
        if place is not None:
            _cut(draft, node, *place, keeps=draft.constants[node.input[1]].ndim == 1)


def _place(draft: Draft, node: onnx.NodeProto) -> tuple[int, int] | None:
    """Axis and number of what a Gather takes of a computed tensor with pixels; None for another Gather."""
    shape = draft.shape(node.input[0]) if is_standard(node, "Gather") else None
    index = draft.constants.get(node.input[1]) if shape is not None else None
    if shape is None or index is None or index.size != 1 or index.ndim > 1 or len(shape) < 3:
        return None
    axis, at = attribute(node, "axis", 0), int(index.reshape(()))
    if not -len(shape) <= axis < len(shape) or draft.is_parameter(node.input[0]):
        return None
    (axis,) = axes_from_first([axis], len(shape))
    is_meant = axis > (1 if index.ndim else 0) and -shape[axis] <= at < shape[axis]
    return (axis, at % shape[axis]) if is_meant else None


def _cut(draft: Draft, node: onnx.NodeProto, axis: int, at: int, *, keeps: bool) -> None:
    name = node.output[0]
    start, end, along = (
        draft.constant(f"{name}_{which}", np.array([number], np.int64))
        for which, number in (("start", at), ("end", at + 1), ("axis", axis))
    )
    inputs = [node.input[0], start, end, along]
    if keeps:
        draft.replace(node, remade(node, "Slice", inputs))
        return
    inner = draft.fresh(f"{name}_part")
    draft.replace(node, helper.make_node("Slice", inputs, [inner], name=inner), remade(node, "Squeeze", [inner, along]))
