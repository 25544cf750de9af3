"""Arithmetic with a constant becomes Mul or Add, the constant second and of shape () or (1, C, 1, ...)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from onnx import helper
from shiftwire.onnx.canonical.draft import Draft, is_standard, remade
from shiftwire_hls.quantizers import CONTRACT_DOMAIN

Array = npt.NDArray[Any]

BIASED = ("Gemm", "MatMul", "Conv")
"""Layers that take the constant behind them for a bias."""


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
    if draft.is_parameter(node.input[0]) != draft.is_parameter(node.input[1]):
        _unquantize(draft, node)
    a, b = node.input
    known = [(name in draft.constants, draft.is_parameter(name)) for name in (a, b)]
    if node.op_type in ("Add", "Mul") and known[0] > known[1]:
        a, b = node.input[:] = [b, a]
    if b in draft.constants:
        _REWRITES[node.op_type](draft, node, a, b)
    elif node.op_type == "Sub" and draft.is_parameter(b) and not draft.is_parameter(a):
        _subtract(draft, node)
    elif node.op_type == "Sub" and a not in draft.constants and not draft.is_parameter(b):
        turned = draft.fresh(f"{node.output[0]}_negative")
        negative = helper.make_node("Mul", [b, _scalar(draft, node, -1)], [turned], name=turned)
        parts = [turned, a] if draft.is_parameter(a) else [a, turned]
        draft.replace(node, negative, remade(node, "Add", parts))
    elif a in draft.constants and node.op_type == "Sub":
        shaped = _shaped(draft, node, b, draft.constants[a])
        if shaped is not None:
            turned = draft.fresh(f"{node.output[0]}_negative")
            negative = helper.make_node("Mul", [b, _scalar(draft, node, -1)], [turned], name=turned)
            draft.replace(node, negative, remade(node, "Add", [turned, draft.constant(f"{node.output[0]}_c", shaped)]))


def _subtract(draft: Draft, node: onnx.NodeProto) -> None:
    """x less a quantized constant c is -(c - x)."""
    inner, less = (draft.fresh(f"{node.output[0]}_{part}") for part in ("negative", "less"))
    minus = _scalar(draft, node, -1)
    negative = helper.make_node("Mul", [node.input[0], minus], [inner], name=inner)
    added = helper.make_node("Add", [inner, node.input[1]], [less], name=less)
    draft.replace(node, negative, added, remade(node, "Mul", [less, minus]))


def _unquantize(draft: Draft, node: onnx.NodeProto) -> None:
    """Codes times a scale are a plain constant where a tensor meets them, unless they may be a layer's bias."""
    makers = [draft.producer(name) for name in node.input]
    if node.op_type == "Add" and any(maker is not None and is_standard(maker, *BIASED) for maker in makers):
        return
    for at, maker in enumerate(makers):
        if maker is not None and (maker.domain, maker.op_type) == (CONTRACT_DOMAIN, "Scaled"):
            codes, scale = (draft.constants[name].astype(np.float32) for name in maker.input)
            node.input[at] = draft.constant(f"{maker.output[0]}_values", codes * scale, maker.output[0])


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
