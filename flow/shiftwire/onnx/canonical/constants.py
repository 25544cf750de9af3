"""Everything that depends on constants alone becomes an initialiser; quantized weights stay visible."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx.reference import ReferenceEvaluator

import onnx
from onnx import helper, numpy_helper
from shiftwire.onnx.canonical.draft import Draft, attribute, is_standard

MAX_FOLDED = 1 << 24
"""Largest constant that folding makes; a small file must not fill the memory."""

RANDOM = ("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli")


def fold_constants(draft: Draft) -> None:
    """Initialisers instead of Constant nodes and of nodes whose inputs are all constant."""
    for node in list(draft.nodes):
        if is_standard(node, "Constant"):
            values: tuple[npt.NDArray[Any], ...] | None = _constant(node)
        else:
            values = _folded(draft, node)
        if values is not None:
            draft.define({name: np.asarray(value) for name, value in zip(node.output, values, strict=True) if name})
            draft.replace(node)


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
    sizes = [draft.shape(name) for name in node.output if name]
    if any(shape is None or np.prod(shape, dtype=np.float64) > MAX_FOLDED for shape in sizes):
        return None
    return tuple(np.asarray(value) for value in _evaluated(draft, node, names))


def _evaluated(draft: Draft, node: onnx.NodeProto, names: list[str]) -> list[Any]:
    inputs = [helper.make_value_info(name, onnx.TypeProto()) for name in dict.fromkeys(names)]
    outputs = [helper.make_value_info(name, onnx.TypeProto()) for name in node.output if name]
    graph = helper.make_graph([node], "one", inputs, outputs)
    opsets = [entry for entry in draft.model.opset_import if entry.domain in ("", "ai.onnx")]
    evaluator = ReferenceEvaluator(helper.make_model(graph, opset_imports=opsets))
    return list(evaluator.run(None, {name: draft.constants[name] for name in names}))
