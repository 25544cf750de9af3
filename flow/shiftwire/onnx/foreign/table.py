"""The operations of integers by name, and the walk that rewrites them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import onnx
from onnx import helper
from shiftwire.errors import InputError, noted
from shiftwire.onnx.canonical.constants import fold_constants
from shiftwire.onnx.canonical.draft import (
    INTEGER_INPUT_KEY,
    Draft,
    attribute,
    input_key,
    is_standard,
    place_of,
)
from shiftwire.onnx.foreign.codes import bounded, cast, concat, dequantize, move, pad, quantize
from shiftwire.onnx.foreign.copies import is_copy, unify_copies
from shiftwire.onnx.foreign.fused import MICROSOFT
from shiftwire.onnx.foreign.integer_layers import (
    arithmetic,
    average_of_codes,
    computed,
    concat_of_codes,
    gemm_of_codes,
    integer_layer,
    linear_layer,
    refuse_dynamic,
    softmax_of_codes,
)
from shiftwire.onnx.foreign.integers import FLOAT, RANGES, Integers, Unifier
from shiftwire.onnx.foreign.parts import unify_parts

LARGE = (onnx.TensorProto.INT32, onnx.TensorProto.INT64)
"""Types of indices and sums, which no data have."""

MOVES = ("MaxPool", "ReduceMax", "Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Identity", "Resize",
         "Upsample", "Slice", "Gather", "Split", "DepthToSpace", "SpaceToDepth", "Dropout")  # fmt: skip
"""Operations that make no new codes: those of the output are some of the input's, whatever they stand for."""


def unify_integers(draft: Draft) -> None:
    """Every node in turn; what is left is the importer's to name."""
    unifier = Unifier(draft)
    for value in draft.inputs:
        _enter(unifier, value)
    for node in list(draft.nodes):
        rewrite = _REWRITES.get((node.domain if node.domain != "ai.onnx" else "", node.op_type))
        with noted(place_of(node)):
            if rewrite is not None:
                rewrite(unifier, node)
                if node.domain == MICROSOFT:
                    draft.infer()  # ONNX's own inference ends at operations of others
            elif is_standard(node, *MOVES) and node.input[0] in unifier.known:
                if attribute(node, "mode") == "linear" and not is_copy(draft, node):
                    raise InputError("it interpolates integers; put it behind DequantizeLinear, where it is exact")
                move(unifier, node)
    if any(entry.domain == MICROSOFT for entry in draft.model.opset_import):
        draft.infer()
        fold_constants(draft)  # sizes behind operations of others are known only now
        unify_parts(draft)
        unify_copies(draft)
    for name in draft.outputs & unifier.known.keys():
        _leave(unifier, name)


def _enter(unifier: Unifier, value: onnx.ValueInfoProto) -> None:
    """An integer input of the graph is whole numbers in a known range."""
    kind = value.type.tensor_type.elem_type
    if kind not in RANGES or kind in LARGE:
        return
    low, high = RANGES[kind]
    value.type.tensor_type.elem_type = FLOAT
    unifier.known[value.name] = Integers(value.name)
    key = input_key(INTEGER_INPUT_KEY, value.name, len(unifier.draft.inputs))
    unifier.draft.notes[key] = f"{'s' if low < 0 else 'u'}{(high - low).bit_length()}.0"


def _leave(unifier: Unifier, name: str) -> None:
    """An integer output of the graph is its codes plus the zero point, as floats."""
    draft, codes = unifier.draft, unifier.known[name]
    producer = draft.producer(name)
    if codes.zero_point and producer is not None and codes.name == name:
        inner = draft.rename_output(producer, name, f"{name}_codes")
        draft.nodes.append(helper.make_node("Add", [inner, unifier.scalar(name, codes.zero_point)], [name], name=name))


_REWRITES: Mapping[tuple[str, str], Callable[[Unifier, onnx.NodeProto], None]] = {
    **{(domain, "QuantizeLinear"): quantize for domain in ("", MICROSOFT)},
    **{(domain, "DequantizeLinear"): dequantize for domain in ("", MICROSOFT)},
    ("", "Concat"): concat,
    ("", "Cast"): cast,
    **{("", kind): bounded for kind in ("Relu", "Clip", "Min", "Max")},
    ("", "Pad"): pad,
    **{("", kind): arithmetic for kind in ("Add", "Sub", "Mul")},
    ("", "ConvInteger"): integer_layer,
    ("", "MatMulInteger"): integer_layer,
    ("", "QLinearConv"): linear_layer,
    ("", "QLinearMatMul"): linear_layer,
    ("", "DynamicQuantizeLinear"): refuse_dynamic,
    (MICROSOFT, "QGemm"): gemm_of_codes,
    (MICROSOFT, "QLinearAdd"): computed("Add", (0, 3), 6),
    (MICROSOFT, "QLinearMul"): computed("Mul", (0, 3), 6),
    (MICROSOFT, "QLinearSigmoid"): computed("Sigmoid", (0,), 3),
    (MICROSOFT, "QLinearLeakyRelu"): computed("LeakyRelu", (0,), 3),
    (MICROSOFT, "QLinearGlobalAveragePool"): computed("GlobalAveragePool", (0,), 3),
    (MICROSOFT, "QLinearSoftmax"): softmax_of_codes,
    (MICROSOFT, "QLinearAveragePool"): average_of_codes,
    (MICROSOFT, "QLinearConcat"): concat_of_codes,
}
