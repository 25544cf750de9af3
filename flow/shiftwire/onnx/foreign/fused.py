"""Operations of other domains that are ONNX's own under another name, layout or with something fused into them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import onnx
from onnx import helper
from shiftwire.errors import InputError, noted
from shiftwire.onnx.canonical.draft import Draft, attribute, place_of

MICROSOFT = "com.microsoft"
CHANNELS_LAST = "qonnx.custom_op.channels_last"

_ACTIVATIONS: Mapping[str, tuple[str, ...]] = {
    "Relu": (),
    "Sigmoid": (),
    "Tanh": (),
    "LeakyRelu": ("alpha",),
    "HardSigmoid": ("alpha", "beta"),
}
"""What onnxruntime fuses behind a layer, and the attributes that its list of numbers stands for."""


def unify_foreign(draft: Draft) -> None:
    """onnxruntime's fused layers taken apart, qonnx's channels-last ones between two transpositions."""
    for node in list(draft.nodes):
        rewrite = _REWRITES.get((node.domain, node.op_type))
        if rewrite is not None:
            with noted(place_of(node)):
                rewrite(draft, node)


def _fused_conv(draft: Draft, node: onnx.NodeProto) -> None:
    """Inputs X, W, B and a branch Z that is added; then the activation."""
    inputs = list(node.input)
    layer = _plain(draft, node, "Conv", inputs[:3], ("activation", "activation_params"))
    parts = [layer]
    if len(inputs) > 3 and inputs[3]:
        total = draft.fresh(f"{node.output[0]}_sum")
        parts.append(helper.make_node("Add", [layer.output[0], inputs[3]], [total], name=total))
    _activated(draft, node, parts, list(attribute(node, "activation_params", [])))


def _fused_gemm(draft: Draft, node: onnx.NodeProto) -> None:
    dropped = [entry.name for entry in node.attribute if entry.name.startswith("activation")]
    layer = _plain(draft, node, "Gemm", list(node.input), dropped)
    numbers = [attribute(node, f"activation_{name}", None) for name in ("alpha", "beta")]
    _activated(draft, node, [layer], [number for number in numbers if number is not None])


def _fused_matmul(draft: Draft, node: onnx.NodeProto) -> None:
    """Two axes at most may be turned, and a factor stands behind."""
    if attribute(node, "transBatchA", 0) or attribute(node, "transBatchB", 0) or attribute(node, "transA", 0):
        raise InputError("it turns its first input or a batch of matrices; export the model without that fusion")
    weight = node.input[1]
    parts = []
    if attribute(node, "transB", 0):
        weight = draft.fresh(f"{node.output[0]}_weight")
        parts.append(helper.make_node("Transpose", [node.input[1]], [weight], name=weight, perm=[1, 0]))
    sums = draft.fresh(f"{node.output[0]}_sums")
    parts.append(helper.make_node("MatMul", [node.input[0], weight], [sums], name=sums))
    alpha = draft.constant(f"{sums}_alpha", np.array(attribute(node, "alpha", 1.0), np.float32))
    draft.replace(node, *parts, helper.make_node("Mul", [sums, alpha], [node.output[0]], name=node.output[0]))


def _plain(
    draft: Draft, node: onnx.NodeProto, kind: str, inputs: Sequence[str], dropped: Sequence[str]
) -> onnx.NodeProto:
    inner = draft.fresh(f"{node.output[0]}_layer")
    layer = helper.make_node(kind, list(inputs), [inner], name=inner)
    layer.attribute.extend(entry for entry in node.attribute if entry.name not in dropped)
    return layer


def _activated(draft: Draft, node: onnx.NodeProto, parts: list[onnx.NodeProto], numbers: list[float]) -> None:
    """The parts, and the activation behind the last of them, which makes what the node made."""
    kind = attribute(node, "activation", "")
    if not kind:
        parts[-1].output[0] = node.output[0]
        draft.replace(node, *parts)
        return
    last = parts[-1].output[0]
    if kind == "Clip":
        bounds = [
            draft.constant(f"{node.output[0]}_{end}", np.array(number, np.float32))
            for end, number in zip(("min", "max"), numbers, strict=False)
        ]
        behind = helper.make_node("Clip", [last, *bounds], [node.output[0]], name=node.output[0])
    elif kind in _ACTIVATIONS:
        settings: dict[str, Any] = dict(zip(_ACTIVATIONS[kind], numbers, strict=False))
        behind = helper.make_node(kind, [last], [node.output[0]], name=node.output[0], **settings)
    else:
        raise InputError(f"its fused activation {kind} is not handled; save the model without that fusion")
    draft.replace(node, *parts, behind)


def _channels_last(draft: Draft, node: onnx.NodeProto) -> None:
    """(N, H, W, C) in and out; weights (out, kernel..., in)."""
    rank = len(attribute(node, "kernel_shape", [0, 0])) + 2
    shape = draft.shape(node.input[0])
    rank = len(shape) if shape is not None and node.op_type == "BatchNormalization" else rank
    first, last = (0, rank - 1, *range(1, rank - 1)), (0, *range(2, rank), 1)
    x, y = draft.fresh(f"{node.output[0]}_first"), draft.fresh(f"{node.output[0]}_made")
    parts = [helper.make_node("Transpose", [node.input[0]], [x], name=x, perm=first)]
    inputs = [x, *node.input[1:]]
    if node.op_type == "Conv":
        inputs[1] = draft.fresh(f"{node.output[0]}_weight")
        parts.append(helper.make_node("Transpose", [node.input[1]], [inputs[1]], name=inputs[1], perm=first))
    layer = helper.make_node(node.op_type, inputs, [y], name=y)
    layer.attribute.extend(node.attribute)
    draft.replace(
        node, *parts, layer, helper.make_node("Transpose", [y], [node.output[0]], name=f"{y}_last", perm=last)
    )


_REWRITES: Mapping[tuple[str, str], Callable[[Draft, onnx.NodeProto], None]] = {
    (MICROSOFT, "FusedConv"): _fused_conv,
    (MICROSOFT, "FusedGemm"): _fused_gemm,
    (MICROSOFT, "FusedMatMul"): _fused_matmul,
    **{(CHANNELS_LAST, kind): _channels_last for kind in ("Conv", "MaxPool", "AveragePool", "BatchNormalization")},
}
