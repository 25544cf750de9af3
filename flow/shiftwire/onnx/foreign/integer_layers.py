"""Layers of integers: sums of codes, and what onnxruntime computes of codes by their values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import onnx
from onnx import helper
from shiftwire.errors import InputError
from shiftwire.onnx.canonical.draft import attribute
from shiftwire.onnx.canonical.parameters import along
from shiftwire.onnx.canonical.windows import WHOLE_WINDOWS
from shiftwire.onnx.foreign.codes import emit_codes, ends_of
from shiftwire.onnx.foreign.integers import Array, Integers, Unifier


def arithmetic(unifier: Unifier, node: onnx.NodeProto) -> None:
    """Add, Sub and Mul of whole numbers, such as an int32 bias."""
    if not any(name in unifier.known for name in node.input):
        return
    names = []
    for name in node.input:
        constant = unifier.constant(name)
        if constant is not None:
            inner_node, scaled = unifier.scaled(node.output[0], constant, np.ones(()), name)
            unifier.insert(node, scaled)
            names.append(inner_node)
        else:
            names.append(unifier.shifted(node, name, 0) or name)
    unifier.draft.replace(node, helper.make_node(node.op_type, names, [node.output[0]], name=node.name))
    unifier.known[node.output[0]] = Integers(node.output[0])


def _weights(unifier: Unifier, node: onnx.NodeProto, at: int, zero_at: int, axis: int) -> str:
    """Constant weights less their zero points, as a quantized parameter of scale 1."""
    codes = unifier.wanted(node, at, "weight").astype(np.int64)
    zero = unifier.constant(node.input[zero_at]) if zero_at < len(node.input) and node.input[zero_at] else None
    if zero is not None:
        codes = codes - along(zero.astype(np.int64), axis, codes.ndim)
    name, inner_node = unifier.scaled(node.output[0], codes, np.ones(()), node.input[at])
    unifier.insert(node, inner_node)
    return name


def _sums(unifier: Unifier, node: onnx.NodeProto, inputs: tuple[int, int, int, int], bias: int | None,
          output: str) -> onnx.NodeProto | None:  # fmt: skip
    """Conv or MatMul of codes less their zero points; None where the first input is no tensor of codes.

    `inputs` are the places of x, its zero point, the weight and its zero point.
    """
    x, x_zero, w, w_zero = inputs
    kind = "Conv" if "Conv" in node.op_type else "MatMul"
    source = unifier.shifted(node, node.input[x], unifier.zero_point(node, x_zero))
    if source is None or unifier.constant(node.input[w]) is None:
        return None
    names = [source, _weights(unifier, node, w, w_zero, 0 if kind == "Conv" else -1)]
    if bias is not None and bias < len(node.input) and node.input[bias]:
        name, inner_node = unifier.scaled(
            node.output[0], unifier.wanted(node, bias, "bias"), np.ones(()), node.input[bias]
        )
        unifier.insert(node, inner_node)
        names.append(name)
    inner_node = helper.make_node(kind, names, [output], name=node.name or output)
    if kind == "Conv":
        inner_node.attribute.extend(node.attribute)
    return inner_node


def integer_layer(unifier: Unifier, node: onnx.NodeProto) -> None:
    """ConvInteger and MatMulInteger."""
    inner_node = _sums(unifier, node, (0, 2, 1, 3), None, node.output[0])
    if inner_node is not None:
        unifier.draft.replace(node, inner_node)
        unifier.known[node.output[0]] = Integers(node.output[0])


def linear_layer(unifier: Unifier, node: onnx.NodeProto) -> None:
    """QLinearConv and QLinearMatMul: sums times one float32 number a channel, rounded."""
    sums = unifier.draft.fresh(f"{node.output[0]}_sums")
    inner_node = _sums(unifier, node, (0, 2, 3, 5), 8, sums)
    if inner_node is None:
        return
    factor = unifier.scale(node, 1) * unifier.wanted(node, 4, "scale").astype(np.float32).ravel()
    is_conv = inner_node.op_type == "Conv"
    rank = unifier.wanted(node, 3, "weight").ndim if is_conv else 2
    row = along(factor / unifier.scale(node, 6), 1 if is_conv else rank - 1, rank)
    _rescaled(unifier, node, inner_node, row, 7)


def _rescaled(unifier: Unifier, node: onnx.NodeProto, sums: onnx.NodeProto, factor: Array, zero_at: int) -> None:
    """Codes of sums times a factor, already divided by the output's scale."""
    scaled = unifier.draft.fresh(f"{node.output[0]}_rescaled")
    by = unifier.draft.constant(f"{scaled}_by", factor.astype(np.float32))
    unifier.insert(node, sums, helper.make_node("Mul", [sums.output[0], by], [scaled], name=scaled))
    emit_codes(unifier, node, scaled, np.ones((), np.float32), ends_of(unifier, node, zero_at))


def gemm_of_codes(unifier: Unifier, node: onnx.NodeProto) -> None:
    """onnxruntime's QGemm: A, scale, zero, B, scale, zero, C, scale and zero of the output, or floats without them."""
    source = unifier.shifted(node, node.input[0], unifier.zero_point(node, 2))
    if source is None or unifier.constant(node.input[3]) is None or attribute(node, "transA", 0):
        return
    is_turned = bool(attribute(node, "transB", 0))
    weights = _weights(unifier, node, 3, 5, 0 if is_turned else -1)
    names = [source, weights]
    if len(node.input) > 6 and node.input[6]:
        bias, inner_node = unifier.scaled(node.output[0], unifier.wanted(node, 6, "bias"), np.ones(()), node.input[6])
        unifier.insert(node, inner_node)
        names.append(bias)
    alpha = np.float32(attribute(node, "alpha", 1.0))
    row = alpha * unifier.scale(node, 1) * unifier.wanted(node, 4, "scale").astype(np.float32).ravel()
    sums = unifier.draft.fresh(f"{node.output[0]}_sums")
    gemm = helper.make_node("Gemm", names, [sums], name=node.name or sums, transB=int(is_turned))
    if len(node.input) > 7 and node.input[7]:
        _rescaled(unifier, node, gemm, along(row / unifier.scale(node, 7), 1, 2), 8)
        return
    by = unifier.draft.constant(f"{sums}_by", along(row, 1, 2))
    unifier.draft.replace(node, gemm, helper.make_node("Mul", [sums, by], [node.output[0]], name=node.output[0]))


def _values(unifier: Unifier, node: onnx.NodeProto, at: int) -> str | None:
    """The float values of an input, its scale and its zero point, which stand side by side from `at` on."""
    codes = unifier.constant(node.input[at])
    if codes is not None:
        values = (codes.astype(np.float32) - unifier.zero_point(node, at + 2)) * unifier.scale(node, at + 1)
        return unifier.draft.constant(f"{node.output[0]}_{node.input[at]}_values", values.astype(np.float32))
    source = unifier.shifted(node, node.input[at], unifier.zero_point(node, at + 2))
    if source is None:
        return None
    name = unifier.draft.fresh(f"{node.output[0]}_{node.input[at]}_values")
    by = unifier.draft.constant(f"{name}_scale", np.array(unifier.scale(node, at + 1)))
    unifier.insert(node, helper.make_node("Mul", [source, by], [name], name=name))
    return name


def computed(kind: str, inputs: tuple[int, ...], output: int) -> Callable[[Unifier, onnx.NodeProto], None]:
    """onnxruntime's operations of codes: the float operation of the values, quantized again."""

    def rewrite(unifier: Unifier, node: onnx.NodeProto) -> None:
        if all(unifier.constant(node.input[at]) is not None for at in inputs):
            return
        names = [_values(unifier, node, at) for at in inputs]
        if None in names:
            return
        _requantized(unifier, node, kind, [str(name) for name in names], output)

    return rewrite


def _requantized(unifier: Unifier, node: onnx.NodeProto, kind: str, names: list[str], output: int) -> None:
    inner = unifier.draft.fresh(f"{node.output[0]}_floats")
    inner_node = helper.make_node(kind, names, [inner], name=inner)
    inner_node.attribute.extend(entry for entry in node.attribute if entry.name != "channels_last")
    nodes = [inner_node]
    if attribute(node, "channels_last", 0):
        rank = len(unifier.draft.shape(node.input[0]) or [0, 0, *attribute(node, "kernel_shape", [0, 0])])
        nodes, inner = _turned(unifier, inner_node, rank)
    unifier.insert(node, *nodes)
    scale = np.array(unifier.scale(node, output))
    emit_codes(unifier, node, inner, scale, ends_of(unifier, node, output + 1))


def _turned(unifier: Unifier, inner_node: onnx.NodeProto, rank: int) -> tuple[list[onnx.NodeProto], str]:
    """A float operation of channels-last tensors between two Transposes, and the name of what it makes."""
    first, last = (0, rank - 1, *range(1, rank - 1)), (0, *range(2, rank), 1)
    x, y = inner_node.input[0], inner_node.output[0]
    inner_node.input[0], turned = unifier.draft.fresh(f"{y}_first"), unifier.draft.fresh(f"{y}_last")
    before = helper.make_node("Transpose", [x], [inner_node.input[0]], name=inner_node.input[0], perm=first)
    behind = helper.make_node("Transpose", [y], [turned], name=turned, perm=last)
    return [before, inner_node, behind], turned


ALONG_ONE_AXIS = 13
"""Since this opset a Softmax is one along its axis alone; before, along all from it on."""


def softmax_of_codes(unifier: Unifier, node: onnx.NodeProto) -> None:
    """onnxruntime's QLinearSoftmax, which has the opset of the operation that it was made of as an attribute."""
    rank = len(unifier.draft.shape(node.input[0]) or ())
    first = attribute(node, "opset", 0) < ALONG_ONE_AXIS
    if not rank or (first and attribute(node, "axis", 1) % rank != rank - 1):
        return
    kept = [entry for entry in node.attribute if entry.name == "axis"]
    del node.attribute[:]
    node.attribute.extend(kept or [helper.make_attribute("axis", 1 if first else -1)])
    computed("Softmax", (0,), 3)(unifier, node)


def average_of_codes(unifier: Unifier, node: onnx.NodeProto) -> None:
    """onnxruntime's QLinearAveragePool: where pads count, so does what a last window has beyond them."""
    for entry in node.attribute:
        if entry.name == "count_include_pad" and entry.i and attribute(node, "ceil_mode", 0):
            entry.i = WHOLE_WINDOWS
    computed("AveragePool", (0,), 3)(unifier, node)


def concat_of_codes(unifier: Unifier, node: onnx.NodeProto) -> None:
    """onnxruntime's QLinearConcat: scale and zero point of the output, then three inputs a branch."""
    names = [_values(unifier, node, at) for at in range(2, len(node.input), 3)]
    if None not in names:
        _requantized(unifier, node, "Concat", [str(name) for name in names], 0)


def refuse_dynamic(unifier: Unifier, node: onnx.NodeProto) -> None:
    """DynamicQuantizeLinear."""
    raise InputError(
        "it takes scales from the data while the network runs, which no fixed logic does; quantize the model "
        "statically, with calibration data"
    )
