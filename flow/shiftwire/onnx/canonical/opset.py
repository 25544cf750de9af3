"""One modern opset, one level of functions: what files of other ages and exporters are brought to first."""

from __future__ import annotations

import onnx
from onnx import helper, inliner
from shiftwire_hls.quantizers import CONTRACT_DOMAIN, QONNX_DOMAINS, find_quantizer

OPSET = 20
IR_VERSION = 10
"""Newest that every runtime of the last years reads; opset 20 needs no newer one."""

FILE_KIND = "shiftwire.file_kind"
"""Metadata key of a node that the file has as another operation."""

KEPT_DOMAINS = ("", "ai.onnx", CONTRACT_DOMAIN, QONNX_DOMAINS[0])
"""Functions of other domains, but quantizers, are an exporter's way to name modules, and are inlined."""


def modernised(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model at opset 20 with modules inlined; at its own opset where ONNX's converter knows no way."""
    inlined = _inlined(model)
    version = _version(inlined)
    if version == OPSET:
        return inlined
    functions = list(inlined.functions)
    bare = onnx.ModelProto()
    bare.CopyFrom(inlined)
    del bare.functions[:]
    bare.ir_version = min(max(bare.ir_version, 4), IR_VERSION)
    try:
        converted = onnx.version_converter.convert_version(bare, OPSET)
    except (RuntimeError, onnx.version_converter.ConvertError):
        return inlined
    _keep_kinds(inlined, converted)
    converted.functions.extend(functions)
    converted.ir_version = IR_VERSION
    del converted.metadata_props[:]
    converted.metadata_props.extend(model.metadata_props)
    return converted


def _keep_kinds(before: onnx.ModelProto, after: onnx.ModelProto) -> None:
    """Let nodes that became another operation, as Upsample becomes Resize, say which one the file holds."""
    kinds = {node.output[0]: node.op_type for node in before.graph.node if node.output}
    for node in after.graph.node:
        if kinds.get(node.output[0], node.op_type) != node.op_type:
            node.metadata_props.add(key=FILE_KIND, value=kinds[node.output[0]])


def kind_in_file(node: onnx.NodeProto) -> str:
    """A node's operation, as a user finds it in the file."""
    return next((entry.value for entry in node.metadata_props if entry.key == FILE_KIND), node.op_type)


def _inlined(model: onnx.ModelProto) -> onnx.ModelProto:
    names = [
        (f.domain, f.name)
        for f in model.functions
        if f.domain not in KEPT_DOMAINS and find_quantizer(f.domain, f.name) is None
    ]
    return inliner.inline_selected_functions(model, names) if names else model


def _version(model: onnx.ModelProto) -> int:
    return next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)


def with_opset(model: onnx.ModelProto) -> list[onnx.OperatorSetIdProto]:
    """The model's opsets, the default one among them always."""
    entries = [entry for entry in model.opset_import if entry.domain not in ("", "ai.onnx")]
    return [helper.make_opsetid("", _version(model)), *entries]
