"""Files as onnxruntime's own tools quantize them, from float torch nets and samples."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

import onnx


class Reader(CalibrationDataReader):
    """Samples (N, ...) of the input 'x', in batches."""

    def __init__(self, x: np.ndarray, batch: int = 16) -> None:
        self.parts = iter([{"x": x[at : at + batch]} for at in range(0, len(x), batch)])

    def get_next(self) -> dict[str, np.ndarray] | None:  # type: ignore[override]
        return next(self.parts, None)


@dataclass(frozen=True, slots=True)
class Static:
    """How `quantize_static` is asked."""

    form: QuantFormat = QuantFormat.QDQ
    activations: QuantType = QuantType.QUInt8
    weights: QuantType = QuantType.QInt8
    per_channel: bool = True
    symmetric: bool = False
    prepared: bool = True
    """Whether its shape inference and first optimisations run in front."""
    extended: bool = False
    """Whether the result is written again by its optimiser at the extended level."""
    reduced: bool = False
    """Weights of seven bits: its own kernels of uint8 by int8 saturate sums of pairs beyond, on some processors."""


def exported(
    net: torch.nn.Module, x: np.ndarray, path: Path, *, dynamo: bool = False, is_open: bool = False, opset: int = 17
) -> Path:
    """A file from 'x' to 'y' by either exporter of torch; the newer one fixes the batch at that of `x`, or opens it."""
    example = (torch.from_numpy(x if dynamo else x[:2]),)
    names = {"input_names": ["x"], "output_names": ["y"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dynamo:
            shapes = {"dynamic_shapes": ({0: torch.export.Dim("N")},)} if is_open else {}
            torch.onnx.export(net, example, str(path), dynamo=True, verbose=False, **names, **shapes)
        else:
            axes = {"dynamic_axes": {"x": {0: "N"}, "y": {0: "N"}}, "opset_version": opset}
            torch.onnx.export(net, example, str(path), dynamo=False, **names, **axes)
    return path


def statically_quantized(path: Path, samples: np.ndarray, how: Static) -> Path:
    """A file beside the float one."""
    logging.disable(logging.WARNING)
    try:
        return _quantized(path, samples, how)
    finally:
        logging.disable(logging.NOTSET)


def _quantized(path: Path, samples: np.ndarray, how: Static) -> Path:
    source, made = path, path.with_name(f"{path.stem}_quantized.onnx")
    if how.prepared:
        source = path.with_name(f"{path.stem}_prepared.onnx")
        quant_pre_process(str(path), str(source), skip_symbolic_shape=True)
    options = {"ActivationSymmetric": how.symmetric, "WeightSymmetric": True}
    quantize_static(
        str(source),
        str(made),
        Reader(samples),
        quant_format=how.form,
        per_channel=how.per_channel,
        reduce_range=how.reduced,
        activation_type=how.activations,
        weight_type=how.weights,
        extra_options=options,
    )
    return written_again(made) if how.extended else made


def written_again(path: Path) -> Path:
    """What onnxruntime's optimiser makes of a file, at the extended level."""
    made = path.with_name(f"{path.stem}_extended.onnx")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(made)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return made


def default_run(path: Path, x: np.ndarray, batch: int = 64, *, precise: bool = False) -> np.ndarray:
    """Outputs of onnxruntime as anybody runs the file: every optimisation on, its kernels of eight bits too.

    On x64 without VNNI these saturate sums of two products to 16 bits; `precise` takes those that do not.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.x64quantprecision", str(int(precise)))
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {entry: x[at : at + batch]})[0] for at in range(0, len(x), batch)])


def node_kinds(path: Path) -> list[str]:
    """Of a file's nodes, each once."""
    return sorted({node.op_type for node in onnx.load(path).graph.node})
