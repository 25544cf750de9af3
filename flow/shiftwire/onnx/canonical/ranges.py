"""Clip, Max and Min with constants: Relu where they cut at 0 alone, else Clip with two constant bounds."""

from __future__ import annotations

import numpy as np

import onnx
from shiftwire.onnx.canonical.draft import Draft, attribute, is_standard, remade

LARGEST = float(np.finfo(np.float32).max)


def unify_clips(draft: Draft) -> None:
    """Clip(0, inf) and Max(x, 0) become Relu; a Clip without bounds goes."""
    for node in list(draft.nodes):
        if is_standard(node, "Clip"):
            _unify(draft, node, node.input[0], _bound(draft, node, 1, "min"), _bound(draft, node, 2, "max"))
        elif is_standard(node, "Max", "Min") and len(node.input) == 2:
            _one_sided(draft, node)


def _one_sided(draft: Draft, node: onnx.NodeProto) -> None:
    x, c = sorted(node.input, key=lambda name: name in draft.constants)
    value = draft.constants.get(c)
    if x in draft.constants or value is None or draft.shape(x) != draft.shape(node.output[0]):
        return
    if not value.size or (value != value.flat[0]).any():
        return
    bound = float(value.flat[0])
    _unify(draft, node, x, *((bound, np.inf) if node.op_type == "Max" else (-np.inf, bound)))


def _bound(draft: Draft, node: onnx.NodeProto, position: int, name: str) -> float | None:
    """A constant bound, infinite where it is absent, None where it is computed."""
    absent = -np.inf if name == "min" else np.inf
    if len(node.input) <= position or not node.input[position]:
        return float(attribute(node, name, absent))
    value = draft.constants.get(node.input[position])
    return None if value is None or value.size != 1 else float(value.reshape(()))


def _unify(draft: Draft, node: onnx.NodeProto, x: str, low: float | None, high: float | None) -> None:
    if low is None or high is None:
        return
    if low == 0 and high >= LARGEST:
        draft.replace(node, remade(node, "Relu", [x]))
    elif low <= -LARGEST and high >= LARGEST:
        draft.bypass(node)
    else:
        bounds = [np.clip(np.float32(bound), -LARGEST, LARGEST).astype(np.float32) for bound in (low, high)]
        names = [
            draft.constant(f"{node.output[0]}_{end}", np.array(b))
            for end, b in zip(("min", "max"), bounds, strict=True)
        ]
        draft.replace(node, remade(node, "Clip", [x, *names]))
