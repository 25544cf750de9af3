"""ONNX graphs by hand, as the contract spells them."""

from __future__ import annotations

import numpy as np

import onnx
from onnx import TensorProto, helper, numpy_helper


def model_of(
    nodes: list[onnx.NodeProto],
    constants: dict[str, np.ndarray] | None = None,
    shape: tuple[object, ...] = ("N", 4),
    fmt: str | None = "s8.4",
) -> onnx.ModelProto:
    """A graph from x to y; `fmt` is the input's declared format."""
    tensors = [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * len(shape))
    graph = helper.make_graph(nodes, "g", [x], [y], tensors)
    domains = {"": 20, "shiftwire": 1, "qonnx.custom_op.general": 1}
    opsets = [helper.make_opsetid(domain, version) for domain, version in domains.items()]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    if fmt is not None:
        helper.set_model_props(model, {"shiftwire.input": fmt})
    return model


def dense_node(**changes: object) -> onnx.NodeProto:
    attributes = {"exponent_min": -3, "exponent_max": 0, "bias_frac": 0} | changes
    inputs = ["x", "sign", "exponent", "bias"]
    return helper.make_node("ShiftDense", inputs, ["y"], name="fc1", domain="shiftwire", **attributes)


def dense_constants(**changes: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "sign": np.ones((1, 2, 4), np.int8),
        "exponent": np.full((1, 2, 4), -1, np.int8),
        "bias": np.zeros(2, np.int32),
    } | changes


def quant(rounding: str = "ROUND", output: str = "y", signed: int = 1, narrow: int = 0) -> onnx.NodeProto:
    return helper.make_node(
        "Quant", ["x", "scale", "zeropt", "bits"], [output], name="q", domain="qonnx.custom_op.general",
        signed=signed, narrow=narrow, rounding_mode=rounding,
    )  # fmt: skip


def quant_constants(scale: float = 0.25, zeropt: float = 0, bits: float = 6) -> dict[str, np.ndarray]:
    return {name: np.array(value, np.float32) for name, value in locals().items()}


def conv(**changes: object) -> onnx.ModelProto:
    attributes = {"exponent_min": 0, "exponent_max": 0, "bias_frac": 0, "strides": [1, 1], "pads": [0] * 4, "group": 1}
    node = helper.make_node(
        "ShiftConv", ["x", "sign", "exponent", "bias"], ["y"], name="c1", domain="shiftwire", **(attributes | changes)
    )
    ones = np.ones((1, 2, 1, 3, 3), np.int8)
    return model_of([node], {"sign": ones, "exponent": 0 * ones, "bias": np.zeros(2, np.int32)}, ("N", 1, 5, 5))
