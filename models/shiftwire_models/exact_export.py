"""From a net to an ONNX file that any runtime executes: exact codes, or floats that are yet to be quantized."""

from collections.abc import Sequence

from torch import nn

import onnx
from shiftwire_models.agreement import check_agreement, check_nearness
from shiftwire_models.exactness import check_exactness
from shiftwire_models.exporter import to_onnx
from shiftwire_models.float_graph import check_float_graph


def export_model(net: nn.Module, *shapes: tuple[int, ...], outputs: Sequence[str] = ("logits",)) -> onnx.ModelProto:
    """The net in evaluation mode as contract nodes: input `x` (batch, *shape), output `logits`, or several of each.

    Raises ModelsError where the net holds a layer the contract cannot say exactly.
    """
    model = to_onnx(net, *shapes, outputs=outputs)
    check_exactness(model.graph)
    onnx.checker.check_model(model, full_check=True)
    check_agreement(net, model)
    return model


def export_float(net: nn.Module, *shapes: tuple[int, ...], outputs: Sequence[str] = ("logits",)) -> onnx.ModelProto:
    """The net in evaluation mode in plain float ONNX, batch norms kept apart, as `shiftwire quantize` reads it.

    A float adder layer is the contract's AdderConv or AdderDense with a float32 `weight` and weight_frac 0.
    Raises ModelsError for layers that are quantized already, and where onnxruntime strays from torch.
    """
    model = to_onnx(net, *shapes, outputs=outputs)
    check_float_graph(model.graph)
    onnx.checker.check_model(model, full_check=True)
    check_nearness(net, model)
    return model
