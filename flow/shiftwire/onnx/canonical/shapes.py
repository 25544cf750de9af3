"""Static shapes of a graph, custom quantizers and a batch of any name notwithstanding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from onnx import helper, numpy_helper
from shiftwire.errors import InputError
from shiftwire_hls.quantizers import CONTRACT_DOMAIN, find_quantizer

PROBE = 7
"""The batch at which shapes are inferred where the file leaves it open; no file's meaning depends on it."""

SMALL = 64
"""Constants of more elements are never shapes or axes, so inference need not see their values."""


@dataclass(frozen=True, slots=True)
class Value:
    """Static shape and ONNX element type."""

    shape: tuple[int, ...]
    type: int


def inferred(
    model: onnx.ModelProto,
    graph_inputs: Sequence[onnx.ValueInfoProto],
    nodes: Sequence[onnx.NodeProto],
    constants: Mapping[str, npt.NDArray[Any]],
) -> dict[str, Value]:
    """Shape and type of every tensor that ONNX's own inference reaches."""
    shadow = onnx.ModelProto()
    shadow.CopyFrom(_shell(model))
    inputs = [_at_probe(value) for value in graph_inputs] + [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
        for name, array in constants.items()
        if array.size > SMALL
    ]
    small = [numpy_helper.from_array(array, name) for name, array in constants.items() if array.size <= SMALL]
    outputs = [onnx.ValueInfoProto(name=value.name) for value in model.graph.output]
    shadow.graph.CopyFrom(
        helper.make_graph([part for node in nodes for part in _shape_only(node)], "shadow", inputs, outputs, small)
    )
    try:
        graph = onnx.shape_inference.infer_shapes(shadow, data_prop=True).graph
    except (onnx.shape_inference.InferenceError, RuntimeError):
        return {}
    return {
        value.name: Value(*static)
        for value in (*graph.input, *graph.value_info, *graph.output)
        if (static := _static(value))
    }


def _shell(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without its graph."""
    return onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import, functions=model.functions)


def _at_probe(value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    probed = onnx.ValueInfoProto()
    probed.CopyFrom(value)
    dims = probed.type.tensor_type.shape.dim
    if dims and not dims[0].dim_value:
        dims[0].dim_value = PROBE
    return probed


def _shape_only(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """A quantizer as what it is for shapes: floats like what it reads, which may be whole numbers; a Spread as well."""
    if find_quantizer(node.domain, node.op_type) is not None:
        cast = helper.make_node("Cast", [node.input[0]], [node.output[0]], name=node.name, to=onnx.TensorProto.FLOAT)
        return [cast]
    if (node.domain, node.op_type) != (CONTRACT_DOMAIN, "Spread"):
        return [node]
    sizes = {entry.name: int(entry.i) for entry in node.attribute}
    parts = [f"{node.output[0]}_part{at}" for at in range(sizes.get("block", 1))]
    return [
        helper.make_node("Split", [node.input[0]], parts, axis=1, num_outputs=len(parts)),
        helper.make_node("Concat", parts, [node.output[0]], axis=sizes.get("axis", 2)),
    ]


def _static(value: onnx.ValueInfoProto) -> tuple[tuple[int, ...], int] | None:
    tensor = value.type.tensor_type
    if not tensor.HasField("shape") or not all(dim.HasField("dim_value") for dim in tensor.shape.dim):
        return None
    return tuple(int(dim.dim_value) for dim in tensor.shape.dim), int(tensor.elem_type)


def axes_from_first(named: Iterable[int], rank: int) -> list[int]:
    """Axes as 0..rank - 1; raises InputError for one outside -rank..rank - 1 and for one that is named twice."""
    axes = [int(axis) for axis in named]
    places = [axis + rank if axis < 0 else axis for axis in axes]
    if len(set(places)) < len(places) or not set(places) <= set(range(rank)):
        raise InputError(
            f"axes of {axes} are not different axes of a tensor that has {rank}; name each once, from {-rank} to "
            f"{rank - 1}"
        )
    return places


def spatial_axes(rank: int) -> tuple[int, ...]:
    """Axes behind batch and channels."""
    return tuple(range(2, rank))


def is_flat(shape: tuple[int, ...], flat: tuple[int, ...]) -> bool:
    """Whether `flat` is `shape` (N, ...) as (N, all the rest)."""
    return len(flat) == 2 and flat == (shape[0], int(np.prod(shape[1:], dtype=np.int64)))
