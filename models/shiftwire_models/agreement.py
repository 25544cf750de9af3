"""The last word on an export: the file and the net give the same outputs."""

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

from shiftwire_models.errors import ModelsError

_SCALES = (0.25, 1.0, 4.0)


def check_agreement(net: nn.Module, model: onnx.ModelProto, input_shape: tuple[int, ...]) -> None:
    """Raise ModelsError where onnxruntime and torch differ on noise of several scales, in a single value.

    torch's exporter drops what ONNX has no word for, such as an average pool's divisor_override.
    """
    noise = np.random.default_rng(0).normal(size=(len(_SCALES), *input_shape))
    x = (noise * np.array(_SCALES).reshape(-1, *[1] * len(input_shape))).astype(np.float32)
    was_training = net.training
    with torch.no_grad():
        expected = net.eval()(torch.from_numpy(x)).numpy()
    net.train(was_training)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    found = session.run(None, {"x": x})[0]
    if not np.array_equal(found, expected):
        wrong = np.count_nonzero(found != expected) if found.shape == expected.shape else found.size
        raise ModelsError(
            f"the exported file differs from the net in {wrong} of {expected.size} outputs; torch's exporter dropped "
            "an option, so build the net of this package's layers and plain pools"
        )
