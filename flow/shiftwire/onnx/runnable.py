"""A file as it is on disk, made runnable: quantizers that bring no meaning of their own get it as functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import onnx
import shiftwire_hls
from onnx import helper
from shiftwire.errors import InputError
from shiftwire.onnx.unsaturated import REMARK as UNSATURATED
from shiftwire.onnx.unsaturated import unsaturated
from shiftwire_hls.quantizers import CONTRACT_DOMAIN, QONNX_DOMAINS, QUANTIZERS, find_quantizer

OLDEST = 12
"""First opset whose constants may be attributes, of which the functions are made."""
NEWEST = 20
"""The functions' own."""
FUNCTIONS_IR = 8
"""First version of the format that knows functions."""
ENCODER = "ai.onnx.ml"
ENCODER_VERSION = 2


@dataclass(frozen=True)
class Runnable:
    """A model that onnxruntime executes; `remark` says what had to be changed besides, None where nothing was."""

    model: onnx.ModelProto
    remark: str | None = None


def runnable(model: onnx.ModelProto) -> Runnable:
    """The model with a function for every quantizer that has none; no other node, constant or name is changed.

    But int8 weights beside uint8 data become uint8, without which onnxruntime's sums may saturate, and the remark says
    so. A model of an opset before OLDEST is first brought to it by ONNX's own converter, and the remark says so.
    Raises InputError where an operation has no meaning here.
    """
    plain = _completed(model)
    exact = onnx.ModelProto()
    exact.CopyFrom(plain.model)
    if not unsaturated(exact):
        return plain
    return Runnable(exact, "; ".join(filter(None, (plain.remark, UNSATURATED))))


def _completed(model: onnx.ModelProto) -> Runnable:
    missing = _missing(model)
    if not missing:
        return Runnable(model)
    completed, version = onnx.ModelProto(), _opset(model)
    completed.CopyFrom(model if version >= OLDEST else _converted(model, version))
    for function in _functions(missing, max(version, OLDEST)):
        if (function.domain, function.name) not in _carried(completed):
            completed.functions.append(function)
            _import(completed, function)
    completed.ir_version = max(completed.ir_version, FUNCTIONS_IR)
    if version >= OLDEST:
        return Runnable(completed)
    names = ", ".join(sorted({node.op_type for node in missing}))
    return Runnable(
        completed,
        f"opset {version} cannot say what {names} does, so the file was run as ONNX's own version converter "
        f"brings it to opset {OLDEST}; export it at opset {OLDEST} or later to have it run as it is",
    )


def _nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    yield from model.graph.node
    for function in model.functions:
        yield from function.node


def _missing(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Nodes of QONNX and of the contract whose function the file does not bring."""
    carried = _carried(model)
    ours = (*QONNX_DOMAINS, CONTRACT_DOMAIN)
    return [node for node in _nodes(model) if node.domain in ours and (node.domain, node.op_type) not in carried]


def _carried(model: onnx.ModelProto) -> set[tuple[str, str]]:
    return {(function.domain, function.name) for function in model.functions}


def _opset(model: onnx.ModelProto) -> int:
    return next((int(entry.version) for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)


def _functions(nodes: list[onnx.NodeProto], opset: int) -> Iterator[onnx.FunctionProto]:
    """Each node's function under the node's domain and operation, and those that it calls."""
    for node in nodes:
        body = _body(node)
        function = onnx.parser.parse_function(shiftwire_hls.onnx_function(body))
        function.domain, function.name = node.domain, node.op_type
        called = sorted({inner.op_type for inner in function.node if inner.domain in QONNX_DOMAINS})
        yield from (_at(onnx.parser.parse_function(shiftwire_hls.onnx_function(name)), opset) for name in called)
        yield _at(function, opset)


def _body(node: onnx.NodeProto) -> str:
    quantizer = find_quantizer(node.domain, node.op_type)
    body = node.op_type if quantizer is None else quantizer.function(len(node.input))
    if body is None or (quantizer is None and node.domain != CONTRACT_DOMAIN) or not shiftwire_hls.has_function(body):
        known = ", ".join(quantizer.name for quantizer in QUANTIZERS if quantizer.functions)
        raise InputError(
            f"onnxruntime cannot execute {node.op_type} of {len(node.input)} inputs (domain {node.domain}), whose "
            f"meaning is spelled neither in the file nor here; use {known}"
        )
    return body


def _at(function: onnx.FunctionProto, opset: int) -> onnx.FunctionProto:
    """The function in the operations of the model's own opset."""
    version = {entry.domain: entry.version for entry in function.opset_import} | {"": opset}
    texts = {node.output[0]: text for node in function.node if (text := _text(node)) is not None}
    nodes = [part for node in function.node for part in _compared(node, texts)]
    if len(nodes) > len(function.node):
        version[ENCODER] = ENCODER_VERSION
    del function.node[:], function.opset_import[:]
    function.node.extend(nodes)
    function.opset_import.extend(helper.make_opsetid(domain, number) for domain, number in version.items())
    return function


def _text(node: onnx.NodeProto) -> str | None:
    """The text of a constant."""
    return next((entry.s.decode() for entry in node.attribute if entry.name == "value_string" and entry.s), None)


def _compared(node: onnx.NodeProto, texts: dict[str, str]) -> list[onnx.NodeProto]:
    """Equal of two texts, which is new in opset 19, as LabelEncoder of either case; any other node as it is."""
    if node.op_type != "Equal" or node.input[1] not in texts:
        return [node]
    text, number = texts[node.input[1]], f"{node.output[0]}_f"
    keys = [text.upper(), text.lower()]
    encoder = helper.make_node("LabelEncoder", [node.input[0]], [number], domain=ENCODER, keys_strings=keys,
                               values_floats=[1.0, 1.0], default_float=0.0)  # fmt: skip
    return [encoder, helper.make_node("Cast", [number], [node.output[0]], to=onnx.TensorProto.BOOL)]


def _import(model: onnx.ModelProto, function: onnx.FunctionProto) -> None:
    known = {entry.domain for entry in model.opset_import}
    wanted = {function.domain: 1} | {entry.domain: entry.version for entry in function.opset_import}
    entries = [helper.make_opsetid(domain, version) for domain, version in wanted.items() if domain not in known]
    model.opset_import.extend(entry for entry in entries if entry.domain)


def _converted(model: onnx.ModelProto, version: int) -> onnx.ModelProto:
    try:
        converted = onnx.version_converter.convert_version(model, OLDEST)
    except (RuntimeError, onnx.version_converter.ConvertError) as error:
        raise InputError(
            f"its quantizers cannot be executed at opset {version}, and ONNX's converter brings the file to no later "
            f"one ({str(error).strip().splitlines()[0]}); export the model at opset {OLDEST} or later"
        ) from None
    return converted
