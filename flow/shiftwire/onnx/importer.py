"""Walk an ONNX graph once and grow a Network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy.typing as npt

import onnx
from shiftwire.errors import InputError, noted
from shiftwire.ir.frames import InputPart
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.canonical.draft import INPUT_FORMAT_KEY, INTEGER_INPUT_KEY, input_key
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.host import InputWish
from shiftwire.onnx.context.parameter import IntegerWeights
from shiftwire.onnx.context.view import View
from shiftwire.onnx.file import check, load
from shiftwire.onnx.layers import READERS, reader_of
from shiftwire.onnx.operators import FORMS
from shiftwire.onnx.pipeline import canonical
from shiftwire.onnx.strangers import require_known
from shiftwire.ops.layers import WEIGHTED_LAYERS

FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16)
"""Types of tensors whose values are what they say."""

CODED = ("Quantize", "QLinear", "QGemm")
"""How names of operations begin whose results are codes, where inference does not know them."""

InputFormats: TypeAlias = Fixed | Mapping[str, Fixed] | None
"""Of all inputs that the file does not quantize, or of each by the file's own name."""

CONTRACT = 1
"""Version of the domain `shiftwire`."""


def import_onnx(
    path: Path, integer_weights: IntegerWeights = IntegerWeights.TERMS, input_format: InputFormats = None
) -> Network:
    """The Network of an ONNX file whose weights and activations are all quantized: ours, or anybody's.

    `input_format` is that of the inputs that the file does not quantize, or of each by its name; the host rounds values
    to it.
    """
    with noted(f"in {path}"):
        return network_from_model(load(path), integer_weights, input_format)


def network_from_model(
    model: onnx.ModelProto,
    integer_weights: IntegerWeights = IntegerWeights.TERMS,
    input_format: InputFormats = None,
) -> Network:
    """The Network of a quantized ONNX model in memory."""
    check(model)
    if isinstance(input_format, Mapping):
        wishes = {name: InputWish(format, rounds=True) for name, format in input_format.items()}
        graph = _walked(model, integer_weights, None, wishes)
    else:
        wish = None if input_format is None else InputWish(input_format, rounds=True)
        graph = _walked(model, integer_weights, wish)
    with noted("at the graph output"):
        return graph.finished()


def _walked(
    original: onnx.ModelProto,
    integer_weights: IntegerWeights,
    wish: InputWish | None,
    wishes: Mapping[str, InputWish] | None = None,
) -> Graph:
    """The graph behind its last node."""
    check_contract(original)
    model = canonical(original)
    graph = opened(model)
    graph.integer_weights = integer_weights
    if wish is not None:
        graph.wish, graph.wishes = wish, {}
    for name in wishes or {}:
        if name not in graph.inputs:
            known = ", ".join(f"'{each}'" for each in graph.inputs)
            raise InputError(f"found a format for '{name}', wanted one for {known}; name inputs as the file does")
    graph.wishes |= dict(wishes or {})
    require_known(model, READERS, graph.constants, FORMS)
    for proto in model.graph.node:
        if proto.output[0] in graph.constants:
            continue
        view = View(proto, graph.constants)
        with noted(view.place):
            reader_of(view)(view, graph)
            view.finish()
    return graph


def constants_of(model: onnx.ModelProto) -> dict[str, npt.NDArray[Any]]:
    """Arrays of a model's initialisers and Constant nodes."""
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].HasField("t"):
            constants[node.output[0]] = onnx.numpy_helper.to_array(node.attribute[0].t)
    return constants


def constant_outputs(path: Path, network: Network) -> tuple[str, ...]:
    """Outputs of a file that the network made of it has no part of, for they are constants."""
    known = {part.name for part in network.exits}
    with noted(f"in {path}"):
        return tuple(value.name for value in load(path).graph.output if value.name not in known)


def opened(model: onnx.ModelProto) -> Graph:
    """The graph of a checked model before its first node is read."""
    constants = constants_of(model)
    inputs = _some("input", [value for value in model.graph.input if value.name not in constants])
    outputs = [value for value in _some("output", model.graph.output) if value.name not in constants]
    if model.graph.output and not outputs:
        raise InputError("every output of the graph is constant; export it with one that is computed")
    shapes = {value.name: _sample_shape(value) for value in inputs}
    _require_read(model, shapes)
    graph = Graph(constants, shapes, tuple(value.name for value in outputs), _batch(inputs), inner=_inner(model))
    notes = {entry.key: entry.value for entry in model.metadata_props}
    for name, key in ((name, input_key(INPUT_FORMAT_KEY, name, len(shapes))) for name in shapes):
        if key in notes:
            with noted(f"in the metadata '{key}'"):
                graph.declare(name, Fixed.parse(notes[key]))
    graph.wishes = {
        name: InputWish(Fixed.parse(notes[key]), rounds=False)
        for name in shapes
        if (key := input_key(INTEGER_INPUT_KEY, name, len(shapes))) in notes
    }
    return graph


LAYERS = frozenset({
    "Conv", "Gemm", "MatMul", "MaxPool", "AveragePool", "GlobalAveragePool", "PartialPool", "Concat", "Resize",
    "Pad", "Upsample", "Slice", "Gather", "Spread", *WEIGHTED_LAYERS,
})  # fmt: skip
"""Operations that no host computes, whatever stands in front of them."""


def _inner(model: onnx.ModelProto) -> frozenset[str]:
    """Tensors from which a node leads to a layer, but for the factors of an image, which may be a row."""
    rows = {
        value.name
        for value in model.graph.value_info
        if all(dim.dim_value == 1 for dim in value.type.tensor_type.shape.dim[2:])
    }
    inner: set[str] = set()
    for node in reversed(model.graph.node):
        if node.op_type in LAYERS or inner & set(node.output):
            inner.update(name for name in node.input if node.op_type != "Mul" or name not in rows)
    return frozenset(inner)


def _require_read(model: onnx.ModelProto, inputs: Mapping[str, tuple[int, ...]]) -> None:
    """Raise InputError for a graph input of which nothing is made."""
    read = {name for node in model.graph.node for name in node.input} | {value.name for value in model.graph.output}
    if unread := [name for name in inputs if name not in read]:
        raise InputError(f"the graph input '{unread[0]}' is read by no node; drop it from the graph")


def check_contract(model: onnx.ModelProto) -> None:
    """Raise InputError for a file of another version of the domain `shiftwire`, and for inputs of unlike batches."""
    _check_batches(model)
    for entry in model.opset_import:
        if entry.domain == "shiftwire" and entry.version != CONTRACT:
            raise InputError(f"it speaks version {entry.version} of the contract, wanted {CONTRACT}; export it again")


def _some(kind: str, values: Sequence[onnx.ValueInfoProto]) -> Sequence[onnx.ValueInfoProto]:
    if not values:
        raise InputError(f"the graph has no {kind}s; export it with one at least")
    return values


def _batch(inputs: Sequence[onnx.ValueInfoProto]) -> int | None:
    """The batch size, where it is fixed."""
    return next((int(value.type.tensor_type.shape.dim[0].dim_value) for value in inputs), 0) or None


def _check_batches(model: onnx.ModelProto) -> None:
    """Raise InputError where inputs fix batches apart."""
    constants = {tensor.name for tensor in model.graph.initializer}
    dims = {v.name: v.type.tensor_type.shape.dim for v in model.graph.input if v.name not in constants}
    fixed = {name: int(axes[0].dim_value) for name, axes in dims.items() if axes and axes[0].dim_value}
    if len(set(fixed.values())) > 1:
        apart = " and ".join(f"{size} of '{name}'" for name, size in fixed.items())
        raise InputError(
            f"the graph inputs have batches of {apart}, and each sample is one of every input; export them with one "
            "batch"
        )


def _sample_shape(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    """Shape of one sample in the file's own layout; the batch on axis 0 may be dynamic, nothing else."""
    dims = value.type.tensor_type.shape.dim
    if value.type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
        kind = onnx.TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower()
        raise InputError(
            f"the graph input '{value.name}' is a {kind} tensor, wanted float32, or codes of uint8, int8, uint16 or "
            "int16; export the model with such an input"
        )
    if len(dims) < 2:
        raise InputError(f"the graph input '{value.name}' has {len(dims)} axes; give (N, C), (N, C, L) or (N, C, H, W)")
    for axis, dim in enumerate(dims):
        if axis and not dim.HasField("dim_value"):
            raise InputError(
                f"axis {axis} of the graph input '{value.name}' is dynamic ('{dim.dim_param}'); "
                "only the batch on axis 0 may be, so export with fixed sizes"
            )
    shape = tuple(int(dim.dim_value) for dim in dims[1:])
    if min(shape) < 1:
        raise InputError(f"the graph input '{value.name}' has shape {shape}, which holds no elements")
    return shape


@dataclass(frozen=True)
class ExactTensors:
    """A file's network, and its own names of the tensors whose values are a layer's codes on their grid.

    `outputs` are, for each output of the network, the file's own tensor whose values its codes stand for, in front of
    what only the host computes; None where the file has none.
    """

    network: Network
    tensors: dict[str, str]
    outputs: tuple[str | None, ...]
    is_given: bool
    """Whether no quantizer of the file's makes the codes of some input."""


def exact_tensors(path: Path, entries: Sequence[InputPart]) -> ExactTensors:
    """Which of a file's tensors are layers, so that an engine that runs the file itself can show them.

    `entries` are the inputs as the project has them, where the file has no quantizer for them.
    """
    wishes = {part.name: InputWish(part.format, rounds=False, host=part.host) for part in entries}
    only = next(iter(wishes.values())) if len(wishes) == 1 else None  # whose name a project may spell otherwise
    with noted(f"in {path}"):
        model = load(path)
        graph = _walked(model, IntegerWeights.TERMS, only, None if only else wishes)
    own = _float_outputs(model)
    exact = {name: tensor for tensor, name in graph.known.items() if tensor in own and _is_exact(graph, tensor)}
    network = graph.finished()
    ends = zip(graph.outputs, network.outputs, strict=True)
    outputs = tuple(_output_tensor(graph, onnx_name, end.name, own) for onnx_name, end in ends)
    return ExactTensors(network, exact, outputs, graph.is_given)


def _float_outputs(model: onnx.ModelProto) -> set[str]:
    """Tensors that nodes make and whose values are numbers as such, not codes beside a zero point."""
    try:
        graph = onnx.shape_inference.infer_shapes(model).graph
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError):
        graph = model.graph
    known = {value.name: value.type.tensor_type.elem_type for value in (*graph.value_info, *graph.output)}
    return {
        output
        for node in model.graph.node
        for output in node.output
        if not node.op_type.startswith(CODED) and known.get(output, onnx.TensorProto.FLOAT) in FLOATS
    }


def _is_exact(graph: Graph, tensor: str) -> bool:
    """Whether a tensor's values are its codes and nothing more."""
    return tensor not in graph.pending or graph.pending[tensor].is_none


def _output_tensor(graph: Graph, onnx_output: str, name: str, own: set[str]) -> str | None:
    tail = graph.tails.get(onnx_output)
    last = onnx_output if tail is None else tail.source
    if last in own and graph.opened(last)[1].is_linear:
        return last
    standing = [tensor for tensor, known in graph.known.items() if known == name and tensor in own]
    return next((tensor for tensor in standing if not graph.opened(tensor)[1].steps), None)
