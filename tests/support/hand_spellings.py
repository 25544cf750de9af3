"""ONNX files written by hand, in spellings that no exporter of torch uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import onnx
from onnx import TensorProto, helper, numpy_helper


def by_hand(
    nodes: list[onnx.NodeProto], shape: list[object], constants: dict[str, np.ndarray], opset: int
) -> onnx.ModelProto:
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [x], [y], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def node(kind: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [output], name=output, **attributes)


def whole_array(*shape: int, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).integers(-3, 4, shape).astype(np.float32)


def channels_last() -> onnx.ModelProto:
    """As a Keras exporter writes it: transposes around each convolution, bias and flatten in channels-last order."""
    turn, back = {"perm": [0, 3, 1, 2]}, {"perm": [0, 2, 3, 1]}
    nodes = [
        node("Transpose", "x", "x_last", **back),
        node("Transpose", "x_last", "a0", **turn),
        node("Conv", "a0 w1", "a1", auto_pad="SAME_UPPER", strides=[2, 2]),
        node("Transpose", "a1", "a2", **back),
        node("Add", "a2 b1", "a3"),
        node("Relu", "a3", "a4"),
        node("Transpose", "a4", "c0", **turn),
        node("Conv", "c0 w2", "c1", auto_pad="SAME_LOWER", kernel_shape=[2, 2]),
        node("Transpose", "c1", "c2", **back),
        node("Add", "c2 a4", "c3"),
        node("Concat", "c3 a4", "c4", axis=3),
        node("Reshape", "c4 flat", "c5"),
        node("MatMul", "c5 w3", "y"),
    ]
    constants = {
        "w1": whole_array(4, 2, 3, 3),
        "b1": whole_array(4),
        "w2": whole_array(4, 4, 2, 2, seed=6),
        "w3": whole_array(3 * 3 * 8, 5, seed=7),
        "flat": np.array([-1, 72]),
    }
    return by_hand(nodes, ["N", 2, 5, 6], constants, 13)


def arithmetic() -> onnx.ModelProto:
    """Constants on either side, negations, divisions that round and that do not, clips of every spelling."""
    nodes = [
        node("Sub", "c x", "a"),
        node("Neg", "a", "b"),
        node("Div", "b four", "d"),
        node("Div", "d three", "e"),
        node("Mul", "c e", "f"),
        node("Max", "zero f", "g"),
        node("Min", "g three", "h"),
        node("Clip", "h", "i", min=-1.0),
        node("Sub", "i four", "y"),
    ]
    scalars = {"three": 3, "four": 4, "zero": 0}
    constants = {name: np.array(value, np.float32) for name, value in scalars.items()}
    return by_hand(nodes, ["N", 3, 4], constants | {"c": whole_array(3, 1)}, 9)


def gemms() -> onnx.ModelProto:
    """Untransposed, scaled, its bias a scalar; a MatMul whose bias is added; a chain of reshapes between."""
    nodes = [
        node("Gemm", "x w1 half", "a", alpha=2.0, beta=4.0),
        node("Unsqueeze", "a", "a1", axes=[1]),
        node("Reshape", "a1 inner", "a2"),
        node("Squeeze", "a2", "a3", axes=[2]),
        node("Reshape", "a3 outer", "a4"),
        node("MatMul", "a4 w2", "b"),
        node("Add", "bias b", "c"),
        node("Dropout", "c", "y"),
    ]
    constants = {
        "w1": whole_array(6, 8),
        "half": np.array(0.5, np.float32),
        "w2": whole_array(8, 3),
        "bias": whole_array(1, 3),
        "inner": np.array([-1, 4, 1, 2]),
        "outer": np.array([0, -1]),
    }
    return by_hand(nodes, ["N", 6], constants, 11)


def pads() -> onnx.ModelProto:
    """A Pad that an average takes in, one that is too wide for it, one in front of a maximum."""
    nodes = [
        node("Pad", "x", "a", pads=[0, 0, 1, 0, 0, 0, 0, 1]),
        node("AveragePool", "a", "b", kernel_shape=[2, 2]),
        node("Pad", "b", "c", pads=[0, 0, 2, 0, 0, 0, 0, 0]),
        node("AveragePool", "c", "d", kernel_shape=[2, 1]),
        node("Pad", "d", "e", pads=[0, 0, 1, 1, 0, 0, 1, 1]),
        node("MaxPool", "e", "f", kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", "f", "y"),
    ]
    return by_hand(nodes, ["N", 2, 5, 5], {}, 10)


def idle_nodes() -> onnx.ModelProto:
    """Nodes that change nothing between a layer and its bias, and a reshape behind a mean that drops its axes."""
    nodes = [
        node("Conv", "x w1", "a", kernel_shape=[1, 1]),
        node("Reshape", "a same", "b"),
        node("Identity", "b", "b1"),
        node("Add", "b1 c1", "c"),
        node("ReduceMean", "c", "d", axes=[2, 3], keepdims=0),
        node("Unsqueeze", "d", "e", axes=[2]),
        node("Conv", "e w2", "y", kernel_shape=[1]),
    ]
    constants = {
        "w1": whole_array(4, 2, 1, 1),
        "same": np.array([0, 4, 2, 2]),
        "c1": whole_array(4, 1, 1),
        "w2": whole_array(3, 4, 1),
    }
    return by_hand(nodes, ["N", 2, 2, 2], constants, 11)


def read_for_its_shape() -> onnx.ModelProto:
    """A Dropout whose second output says how its first one is reshaped: idle as soon as that is a flatten."""
    nodes = [
        node("Relu", "x", "a"),
        helper.make_node("Dropout", ["a"], ["b", "mask"], name="b"),
        node("Shape", "mask", "c"),
        node("Gather", "c zero", "d", axis=0),
        node("Concat", "d rest", "e", axis=0),
        node("Reshape", "b e", "f"),
        node("MatMul", "f w", "y"),
    ]
    constants = {"zero": np.array([0]), "rest": np.array([-1]), "w": whole_array(12, 3)}
    return by_hand(nodes, ["N", 3, 4], constants, 13)


def parts_and_copies() -> onnx.ModelProto:
    """One column by its number, and pixels over a whole image."""
    nodes = [
        node("GlobalAveragePool", "x", "mean"),
        node("Expand", "mean size", "over"),
        node("Add", "over x", "sum"),
        node("Gather", "sum last", "column", axis=3),
        node("Flatten", "column", "row"),
        node("MatMul", "row w", "y"),
    ]
    constants = {"size": np.array([1, 1, 5, 6]), "last": np.array(-1), "w": whole_array(10, 3)}
    return by_hand(nodes, ["N", 2, 5, 6], constants, 13)


BY_HAND: dict[str, tuple[Callable[[], onnx.ModelProto], list[str]]] = {
    "channels last": (channels_last, ["Conv", "Relu", "Conv", "Add", "Concat", "Flatten", "Gemm"]),
    "arithmetic": (arithmetic, ["Mul", "Add", "Mul", "Mul", "Div", "Mul", "Relu", "Clip", "Clip", "Add"]),
    "gemms": (gemms, ["Gemm", "Gemm"]),
    "idle nodes": (idle_nodes, ["Conv", "GlobalAveragePool", "Reshape", "Conv"]),
    "read for its shape": (read_for_its_shape, ["Flatten", "Relu", "Gemm"]),
    "parts and copies": (parts_and_copies, ["GlobalAveragePool", "Resize", "Add", "Slice", "Flatten", "Gemm"]),
    "pads": (pads, ["AveragePool", "Pad", "AveragePool", "Pad", "MaxPool", "Flatten"]),
}
