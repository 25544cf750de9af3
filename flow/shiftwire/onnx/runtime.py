"""onnxruntime on an exact file: an independent oracle that shares no line with the specification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

import onnx
import shiftwire_hls
from shiftwire.errors import InputError
from shiftwire.ir.host import channels_last
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.onnx.canonical.pipeline import canonical

QUANT_DOMAIN = "qonnx.custom_op.general"
FUNCTIONS = ("Quant", "BipolarQuant")
"""QONNX's quantisers that are spelled here in ONNX's own operations."""

FLOAT_BITS = 24
"""Codes of a float32 tensor are exact up to this many bits."""


def run_onnx(model: Path | onnx.ModelProto, values: npt.NDArray[Any], batch: int = 64) -> npt.NDArray[Any]:
    """Outputs of the model's own layout for values (N, C, H, W); its graph is run as written, without fusions."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    source = _runnable(onnx.load(model) if isinstance(model, Path) else model).SerializeToString()
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    size = given.shape[0] if isinstance(given.shape[0], int) else batch
    padded = np.concatenate([values, np.zeros((-len(values) % size, *values.shape[1:]), values.dtype)])
    parts = [
        session.run(None, {given.name: padded[at : at + size].astype(np.float32)})[0]
        for at in range(0, len(padded), size)
    ]
    outputs: npt.NDArray[Any] = np.concatenate(parts)[: len(values)]
    return outputs


def _runnable(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model itself, or one of the same function where QONNX quantisers bring no function of their own.

    Raises InputError for those that have no function here.
    """
    own = {(function.domain, function.name) for function in model.functions}
    missing = sorted({node.op_type for node in model.graph.node if node.domain == QUANT_DOMAIN} - {n for _, n in own})
    if not missing:
        return model
    if set(missing) - set(FUNCTIONS):
        raise InputError(
            f"onnxruntime cannot execute {', '.join(missing)}; it has {', '.join(FUNCTIONS)} of QONNX alone"
        )
    made = canonical(model)
    made.functions.extend(onnx.parser.parse_function(shiftwire_hls.onnx_function(name)) for name in missing)
    return made


def codes_of(values: npt.NDArray[Any], held: Fixed) -> Codes:
    """Codes (N, H, W, C) of output values (N, C, H, W); raises InputError for a value off the grid."""
    scaled = np.ldexp(channels_last(values).astype(np.float64), held.frac)
    off = np.count_nonzero(scaled != np.rint(scaled))
    if off:
        raise InputError(f"{off} output values are not on the grid of {held}; the file is not exact")
    codes: Codes = scaled.astype(np.int64)
    return codes
