"""Arithmetic with a constant becomes Mul or Add, the constant second and of shape () or (1, C, 1, ...)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from onnx import helper
from shiftwire.onnx.canonical.draft import Draft, is_standard, remade

Array = npt.NDArray[Any]


def unify_scales(draft: Draft) -> None:
    """Sub, Div and Neg with constants as Mul and Add, bit for bit in float32.

    A division stays Div where the reciprocal is no float (only powers of two have one that rounds nothing).
    """
    for node in list(draft.nodes):
        if is_standard(node, "Neg"):
            draft.replace(node, remade(node, "Mul", [node.input[0], _scalar(draft, node, -1)]))
        elif is_standard(node, "Add", "Sub", "Mul", "Div"):
            _unify(draft, node)


def _unify(draft: Draft, node: onnx.NodeProto) -> None:
    a, b = node.input
    if b in draft.constants:
        _REWRITES[node.op_type](draft, node, a, b)
    elif a in draft.constants and node.op_type in ("Add", "Mul"):
        _REWRITES[node.op_type](draft, node, b, a)
    elif node.op_type == "Sub" and a not in draft.constants and not draft.is_parameter(b):
        turned = draft.fresh(f"{node.output[0]}_negative")
        negative = helper.make_node("Mul", [b, _scalar(draft, node, -1)], [turned], name=turned)
        draft.replace(node, negative, remade(node, "Add", [a, turned]))
    elif a in draft.constants and node.op_type == "Sub":
        shaped = _shaped(draft, node, b, draft.constants[a])
        if shaped is not None:
            turned = draft.fresh(f"{node.output[0]}_negative")
            negative = helper.make_node("Mul", [b, _scalar(draft, node, -1)], [turned], name=turned)
            draft.replace(node, negative, remade(node, "Add", [turned, draft.constant(f"{node.output[0]}_c", shaped)]))


def _rewrite(kind: str, change: Callable[[Array], Array]) -> Callable[[Draft, onnx.NodeProto, str, str], None]:
    """A node `kind` of x and the changed constant."""

    def rewrite(draft: Draft, node: onnx.NodeProto, x: str, c: str) -> None:
        shaped = _shaped(draft, node, x, draft.constants[c])
        if shaped is not None:
            draft.replace(node, remade(node, kind, [x, draft.constant(f"{node.output[0]}_c", change(shaped))]))

    return rewrite


def _divide(draft: Draft, node: onnx.NodeProto, x: str, c: str) -> None:
    is_power = bool((np.abs(np.frexp(draft.constants[c])[0]) == 0.5).all())
    kind, change = ("Mul", _reciprocal) if is_power else ("Div", _same)
    _rewrite(kind, change)(draft, node, x, c)


def _reciprocal(c: Array) -> Array:
    inverse: Array = (1 / c).astype(c.dtype)
    return inverse


def _same(c: Array) -> Array:
    return c


def _negative(c: Array) -> Array:
    negative: Array = -c
    return negative


_REWRITES = {
    "Add": _rewrite("Add", _same),
    "Sub": _rewrite("Add", _negative),
    "Mul": _rewrite("Mul", _same),
    "Div": _divide,
}


def _scalar(draft: Draft, node: onnx.NodeProto, value: float) -> str:
    return draft.constant(f"{node.output[0]}_scalar", np.array(value, np.float32))


def _shaped(draft: Draft, node: onnx.NodeProto, x: str, c: Array) -> Array | None:
    """The constant as () or of all axes; None where it grows the tensor."""
    shape = draft.shape(x)
    if shape is None or shape != draft.shape(node.output[0]) or c.ndim > len(shape) or c.dtype.kind != "f":
        return None
    if c.size and (c == c.flat[0]).all():
        return np.array(c.flat[0], c.dtype)
    return c.reshape((1,) * (len(shape) - c.ndim) + c.shape)
