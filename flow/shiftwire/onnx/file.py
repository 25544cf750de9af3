"""Open an ONNX file without trusting it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError
from onnx.external_data_helper import ExternalDataInfo, load_external_data_for_model, uses_external_data

import onnx
from shiftwire.errors import InputError
from shiftwire_hls.texts import is_all_text

MAX_ELEMENTS = 1 << 28
"""Largest initialiser that is read: a gigabyte of float32, far more than a board holds."""


_BOUNDS = {"Clip": (1, 2), "Max": (0, 1), "Min": (0, 1), "Pad": (2,)}
"""Inputs of operations that may be infinite."""


def load(path: Path) -> onnx.ModelProto:
    """A checked model with its external data; raises InputError for a file that is none."""
    if not path.is_file():
        raise InputError(f"found no file {path}; name an ONNX file")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty; export the model again")
    _require_no_other_format(path)
    try:
        model = onnx.load_model(str(path), format="protobuf", load_external_data=False)
    except DecodeError:
        raise InputError(f"{path} is no ONNX file, or a truncated one; export the model again") from None
    if not is_all_text(model):
        raise InputError(f"{path} holds a name or text that is not UTF-8; the file is damaged, export the model again")
    if not model.graph.node:
        raise InputError(f"{path} holds no ONNX graph with nodes; export the model again")
    _load_external(model, path.resolve().parent)
    import_domains(model)
    check(model)
    return model


OTHER_FORMATS = {
    b"TFL3": (
        4,
        "a TensorFlow Lite file; make ONNX of it by 'python -m tf2onnx.convert --tflite model.tflite --opset 17 "
        "--output model.onnx' (pip install tf2onnx tensorflow), which keeps its int8 codes",
    ),
    b"PK\x03\x04": (
        0,
        "a zip archive, such as PyTorch's or Keras's own format; export the network to ONNX (torch.onnx.export, "
        "tf2onnx)",
    ),
    b"\x89HDF": (0, "an HDF5 file, such as Keras's; export the network to ONNX by tf2onnx"),
    b"\x80\x02": (0, "a pickle, such as an old PyTorch checkpoint; export the network to ONNX by torch.onnx.export"),
}
"""Bytes by which files of other frameworks are known, where they stand, and what to do about them."""


def _require_no_other_format(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(16)
    for mark, (at, what) in OTHER_FORMATS.items():
        if head[at : at + len(mark)] == mark:
            raise InputError(f"{path} is {what}")


def import_domains(model: onnx.ModelProto) -> None:
    """Import version 1 of every domain that nodes use and the file does not import, as tools around QONNX leave out."""
    known = {entry.domain for entry in model.opset_import}
    used = {node.domain for node in model.graph.node} | {node.domain for f in model.functions for node in f.node}
    for domain in sorted(used - known - {"", "ai.onnx"}):
        model.opset_import.add(domain=domain, version=1)


def check(model: onnx.ModelProto) -> None:
    """Raise InputError for a graph that ONNX's own checker refuses or whose initialisers no network can have."""
    bounds = _bounds(model.graph)
    for name, tensor in _named(model):
        _check_initialiser(tensor, name in bounds)
    try:
        onnx.checker.check_model(_with_output_shapes(model))
    except onnx.checker.ValidationError as error:
        raise InputError(f"ONNX's checker refuses the file: {str(error).strip().splitlines()[0]}") from None


def _with_output_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model, outputs that tell no shape told to have none: the checker asks for the field, and no runtime does."""
    if all(output.type.tensor_type.HasField("shape") for output in model.graph.output):
        return model
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for output in copy.graph.output:
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.shape.SetInParent()
    return copy


def _initialisers(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    yield from model.graph.initializer
    for node in model.graph.node:
        yield from (attribute.t for attribute in node.attribute if attribute.HasField("t"))


def _named(model: onnx.ModelProto) -> Iterator[tuple[str, onnx.TensorProto]]:
    """Constants with the names under which nodes read them."""
    for tensor in model.graph.initializer:
        yield tensor.name, tensor
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield (node.output[0] if node.op_type == "Constant" and node.output else ""), attribute.t


def _bounds(graph: onnx.GraphProto) -> set[str]:
    """Tensors that nodes read only as an end of a range or as what pads, which may be infinite."""
    reads = [(name, node.op_type, at) for node in graph.node for at, name in enumerate(node.input)]
    return {name for name, *_ in reads} - {name for name, kind, at in reads if at not in _BOUNDS.get(kind, ())}


def _check_initialiser(tensor: onnx.TensorProto, may_be_infinite: bool) -> None:
    elements = int(np.prod([int(d) for d in tensor.dims], dtype=object)) if tensor.dims else 1
    if elements > MAX_ELEMENTS:
        raise InputError(f"initialiser '{tensor.name}' of {elements} elements is larger than {MAX_ELEMENTS}; shrink it")
    try:
        values = onnx.numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"initialiser '{tensor.name}' cannot be read ({error}); export the model again") from None
    if may_be_infinite and values.size == 1 and np.isinf(values).all():
        return
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        at = np.argwhere(~np.isfinite(values))[0].tolist()
        raise InputError(
            f"initialiser '{tensor.name}' holds {values[tuple(at)]} at {at}; weights must be finite, train again"
        )


def _location(tensor: onnx.TensorProto) -> str:
    try:
        info = ExternalDataInfo(tensor)
    except ValueError as error:
        raise InputError(f"initialiser '{tensor.name}' has damaged external data ({error}); export it again") from None
    if (info.offset or 0) < 0 or (info.length or 0) < 0:
        raise InputError(f"initialiser '{tensor.name}' has external data at a negative place; export it again")
    return str(info.location)


def _load_external(model: onnx.ModelProto, folder: Path) -> None:
    """Read external data that lies in the model's own folder, and no other."""
    external = [tensor for tensor in _initialisers(model) if uses_external_data(tensor)]
    for tensor in external:
        location = _location(tensor)
        target = (folder / location).resolve()
        if not target.is_relative_to(folder):
            raise InputError(
                f"initialiser '{tensor.name}' has its data at '{location}', outside the model's folder; "
                "move the data beside the model"
            )
        if not target.is_file():
            raise InputError(f"initialiser '{tensor.name}' has its data at '{location}', which is missing; restore it")
    if external:
        try:
            load_external_data_for_model(model, str(folder))
        except (ValueError, OSError, onnx.checker.ValidationError) as error:
            raise InputError(f"the external data cannot be read ({error}); export the model again") from None


def write_model(model: onnx.ModelProto, path: Path) -> None:
    """The file whole or not at all; the same model gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    work = path.with_name(f".{path.name}.part")
    try:
        work.write_bytes(model.SerializeToString(deterministic=True))
        work.replace(path)
    finally:
        work.unlink(missing_ok=True)
