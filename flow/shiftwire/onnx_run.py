"""onnxruntime on an exact file: an independent oracle that shares no line with the specification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from shiftwire.errors import InputError
from shiftwire.fixed import Codes, Fixed
from shiftwire.host import channels_last
from shiftwire.onnx_import.runnable import runnable

REFUSALS = (
    ort_errors.Fail,
    ort_errors.InvalidGraph,
    ort_errors.NotImplemented,
    ort_errors.InvalidArgument,
    ort_errors.RuntimeException,
)
"""What onnxruntime raises for a model or samples that it cannot take."""

FLOAT_BITS = 24
"""Codes of a float32 tensor are exact up to this many bits."""


def run_onnx(model: Path | onnx.ModelProto, values: npt.NDArray[Any], batch: int = 64) -> npt.NDArray[Any]:
    """Outputs of the model's own layout for values (N, C, H, W); its graph is run as written, without fusions.

    Raises InputError for a model that onnxruntime cannot run.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    source = runnable(onnx.load(model) if isinstance(model, Path) else model).model.SerializeToString()
    try:
        session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        return _outputs(session, values, batch)
    except REFUSALS as error:
        raise InputError(f"onnxruntime cannot run the model: {str(error).splitlines()[0]}") from None


def batch_size(shape: list[Any], default: int) -> int:
    """The batch that a model fixes on axis 0, or the default where it leaves it open."""
    return shape[0] if shape and isinstance(shape[0], int) and shape[0] > 0 else default


def _outputs(session: onnxruntime.InferenceSession, values: npt.NDArray[Any], batch: int) -> npt.NDArray[Any]:
    given = session.get_inputs()[0]
    size = batch_size(given.shape, batch)
    padded = np.concatenate([values, np.zeros((-len(values) % size, *values.shape[1:]), values.dtype)])
    parts = [
        session.run(None, {given.name: padded[at : at + size].astype(np.float32)})[0]
        for at in range(0, len(padded), size)
    ]
    outputs: npt.NDArray[Any] = np.concatenate(parts)[: len(values)]
    return outputs


def remark_on(model: Path) -> str | None:
    """What `run_onnx` has to change in a file besides adding the meaning of its quantizers."""
    return runnable(onnx.load(model)).remark


def codes_of(values: npt.NDArray[Any], held: Fixed) -> Codes:
    """Codes (N, H, W, C) of output values (N, C, H, W); raises InputError for a value off the grid."""
    scaled = np.ldexp(channels_last(values).astype(np.float64), held.frac)
    off = np.count_nonzero(scaled != np.rint(scaled))
    if off:
        raise InputError(f"{off} output values are not on the grid of {held}; the file is not exact")
    codes: Codes = scaled.astype(np.int64)
    return codes
