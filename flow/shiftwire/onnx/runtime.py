"""onnxruntime on an exact file: an independent oracle that shares no line with the specification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

import onnx
from shiftwire.errors import InputError
from shiftwire.ir.host import channels_last
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.onnx.runnable import runnable

REFUSALS = (
    ort_errors.Fail,
    ort_errors.InvalidGraph,
    ort_errors.NotImplemented,
    ort_errors.InvalidArgument,
    ort_errors.RuntimeException,
)
"""What onnxruntime raises for a model or samples that it cannot take."""

Given = npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]]
"""Of an only input, or of each input by its name."""

INPUT_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(uint16)": np.uint16,
    "tensor(int16)": np.int16,
}
"""By onnxruntime's names."""

FLOAT_BITS = 24
"""Codes of a float32 tensor are exact up to this many bits."""


def run_onnx(model: Path | onnx.ModelProto, values: Given, batch: int = 64) -> npt.NDArray[Any]:
    """The first output in the model's own layout for values (N, C, H, W); its graph is run as written, without fusions.

    Raises InputError for a model that onnxruntime cannot run.
    """
    return run_tensors(model, values, (), batch)[0]


def run_tensors(
    model: Path | onnx.ModelProto, values: Given, names: Sequence[str], batch: int = 64
) -> list[npt.NDArray[Any]]:
    """As `run_onnx`: the model's first output, then those of its tensors that are named, each in its own layout."""
    ready = _ready(model, names)
    return _run(ready, values, [ready.graph.output[0].name, *names], batch)


def run_named(
    model: Path | onnx.ModelProto, values: Given, names: Sequence[str], batch: int = 64
) -> dict[str, npt.NDArray[Any]]:
    """Tensors of the model by their names, each in the model's own layout."""
    return dict(zip(names, _run(_ready(model, names), values, list(names), batch), strict=True))


def run_outputs(model: Path | onnx.ModelProto, values: Given, batch: int = 64) -> dict[str, npt.NDArray[Any]]:
    """Every output of the model by its name, constants apart."""
    ready = _ready(model, ())
    computed = {output for node in ready.graph.node for output in node.output if node.op_type != "Constant"}
    names = [output.name for output in ready.graph.output if output.name in computed or len(ready.graph.output) == 1]
    return dict(zip(names, _run(ready, values, names, batch), strict=True))


def _ready(model: Path | onnx.ModelProto, names: Sequence[str]) -> onnx.ModelProto:
    """A copy that also gives the tensors that are named."""
    ready = onnx.ModelProto()
    ready.CopyFrom(runnable(onnx.load(model) if isinstance(model, Path) else model).model)
    known = {output.name for output in ready.graph.output}
    ready.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in known)
    return ready


def _run(ready: onnx.ModelProto, values: Given, names: list[str], batch: int) -> list[npt.NDArray[Any]]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(ready.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return _outputs(session, names, values, batch)
    except REFUSALS as error:
        raise InputError(f"onnxruntime cannot run the model: {str(error).splitlines()[0]}") from None


def batch_size(shape: list[Any], default: int) -> int:
    """The batch that a model fixes on axis 0, or the default where it leaves it open."""
    return shape[0] if shape and isinstance(shape[0], int) and shape[0] > 0 else default


def feeds_of(session: onnxruntime.InferenceSession, values: Given) -> dict[str, npt.NDArray[Any]]:
    """Values by the session's own names of its inputs: an only one has any name in `values`, or none."""
    names = [entry.name for entry in session.get_inputs()]
    if not isinstance(values, Mapping):
        return {names[0]: values}
    return dict(zip(names, values.values(), strict=True)) if len(names) == 1 else {n: values[n] for n in names}


def _outputs(
    session: onnxruntime.InferenceSession, names: Sequence[str], values: Given, batch: int
) -> list[npt.NDArray[Any]]:
    entries, feeds = session.get_inputs(), feeds_of(session, values)
    size, count = batch_size(entries[0].shape, batch), len(feeds[entries[0].name])
    padded = {
        entry.name: _padded(feeds[entry.name], size).astype(INPUT_TYPES.get(entry.type, np.float32))
        for entry in entries
    }
    parts = [
        session.run(list(names), {name: each[at : at + size] for name, each in padded.items()})
        for at in range(0, -(-count // size) * size, size)
    ]
    return [np.concatenate(of_one)[:count] for of_one in zip(*parts, strict=True)]


def _padded(values: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """Whole batches, zeros behind the last sample."""
    return np.concatenate([values, np.zeros((-len(values) % size, *values.shape[1:]), values.dtype)])


def remark_on(model: Path) -> str | None:
    """What `run_onnx` has to change in a file besides adding the meaning of its quantizers."""
    return runnable(onnx.load(model)).remark


def codes_of(values: npt.NDArray[Any], format: Fixed) -> Codes:
    """Codes (N, H, W, C) of output values (N, C, H, W); raises InputError for a value off the grid."""
    scaled = np.ldexp(channels_last(values).astype(np.float64), format.frac)
    off = np.count_nonzero(scaled != np.rint(scaled))
    if off:
        raise InputError(f"{off} output values are not on the grid of {format}; the file is not exact")
    codes: Codes = scaled.astype(np.int64)
    return codes
