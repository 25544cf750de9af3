"""Everything that depends on constants alone becomes an initialiser; quantized weights stay visible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx.reference import ReferenceEvaluator

import onnx
from onnx import helper, numpy_helper
from shiftwire.onnx.canonical.draft import Draft, attribute, is_standard
from shiftwire.onnx.canonical.parameters import along, scaled_node
from shiftwire.onnx.canonical.shapes import PROBE

MAX_FOLDED = 1 << 24
"""Largest constant that folding makes; a small file must not fill the memory."""

OTHER = PROBE + 4
"""A batch that tells what depends on it."""

OF_SIZES = ("Slice", "Gather", "Concat", "Unsqueeze", "Squeeze", "Identity", "Cast", "Add", "Sub", "Mul", "Div",
            "Floor", "Ceil", "Reshape", "ConstantOfShape", "Equal", "Where", "Max")  # fmt: skip
"""Operations by which files compute sizes of shapes."""

RANDOM = ("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli")


def name_constants(draft: Draft) -> None:
    """Initialisers instead of Constant nodes."""
    for node in list(draft.nodes):
        values = _constant(node) if is_standard(node, "Constant") else None
        if values is not None:
            draft.define({node.output[0]: np.asarray(values[0])})
            draft.replace(node)


def fold_constants(draft: Draft) -> None:
    """Initialisers instead of nodes whose inputs are all constant; quantized parameters stay visible.

    Sizes that were gathered of a shape may tell shapes of tensors behind, of which more are gathered.
    """
    while _folded_once(draft) | _resized_once(draft):
        draft.infer()


def _folded_once(draft: Draft) -> bool:
    """Whether sizes were gathered of a shape."""
    gathered = False
    for node in list(draft.nodes):
        if _become_parameter(draft, node):
            continue
        sizes = _sizes(draft, node)
        gathered |= sizes is not None
        values = sizes or _folded(draft, node)
        if values is not None:
            if _is_rounded(draft, node, values):
                draft.rounded.update(node.output)
            draft.define({name: np.asarray(value) for name, value in zip(node.output, values, strict=True) if name})
            draft.replace(node)
    return gathered


def _become_parameter(draft: Draft, node: onnx.NodeProto) -> bool:
    """Whole numbers of a constant times a scale stay apart: it is a quantized parameter."""
    if not all(name in draft.constants for name in node.input if name) or len(node.input) < 2:
        return False
    if node.op_type == "DequantizeLinear" and not attribute(node, "block_size", 0):
        if all(is_standard(reader, *VALUED) for reader in draft.consumers(node.output[0])):
            return False
        codes, row = (draft.constants[name] for name in node.input[:2])
        codes, axis = codes.astype(np.int64), attribute(node, "axis", 1)
        if len(node.input) > 2 and node.input[2]:
            codes = codes - along(draft.constants[node.input[2]].astype(np.int64), axis, codes.ndim)
        scale = along(row.astype(np.float32), axis, codes.ndim)
    elif is_standard(node, "Mul", "Div") and not _is_computed_on(draft, node.output[0]):
        parts = _codes_and_scale(draft, node)
        if parts is None:
            return False
        codes, scale = parts
    else:
        return False
    draft.replace(node, scaled_node(draft, codes, scale, node.output[0], node.input[0]))
    return True


VALUED = ("Pad", "PRelu", "Clip", "Max", "Min", "Pow")
"""Operations whose constants are no weights, so that their values are all that matters."""


def _is_computed_on(draft: Draft, name: str) -> bool:
    """Whether constants alone are computed of it, so that its own scale is not the parameter's."""
    readers = [node for node in draft.consumers(name) if is_standard(node, *ARITHMETIC)]
    return any(all(other in draft.constants for other in node.input if other != name) for node in readers)


def _codes_and_scale(draft: Draft, node: onnx.NodeProto) -> tuple[npt.NDArray[Any], npt.NDArray[Any]] | None:
    """The rounded factor and the other, which has at most one axis of several numbers; None for another product."""
    order = list(node.input) if node.input[0] in draft.rounded else list(node.input)[::-1]
    codes, scale = (draft.constants[name] for name in order)
    if order[0] not in draft.rounded or (node.op_type == "Div" and order[0] != node.input[0]):
        return None
    spread = sum(size > 1 for size in scale.shape)
    if scale.dtype.kind != "f" or spread > 1 or scale.ndim > codes.ndim or not (scale > 0).all():
        return None
    if np.broadcast_shapes(codes.shape, scale.shape) != codes.shape:
        return None
    return codes, (1 / scale.astype(np.float64) if node.op_type == "Div" else scale).astype(np.float32)


ARITHMETIC = ("Add", "Sub", "Mul", "Div", "Neg", "Pow", "Clip", "Abs", "Sqrt", "Max", "Min")
ROUNDINGS = ("Round", "Floor", "Ceil", "Sign")
KEEPING = ("Clip", "Min", "Max", "Add", "Sub", "Neg", "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast",
           "Identity")  # fmt: skip
"""Operations behind a rounding that may leave whole numbers whole."""


def _is_rounded(draft: Draft, node: onnx.NodeProto, values: tuple[npt.NDArray[Any], ...]) -> bool:
    """Whether the file rounds a constant, and nothing since made it other than whole."""
    if is_standard(node, *ROUNDINGS):
        return True
    if not is_standard(node, *KEEPING) or not any(name in draft.rounded for name in node.input):
        return False
    return all(value.dtype.kind in "iuf" and np.array_equal(value, np.rint(value)) for value in values)


def _constant(node: onnx.NodeProto) -> tuple[npt.NDArray[Any]] | None:
    tensor = attribute(node, "value")
    if tensor is not None:
        return (numpy_helper.to_array(tensor),)
    kinds = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64, "value_ints": np.int64}
    values = [(attribute(node, name), kind) for name, kind in kinds.items() if attribute(node, name) is not None]
    return (np.array(values[0][0], values[0][1]),) if values else None


def _folded(draft: Draft, node: onnx.NodeProto) -> tuple[npt.NDArray[Any], ...] | None:
    names = list(filter(None, node.input))
    if not names or not all(name in draft.constants for name in names):
        return None
    if node.domain not in ("", "ai.onnx") or node.op_type in RANDOM or any(a.HasField("g") for a in node.attribute):
        return None
    if attribute(node, "block_size", 0):
        return None
    sizes = [draft.shape(name) for name in node.output if name]
    if any(shape is None or np.prod(shape, dtype=np.float64) > MAX_FOLDED for shape in sizes):
        return None
    return tuple(np.asarray(value) for value in _evaluated(draft, node, names))


def _sizes(draft: Draft, node: onnx.NodeProto) -> tuple[npt.NDArray[Any]] | None:
    """What is gathered of the shape of a tensor, or of axes of it, unless that is the batch, which may be open."""
    source = draft.producer(node.input[0]) if is_standard(node, "Gather") else None
    if source is None or not is_standard(source, "Shape"):
        return None
    shape, places = draft.shape(source.input[0]), draft.constants.get(node.input[1])
    axes = range(len(shape or ()))[attribute(source, "start", 0) : attribute(source, "end")]
    if not shape or not axes or places is None or not np.array(axes)[places % len(axes)].all():
        return None
    return (np.asarray(np.array(shape, np.int64)[axes][places % len(axes)]),)


def _resized_once(draft: Draft) -> bool:
    """Whether a Resize got scales for sizes, or constants for scales, that the file computes of shapes."""
    resizes = [node for node in draft.nodes if is_standard(node, "Resize") and len(node.input) > 2]
    pairs = sizes_of_shapes(draft) if resizes else {}
    pairs |= {name: (values, values) for name, values in draft.constants.items()}
    wanted = [node for node in resizes if len(node.input) > 3 or node.input[2] not in draft.constants]
    changed = [_resized(draft, node, *pairs[node.input[-1]]) for node in wanted if node.input[-1] in pairs]
    return any(changed)


def _resized(draft: Draft, node: onnx.NodeProto, values: npt.NDArray[Any], others: npt.NDArray[Any]) -> bool:
    """Whether they depend on the batch in front alone, which a Resize keeps."""
    image = draft.shape(node.input[0])
    if image is None or values.shape != (len(image),) or attribute(node, "axes") is not None:
        return False
    if not np.array_equal(values[1:], others[1:]):
        return False
    scales = values if len(node.input) == 3 else np.array([1.0, *(values[1:] / np.array(image)[1:])])
    name = draft.constant(f"{node.output[0]}_scales", scales.astype(np.float32))
    inputs = [node.input[0], node.input[1], name]
    del node.input[:]
    node.input.extend(inputs)
    return True


def sizes_of_shapes(draft: Draft) -> dict[str, tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """What is computed of shapes and constants alone, at the batch that inference assumes and at another."""
    pairs: dict[str, tuple[npt.NDArray[Any], npt.NDArray[Any]]] = {}
    for node in draft.nodes:
        shape = draft.shape(node.input[0]) if is_standard(node, "Shape") else None
        if shape:
            part = slice(attribute(node, "start", 0), attribute(node, "end"))
            batches = (shape[0], OTHER if shape[0] == PROBE else shape[0])
            pairs[node.output[0]] = _pair(np.array((batch, *shape[1:]), np.int64)[part] for batch in batches)
        elif is_standard(node, *OF_SIZES) and {*node.input} & pairs.keys() and draft.shape(node.output[0]) is not None:
            names = list(filter(None, node.input))
            if all(name in pairs or name in draft.constants for name in names):
                each = ({name: pairs[name][at] for name in names if name in pairs} for at in (0, 1))
                pairs[node.output[0]] = _pair(np.asarray(_evaluated(draft, node, names, own)[0]) for own in each)
    return pairs


def _pair(values: Iterable[npt.NDArray[Any]]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    first, second = values
    return first, second


def _evaluated(
    draft: Draft, node: onnx.NodeProto, names: list[str], own: Mapping[str, npt.NDArray[Any]] = MappingProxyType({})
) -> list[Any]:
    inputs = [helper.make_value_info(name, onnx.TypeProto()) for name in dict.fromkeys(names)]
    outputs = [helper.make_value_info(name, onnx.TypeProto()) for name in node.output if name]
    graph = helper.make_graph([node], "one", inputs, outputs)
    opsets = [entry for entry in draft.model.opset_import if entry.domain in ("", "ai.onnx")]
    evaluator = ReferenceEvaluator(helper.make_model(graph, opset_imports=opsets))
    return list(evaluator.run(None, {name: own[name] if name in own else draft.constants[name] for name in names}))
