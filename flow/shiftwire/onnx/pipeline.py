"""ONNX files of many exporters in one small vocabulary, so that what reads them stays small.

Behind `canonical`, whatever the exporter and the opset (9 and later):

* opset 20, no Constant nodes, no initialiser among the inputs, no unread node; the batch on axis 0 is open;
* no Identity, Dropout, idle Cast, Pad, Reshape or Transpose;
* Gemm(x, w, b): transB = 1, w (out, in), b (out,) or absent. Conv(x, w, b): explicit kernel_shape, strides, pads,
  dilations, group, b (out,) or absent. w and b are initialisers, or QONNX quantizers of initialisers. A constant Add
  right behind a layer without bias is its bias; Pad with zeros is part of the Conv or AveragePool behind it;
* Mul and Add by a constant, which is second and has shape () or (1, C, 1, ...); Div where the reciprocal rounds;
* BatchNormalization in its inference form; Relu; Clip with both bounds constant scalars;
* GlobalAveragePool for every mean over the whole image; MaxPool, AveragePool with explicit attributes;
* Flatten(axis=1) for every reshape that is one;
* Conv, then DepthToSpace or Spread, then Slice for ConvTranspose;
* Slice for every Split; Gather, DepthToSpace and SpaceToDepth for reshapes and transposes that do the same, the latter
  two behind what treats all numbers alike;
* what else there was, untouched: the importer names it.
"""

from __future__ import annotations

from collections.abc import Callable

import onnx
from onnx import helper, numpy_helper
from shiftwire.onnx.canonical.constants import fold_constants, name_constants
from shiftwire.onnx.canonical.draft import Draft
from shiftwire.onnx.canonical.flatten import unify_flattens
from shiftwire.onnx.canonical.front import raise_moves, turn_inputs
from shiftwire.onnx.canonical.idle import drop_idle
from shiftwire.onnx.canonical.layers import merge_biases, unify_gemms
from shiftwire.onnx.canonical.layout import cancel_transposes
from shiftwire.onnx.canonical.opset import IR_VERSION, modernised, with_opset
from shiftwire.onnx.canonical.ranges import unify_clips
from shiftwire.onnx.canonical.scales import unify_scales
from shiftwire.onnx.canonical.shapes import Value
from shiftwire.onnx.canonical.unit_axes import drop_unit_axes, order_unit_axes
from shiftwire.onnx.canonical.windows import merge_pads, spread_kernels, unify_means, unify_windows
from shiftwire.onnx.foreign.copies import unify_copies
from shiftwire.onnx.foreign.fused import unify_foreign
from shiftwire.onnx.foreign.lowered import lower_reshapes, lower_shuffles
from shiftwire.onnx.foreign.parts import unify_parts
from shiftwire.onnx.foreign.shuffles import unify_shuffles
from shiftwire.onnx.foreign.table import unify_integers
from shiftwire.onnx.foreign.taken_out import unify_taken_out
from shiftwire.onnx.foreign.training import unify_training
from shiftwire.onnx.foreign.transposed import unify_transposed

REWRITES: tuple[Callable[[Draft], None], ...] = (
    unify_foreign,
    name_constants,
    unify_training,
    unify_taken_out,
    fold_constants,
    unify_parts,
    unify_copies,
    unify_integers,
    drop_idle,
    lower_reshapes,
    unify_transposed,
    unify_shuffles,
    order_unit_axes,
    cancel_transposes,
    turn_inputs,
    drop_unit_axes,
    unify_flattens,
    raise_moves,
    unify_windows,
    spread_kernels,
    merge_pads,
    unify_means,
    unify_clips,
    unify_gemms,
    unify_scales,
    lower_shuffles,
    merge_biases,
    unify_flattens,
    drop_idle,
)
"""Run once each, in this order; shapes are inferred anew in front of each."""

BATCH_DEPENDENT = ("Reshape", "Expand", "Tile", "ConstantOfShape", "If", "Loop", "Scan")
"""Operations that may have the file's own batch size baked into a constant."""


def canonical(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same function in the vocabulary above; the model given is not changed."""
    draft = Draft.of(modernised(model))
    for rewrite in REWRITES:
        draft.infer()
        rewrite(draft)
        draft.sweep()
    draft.restore_names()
    draft.infer()
    return _model(draft)


def _model(draft: Draft) -> onnx.ModelProto:
    inputs = draft.inputs
    batches = {value.type.tensor_type.shape.dim[0].dim_value for value in inputs if value.type.tensor_type.shape.dim}
    is_open = not any(node.op_type in BATCH_DEPENDENT for node in draft.nodes)
    batch: int | str = "N" if is_open or len(batches) != 1 else (batches.pop() or "N")
    infos = {name: _info(name, value, batch) for name, value in draft.values.items() if name not in draft.constants}
    graph = helper.make_graph(
        draft.nodes,
        draft.model.graph.name or "network",
        [infos.get(value.name, value) for value in inputs],
        [infos.get(value.name, value) for value in draft.model.graph.output],
        [numpy_helper.from_array(array, name) for name, array in draft.constants.items()],
        value_info=[
            infos[name] for node in draft.nodes for name in node.output if name in infos and name not in draft.outputs
        ],
    )
    model = helper.make_model(graph, opset_imports=with_opset(draft.model), producer_name=draft.model.producer_name)
    model.ir_version = min(draft.model.ir_version, IR_VERSION)
    used = {(node.domain, node.op_type) for node in draft.nodes}
    model.functions.extend(f for f in draft.model.functions if (f.domain, f.name) in used)
    model.metadata_props.extend(draft.model.metadata_props)
    for key, text in draft.notes.items():
        model.metadata_props.add(key=key, value=text)
    return model


def _info(name: str, value: Value, batch: int | str) -> onnx.ValueInfoProto:
    """Shapes as files have them: the batch on axis 0 open, the rest static."""
    return helper.make_tensor_value_info(name, value.type, [batch, *value.shape[1:]] if value.shape else [])
