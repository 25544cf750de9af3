"""Nodes that change nothing at inference go."""

from __future__ import annotations

import numpy as np

import onnx
from shiftwire.onnx.canonical.draft import Draft, attribute, is_standard, remade

BOOL, FLOAT = onnx.TensorProto.BOOL, onnx.TensorProto.FLOAT


def drop_idle(draft: Draft) -> None:
    """No Identity, Dropout, Cast to the same type, empty Pad, or Concat of one tensor; truths as numbers by a Where."""
    for node in list(draft.nodes):
        if _is_idle(draft, node):
            draft.bypass(node)
        elif is_standard(node, "Cast") and _type(draft, node.input[0]) == BOOL and attribute(node, "to") == FLOAT:
            ends = [draft.constant(f"{node.output[0]}_{each}", np.array(each, np.float32)) for each in (1, 0)]
            draft.replace(node, remade(node, "Where", [node.input[0], *ends]))
        elif is_standard(node, "MaxPool", "BatchNormalization") and len(node.output) > 1:
            _drop_unread_outputs(draft, node)


def _is_idle(draft: Draft, node: onnx.NodeProto) -> bool:
    if is_standard(node, "Identity", "Dropout"):
        others = (name for name in node.output[1:] if name)
        return not any(draft.consumers(name) or name in draft.outputs for name in others)
    if is_standard(node, "Cast"):
        return bool(_type(draft, node.input[0]) == attribute(node, "to") in (FLOAT, BOOL))
    if is_standard(node, "Pad"):
        pads = draft.constants.get(node.input[1]) if len(node.input) > 1 else np.array(attribute(node, "pads", [1]))
        same = draft.shape(node.input[0]) == draft.shape(node.output[0]) is not None
        return same and pads is not None and not pads.any()
    return is_standard(node, "Concat", "Sum", "Max", "Min") and len(node.input) == 1


def _type(draft: Draft, name: str) -> int | None:
    return draft.values[name].type if name in draft.values else None


def _drop_unread_outputs(draft: Draft, node: onnx.NodeProto) -> None:
    """Indices and running statistics that older exporters list."""
    if not any(draft.consumers(name) or name in draft.outputs for name in node.output[1:] if name):
        del node.output[1:]
