"""Small float ONNX networks with random weights, as an exporter would write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import onnx
import shiftwire_hls
from onnx import TensorProto, helper, numpy_helper

DOMAINS = {"": 20, "shiftwire": 1, "qonnx.custom_op.general": 1}


class FloatNet:
    """Nodes one behind the other; `at` is the last tensor's name."""

    def __init__(self, shape: tuple[int, ...], seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.shape, self.at = shape, "x"
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}

    def node(self, kind: str, name: str, *inputs: str, domain: str = "", **attributes: Any) -> FloatNet:
        sources = [self.at, *inputs]
        self.nodes.append(helper.make_node(kind, sources, [name], name=name, domain=domain, **attributes))
        self.at = name
        return self

    def constant(self, name: str, values: np.ndarray) -> str:
        self.constants[name] = np.asarray(values, np.float32)
        return name

    def conv(self, name: str, outputs: int, inputs: int, kernel: int = 3, **attributes: Any) -> FloatNet:
        spread = 1 / np.sqrt(inputs * kernel * kernel)
        weight = self.constant(f"{name}_w", self.rng.normal(0, spread, (outputs, inputs, kernel, kernel)))
        bias = self.constant(f"{name}_b", self.rng.normal(0, 0.1, outputs))
        pads = {"pads": [kernel // 2] * 4} | attributes
        return self.node("Conv", name, weight, bias, kernel_shape=[kernel] * 2, **pads)

    def norm(self, name: str, channels: int) -> FloatNet:
        rows = [self.rng.uniform(0.5, 2, channels), self.rng.normal(0, 0.3, channels)]
        rows += [self.rng.normal(0, 0.2, channels), self.rng.uniform(0.5, 1.5, channels)]
        return self.node(
            "BatchNormalization", name, *(self.constant(f"{name}_{at}", row) for at, row in enumerate(rows))
        )

    def adder(self, name: str, outputs: int, inputs: int) -> FloatNet:
        weight = self.constant(f"{name}_w", self.rng.normal(0.7, 1.5, (outputs, inputs, 3, 3)))
        window = {"strides": [1, 1], "pads": [1] * 4, "group": 1}
        return self.node("AdderConv", name, weight, domain="shiftwire", weight_frac=0, **window)

    def dense(self, name: str, outputs: int, inputs: int) -> FloatNet:
        weight = self.constant(f"{name}_w", self.rng.normal(0, inputs**-0.5, (outputs, inputs)))
        bias = self.constant(f"{name}_b", self.rng.normal(0, 0.1, outputs))
        return self.node("Gemm", name, weight, bias, transB=1)

    def model(self) -> onnx.ModelProto:
        tensors = [numpy_helper.from_array(value, name) for name, value in self.constants.items()]
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *self.shape])
        y = helper.make_tensor_value_info(self.at, TensorProto.FLOAT, ["N", None])
        graph = helper.make_graph(self.nodes, "g", [x], [y], tensors)
        opsets = [helper.make_opsetid(domain, version) for domain, version in DOMAINS.items()]
        kinds = sorted({node.op_type for node in self.nodes if node.domain == "shiftwire"})
        functions = [onnx.parser.parse_function(shiftwire_hls.onnx_function(kind)) for kind in kinds]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10, functions=functions)

    def save(self, folder: Path) -> Path:
        path = folder / "float.onnx"
        onnx.save_model(self.model(), str(path))
        return path

    def samples(self, count: int) -> np.ndarray:
        return self.rng.normal(0, 1, (count, *self.shape)).astype(np.float32)


def convolutional() -> FloatNet:
    """Conv, batch norm, Relu, a residual, pools and a classifier."""
    net = FloatNet((3, 12, 12)).conv("c1", 8, 3).norm("n1", 8).node("Relu", "r1")
    net.conv("c2", 8, 8).norm("n2", 8).node("Add", "a2", "r1").node("Relu", "r2")
    net.node("MaxPool", "p", kernel_shape=[2, 2], strides=[2, 2])
    net.conv("c3", 12, 8).node("Relu", "r3").node("GlobalAveragePool", "g").node("Flatten", "f", axis=1)
    return net.dense("logits", 5, 12)


def adder() -> FloatNet:
    """A convolution, then two adder layers with batch norm and a residual."""
    net = FloatNet((2, 8, 8), seed=1).conv("c1", 6, 2).node("Relu", "r1")
    net.adder("d1", 6, 6).norm("n1", 6)
    _normalise(net, "n1", 54)
    net.node("Relu", "r2").adder("d2", 6, 6).norm("n2", 6)
    _normalise(net, "n2", 54)
    net.node("Add", "a", "r1").node("Relu", "r3").node("AveragePool", "p", kernel_shape=[2, 2], strides=[2, 2])
    return net.node("Flatten", "f", axis=1).dense("logits", 4, 96)


def _normalise(net: FloatNet, name: str, taps: int) -> None:
    """Statistics near those of an adder layer's sums, which are far below 0."""
    channels = len(net.constants[f"{name}_2"])
    net.constants[f"{name}_2"] = np.full(channels, -1.4 * taps, np.float32)
    net.constants[f"{name}_3"] = np.full(channels, 2.0 * taps, np.float32)
