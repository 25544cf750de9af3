"""An exact file walked node by node in float64, with weights that come from elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

import onnx
from family_states import distance

WeightOf = Callable[[str, Tensor, int], Tensor]
"""Name of a layer, the weights in the file (values), fraction bits of its grid: the weights to take."""

PLAIN: dict[str, Callable[..., Tensor]] = {
    "Add": torch.add,
    "Relu": lambda x: x.clamp(min=0),
    "AveragePool": lambda x: x.mean((2, 3), keepdim=True),
    "GlobalAveragePool": lambda x: x.mean((2, 3), keepdim=True),
    "Flatten": lambda x: x.flatten(1),
}


def walked(model: onnx.ModelProto, x: Tensor, weight_of: WeightOf) -> Tensor:
    """Values of the output for x (N, ...)."""
    constants = {t.name: torch.from_numpy(onnx.numpy_helper.to_array(t).copy()) for t in model.graph.initializer}
    values = {model.graph.input[0].name: x.double()}
    for node in model.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        operands = [values[name] for name in node.input if name in values]
        tensors = [constants[name].double() for name in node.input if name in constants]
        values[node.output[0]] = step(node, attributes, operands, tensors, weight_of)
    return values[model.graph.output[0].name]


def step(
    node: onnx.NodeProto, attributes: dict[str, object], x: list[Tensor], tensors: list[Tensor], weight_of: WeightOf
) -> Tensor:
    if node.op_type in PLAIN:
        return PLAIN[node.op_type](*x)
    if node.op_type == "Requantize":
        return requantized(x[0], attributes)
    if node.op_type == "AdderConv":
        frac = int(attributes["weight_frac"])
        return distance(x[0], weight_of(node.name, tensors[0] * 2.0**-frac, frac), attributes["strides"][0])
    sign, exponent, bias = tensors
    w, b = (sign * 2.0**exponent).sum(0), bias * 2.0 ** -int(attributes["bias_frac"])
    if node.op_type == "Affine":
        return x[0] * w[:, None, None] + b[:, None, None] if x[0].dim() == 4 else x[0] * w + b
    w = weight_of(node.name, w, 0)
    if node.op_type == "ShiftDense":
        return functional.linear(x[0], w, b)
    assert node.op_type == "ShiftConv" and attributes["pads"][:2] == attributes["pads"][2:]
    return functional.conv2d(x[0], w, b, attributes["strides"], attributes["pads"][:2])


def requantized(x: Tensor, attributes: dict[str, object]) -> Tensor:
    bits, frac, signed = (int(attributes[name]) for name in ("bits", "frac", "signed"))
    low = -(2 ** (bits - 1)) if signed else 0
    scaled = x * 2.0**frac
    rounding = attributes["rounding"].decode()
    codes = {"floor": torch.floor, "half_even": torch.round, "half_up": lambda v: torch.floor(v + 0.5)}[rounding](
        scaled
    )
    assert attributes["overflow"] == b"saturate"
    return codes.clamp(low, low + 2**bits - 1) * 2.0**-frac
