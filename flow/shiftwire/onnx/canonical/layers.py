"""MatMul and Gemm of every form become Gemm(x, w (out, in), b (out,)); constant Adds become biases."""

from __future__ import annotations

import numpy as np

import onnx
from onnx import helper
from shiftwire.onnx.canonical.draft import Draft, attribute, is_standard, remade
from shiftwire.onnx.canonical.parameters import flattened, transposed


def unify_gemms(draft: Draft) -> None:
    """transB = 1 and nothing else; alpha and beta go into constants, or into a Mul where the weight is quantized."""
    for node in list(draft.nodes):
        if is_standard(node, "MatMul"):
            _from_matmul(draft, node)
        elif is_standard(node, "Gemm") and not attribute(node, "transA", 0) and draft.is_parameter(node.input[1]):
            _from_gemm(draft, node)


def _from_matmul(draft: Draft, node: onnx.NodeProto) -> None:
    x, w = node.input
    if draft.is_parameter(w) and len(draft.shape(x) or ()) == 2 and len(draft.shape(w) or ()) == 2:
        turned = transposed(draft, w, (1, 0))
        if turned is not None:
            draft.replace(node, remade(node, "Gemm", [x, turned], transB=1))


def _from_gemm(draft: Draft, node: onnx.NodeProto) -> None:
    x, weight, *rest = node.input
    alpha, is_turned = attribute(node, "alpha", 1.0), bool(attribute(node, "transB", 0))
    shape, parts = draft.shape(node.output[0]), [x, weight, *filter(None, rest)]
    if shape is None or len(draft.shape(weight) or ()) != 2:
        return
    bias = _scaled_bias(draft, node, parts[2], shape[1]) if len(parts) > 2 else ""
    if bias is None:
        return
    turned = weight if is_turned else transposed(draft, weight, (1, 0))
    if turned is None:
        return
    if alpha != 1:
        turned = _scaled(draft, node, turned, np.float32(alpha))
    draft.replace(node, remade(node, "Gemm", [name for name in (x, turned, bias) if name], transB=1))


def _scaled(draft: Draft, node: onnx.NodeProto, weight: str, factor: np.float32) -> str:
    """A weight times a number: another constant, or a factor behind its quantizer."""
    if weight in draft.constants:
        return draft.constant(f"{weight}_scaled", draft.constants[weight] * factor, weight)
    output = draft.fresh(f"{weight}_scaled")
    names = [weight, draft.constant(f"{output}_factor", np.array(factor))]
    draft.nodes.insert(draft.nodes.index(node), helper.make_node("Mul", names, [output], name=output))
    return output


def _scaled_bias(draft: Draft, node: onnx.NodeProto, bias: str, outputs: int) -> str | None:
    """A bias (out,) times beta; None where it is computed, or quantized and scaled."""
    beta = attribute(node, "beta", 1.0)
    if bias not in draft.constants:
        return flattened(draft, bias, outputs) if beta == 1 and draft.is_parameter(bias) else None
    value = draft.constants[bias] * np.float32(beta)
    if value.size not in (1, outputs):
        return None
    return draft.constant(f"{node.output[0]}_bias", np.broadcast_to(value.ravel(), (outputs,)).astype(np.float32))


def merge_biases(draft: Draft) -> None:
    """An Add of one parameter a channel behind a Gemm or Conv without bias becomes its third input."""
    for node in list(draft.nodes):
        if not is_standard(node, "Add"):
            continue
        x, c = sorted(node.input, key=draft.is_parameter)
        layer, shape = draft.producer(x), draft.shape(node.output[0])
        if layer is None or shape is None or not is_standard(layer, "Gemm", "Conv") or not draft.is_parameter(c):
            continue
        if draft.shape(x) != shape:
            continue  # one output that the Add makes many
        is_gemm_form = layer.op_type == "Conv" or attribute(layer, "transB", 0) == 1
        if len([name for name in layer.input if name]) != 2 or not draft.is_read_once(x) or not is_gemm_form:
            continue
        bias = _channels(draft, c, shape)
        if bias is not None:
            kept = {entry.name: helper.get_attribute_value(entry) for entry in layer.attribute}
            draft.replace(node, remade(node, layer.op_type, [*layer.input[:2], bias], **kept))
            draft.replace(layer)


def _channels(draft: Draft, name: str, shape: tuple[int, ...]) -> str | None:
    """A parameter () or (1, C, 1, ...) as (C,), for a tensor of `shape`."""
    own = draft.shape(name)
    if own is None or len(own) > len(shape):
        return None
    full = (1,) * (len(shape) - len(own)) + own
    if any(size > 1 for axis, size in enumerate(full) if axis != 1) or full[1] not in (1, shape[1]):
        return None
    if name in draft.constants:
        spread = np.broadcast_to(draft.constants[name].ravel(), (shape[1],))
        return draft.constant(f"{name}_bias", np.array(spread, np.float32))
    return flattened(draft, name, shape[1]) if full[1] == shape[1] else None
