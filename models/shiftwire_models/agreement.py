"""The last word on an export: the file and the net give the same outputs."""

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors
from torch import Tensor, nn
from torch.utils import _pytree as pytree

import onnx
from shiftwire_models.errors import ModelsError
from shiftwire_models.onnx_names import input_shapes

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


def check_agreement(net: nn.Module, model: onnx.ModelProto, samples: tuple[Tensor, ...] = ()) -> None:
    """Raise ModelsError where onnxruntime and torch differ in a single value of any output, on noise of several scales
    and on the first few of the samples (N, ...) of each input.

    torch's exporter drops what ONNX has no word for, such as an average pool's divisor_override.
    """
    for actual, expected in _both(net, model, samples):
        if not np.array_equal(actual, expected):
            wrong = np.count_nonzero(actual != expected) if actual.shape == expected.shape else actual.size
            raise ModelsError(
                f"the exported file differs from the net in {wrong} of {expected.size} outputs; torch's exporter "
                "dropped an option, so build the net of this package's layers and plain pools"
            )


def check_nearness(net: nn.Module, model: onnx.ModelProto, samples: tuple[Tensor, ...] = ()) -> None:
    """The same for a float net, where two runtimes may add in another order."""
    for actual, expected in _both(net, model, samples):
        distance = float(np.abs(actual - expected).max()) if actual.shape == expected.shape else np.inf
        allowed = _NEARNESS * max(1.0, float(np.abs(expected).max()))
        if not distance <= allowed:
            raise ModelsError(
                f"the exported file differs from the net by up to {distance:.3g}, where {allowed:.3g} would pass for "
                "rounding; torch's exporter dropped an option, so build the net of plain layers"
            )


def _both(
    net: nn.Module, model: onnx.ModelProto, samples: tuple[Tensor, ...]
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """What onnxruntime and torch make of the same inputs, output by output."""
    inputs = _inputs(model, samples)
    was_training = net.training
    with torch.no_grad():
        expected = pytree.tree_leaves(net.eval()(*map(torch.from_numpy, inputs.values())))
    net.train(was_training)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return list(zip(session.run(None, inputs), (y.numpy() for y in expected), strict=True))
    except _REFUSALS as error:
        first = str(error).strip().splitlines()[0]
        raise ModelsError(f"onnxruntime cannot run the exported file, {first}; write it in plain operations") from error


def _inputs(model: onnx.ModelProto, samples: tuple[Tensor, ...]) -> dict[str, NDArray[np.float32]]:
    """Noise, and samples behind it, by the names of the inputs."""
    draw, inputs = np.random.default_rng(0), {}
    for place, (name, shape) in enumerate(input_shapes(model).items()):
        noise = draw.normal(size=(len(_SCALES), *shape)) * np.array(_SCALES).reshape(-1, *[1] * len(shape))
        few = [part[:_SAMPLES].numpy() for part in samples[place : place + 1]]
        inputs[name] = np.concatenate([noise.astype(np.float32), *few])
    return inputs
