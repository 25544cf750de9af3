"""The last word on an export: the file and the net give the same outputs."""

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors
from torch import Tensor, nn

import onnx
from shiftwire_models.errors import ModelsError

_REFUSALS = (
    ort_errors.Fail,
    ort_errors.InvalidGraph,
    ort_errors.NotImplemented,
    ort_errors.InvalidArgument,
    ort_errors.RuntimeException,
)
"""What onnxruntime raises for a file that it cannot take."""
_SCALES = (0.25, 1.0, 4.0)
_SAMPLES = 8
_NEARNESS = 1e-2
"""Of the largest logit, or absolute below 1: float sums in another order, layer after layer."""


def check_agreement(
    net: nn.Module, model: onnx.ModelProto, input_shape: tuple[int, ...], sample: Tensor | None = None
) -> None:
    """Raise ModelsError where onnxruntime and torch differ in a single value, on noise of several scales
    and on the first few of a sample (N, ...).

    torch's exporter drops what ONNX has no word for, such as an average pool's divisor_override.
    """
    actual, expected = _both(net, model, input_shape, sample)
    if not np.array_equal(actual, expected):
        wrong = np.count_nonzero(actual != expected) if actual.shape == expected.shape else actual.size
        raise ModelsError(
            f"the exported file differs from the net in {wrong} of {expected.size} outputs; torch's exporter dropped "
            "an option, so build the net of this package's layers and plain pools"
        )


def check_nearness(
    net: nn.Module, model: onnx.ModelProto, input_shape: tuple[int, ...], sample: Tensor | None = None
) -> None:
    """The same for a float net, where two runtimes may add in another order."""
    actual, expected = _both(net, model, input_shape, sample)
    distance = float(np.abs(actual - expected).max()) if actual.shape == expected.shape else np.inf
    allowed = _NEARNESS * max(1.0, float(np.abs(expected).max()))
    if not distance <= allowed:
        raise ModelsError(
            f"the exported file differs from the net by up to {distance:.3g}, where {allowed:.3g} would pass for "
            "rounding; torch's exporter dropped an option, so build the net of plain layers"
        )


def _both(
    net: nn.Module, model: onnx.ModelProto, input_shape: tuple[int, ...], sample: Tensor | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What onnxruntime and torch make of the same inputs."""
    noise = np.random.default_rng(0).normal(size=(len(_SCALES), *input_shape))
    x = (noise * np.array(_SCALES).reshape(-1, *[1] * len(input_shape))).astype(np.float32)
    if sample is not None:
        x = np.concatenate([x, sample[:_SAMPLES].numpy()])
    was_training = net.training
    with torch.no_grad():
        expected = net.eval()(torch.from_numpy(x)).numpy()
    net.train(was_training)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return session.run(None, {session.get_inputs()[0].name: x})[0], expected
    except _REFUSALS as error:
        first = str(error).strip().splitlines()[0]
        raise ModelsError(f"onnxruntime cannot run the exported file, {first}; write it in plain operations") from error
