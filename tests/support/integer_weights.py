"""Exact files whose sums of powers of two become integers in QONNX's spelling: Conv and Gemm, weights in Quant."""

from __future__ import annotations

import numpy as np

import onnx
from onnx import helper, numpy_helper

QONNX = "qonnx.custom_op.general"


def with_integers(model: onnx.ModelProto, bits: int) -> onnx.ModelProto:
    """The same function, every ShiftConv and ShiftDense of weights that fit so many bits spelt so."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    del made.graph.node[:]
    for node in model.graph.node:
        spelt = _spelt(node, constants, bits) if node.op_type in ("ShiftConv", "ShiftDense") else None
        made.graph.node.extend(spelt[0] if spelt else [node])
        made.graph.initializer.extend(spelt[1] if spelt else [])
    used = {name for node in made.graph.node for name in node.input}
    kept = [tensor for tensor in made.graph.initializer if tensor.name in used]
    del made.graph.initializer[:]
    made.graph.initializer.extend(kept)
    onnx.checker.check_model(made, full_check=True)
    return made


def _spelt(
    node: onnx.NodeProto, constants: dict[str, np.ndarray], bits: int
) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    sign, exponent, bias = (constants[name] for name in node.input[1:4])
    weight = (sign * np.exp2(exponent.astype(np.float64))).sum(0)
    frac = -attributes["exponent_min"]
    assert -(1 << bits - 1) <= (weight * 2**frac).min() and (weight * 2**frac).max() < 1 << bits - 1
    name, output = node.name, node.output[0]
    values = {
        "weight": weight,
        "scale": 2.0**-frac,
        "zero": 0.0,
        "bits": bits,
        "bias": bias * 2.0 ** -attributes["bias_frac"],
    }
    tensors = [numpy_helper.from_array(np.asarray(value, np.float32), f"{name}.{key}") for key, value in values.items()]
    names = [tensor.name for tensor in tensors]
    quantized = helper.make_node(
        "Quant", names[:4], [f"{name}.int"], f"{name}.int", domain=QONNX, signed=1, narrow=0, rounding_mode="ROUND"
    )
    inputs = [node.input[0], f"{name}.int", *(names[4:] if bias.any() else [])]
    if node.op_type == "ShiftDense":
        return [quantized, helper.make_node("Gemm", inputs, [output], name, transB=1)], tensors
    slides = {key: attributes[key] for key in ("strides", "pads", "group")}
    return [quantized, helper.make_node("Conv", inputs, [output], name, **slides)], tensors
