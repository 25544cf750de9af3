"""QONNX files by hand, in the operations that Brevitas and qonnx write.

Scales are such that no exact sum lies on the edge between two codes: there the rounding of the runtime's own float
sum, whose order nobody fixes, would decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import onnx
from onnx import TensorProto, helper, numpy_helper

DOMAIN = "qonnx.custom_op.general"


class Net:
    """A graph in the making: each method adds a node behind `last` and returns the name of what it makes."""

    def __init__(self, *shape: int, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.shape, self.last, self.count = shape, "x", 0
        self.rank = 2
        """Rank of the output."""
        self.version = 1
        """Of the domain."""
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind.lower()}_{self.count}"

    def constant(self, value: Any) -> str:
        name = self.name("c")
        self.constants[name] = np.asarray(value) if np.asarray(value).dtype.kind == "i" else np.float32(value)
        return name

    def add(self, kind: str, *inputs: Any, domain: str = "", **attributes: Any) -> str:
        """Inputs are names, or values of constants; the first is `last` where it is None."""
        names = [self.last if i is None else i if isinstance(i, str) else self.constant(i) for i in inputs]
        self.last = self.name(kind)
        self.nodes.append(helper.make_node(kind, names, [self.last], name=self.last, domain=domain, **attributes))
        return self.last

    def quant(
        self,
        scale: Any,
        bits: int,
        x: Any = None,
        *,
        signed: int = 1,
        narrow: int = 0,
        zero: float = 0,
        mode: str = "ROUND",
    ) -> str:
        attributes = {"signed": signed, "narrow": narrow, "rounding_mode": mode}
        return self.add("Quant", x, scale, float(zero), float(bits), domain=DOMAIN, **attributes)

    def bipolar(self, scale: Any, x: Any = None) -> str:
        return self.add("BipolarQuant", x, scale, domain=DOMAIN)

    def weight(self, *shape: int, scale: Any, bits: int = 4, **how: Any) -> str:
        last = self.last
        values = self.rng.normal(0, 2.5, shape) * np.asarray(scale)
        made = self.quant(scale, bits, self.constant(values), narrow=how.pop("narrow", 1), **how)
        self.last = last
        return made

    def gemm(self, weight: str, *bias: Any) -> str:
        return self.add("Gemm", None, weight, *bias, transB=1)

    def conv(self, weight: str, *bias: Any, pads: int = 1, **attributes: Any) -> str:
        return self.add("Conv", None, weight, *bias, pads=[pads] * 4, **attributes)

    def norm(self, channels: int, span: float = 1.0) -> str:
        """A batch norm with negative and zero factors."""
        gamma = self.rng.normal(0, 1, channels)
        gamma[0] = 0
        mean, variance = self.rng.normal(0, span, channels), self.rng.uniform(0.2, 2, channels) * span * span
        return self.add("BatchNormalization", None, gamma, self.rng.normal(0, 1, channels), mean, variance)

    def model(self, batch: int = 1) -> onnx.ModelProto:
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *self.shape])
        y = helper.make_tensor_value_info(self.last, TensorProto.FLOAT, [batch, *[None] * (self.rank - 1)])
        tensors = [numpy_helper.from_array(value, name) for name, value in self.constants.items()]
        graph = helper.make_graph(self.nodes, "g", [x], [y], tensors)
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(DOMAIN, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)

    def values(self, count: int = 200, spans: Sequence[float] = (0.25, 1, 3, 12)) -> np.ndarray:
        """Normal samples of several scales, then extremes."""
        drawn = self.rng.normal(size=(count, *self.shape)) * np.resize(spans, count).reshape(-1, *[1] * len(self.shape))
        drawn[0], drawn[1], drawn[2], drawn[3] = 1e9, -1e9, 0, -1e-30
        return drawn.astype(np.float32)


def po2_mlp() -> Net:
    net = Net(12)
    net.quant(2.0**-3, 6)
    net.gemm(net.weight(16, 12, scale=2.0**-4), net.weight(16, scale=2.0**-7, bits=8))
    net.add("Relu", None)
    net.quant(2.0**-2, 5, signed=0)
    net.add("MatMul", None, net.weight(16, 5, scale=2.0**-3, bits=8))
    net.quant(2.0**-1, 8)
    return net


def scaled_cnn() -> Net:
    net = Net(2, 6, 6, seed=1)
    net.quant(0.0437, 6)
    net.conv(net.weight(4, 2, 3, 3, scale=0.171), net.rng.normal(0, 0.3, 4))
    net.add("Relu", None)
    net.quant(0.213, 4, signed=0)
    net.add("MaxPool", None, kernel_shape=[2, 2], strides=[2, 2])
    net.add("Reshape", None, np.array([0, -1]))
    net.add("MatMul", None, net.weight(36, 5, scale=0.09, narrow=0))
    net.add("Add", None, net.rng.normal(0, 1, 5))
    net.quant(0.31, 8, narrow=1)
    return net


def channel_cnn() -> Net:
    """Scales per output channel, an offset behind zero padding, every rounding mode."""
    net = Net(3, 5, 5, seed=2)
    net.quant(0.051, 8, signed=0, zero=117)
    scales = net.rng.uniform(0.05, 0.2, (5, 1, 1, 1))
    net.conv(net.weight(5, 3, 3, 3, scale=scales), net.rng.normal(0, 0.3, 5), strides=[2, 2])
    net.quant(0.30183, 4, signed=0, zero=6, mode="CEIL")
    net.conv(net.weight(4, 5, 2, 2, scale=2.0 ** np.array([-3, -1, -2, -4]).reshape(4, 1, 1, 1)), pads=0)
    net.quant(0.70391, 5, mode="HALF_UP")
    net.add("Flatten", None)
    net.gemm(net.weight(6, 16, scale=net.rng.uniform(0.05, 0.2, (6, 1)), signed=0, zero=7, narrow=0))
    net.quant(0.90271, 6, mode="HALF_DOWN")
    return net


def norm_cnn() -> Net:
    net = Net(2, 6, 6, seed=3)
    net.rank = 4
    net.quant(0.06, 8)
    net.conv(net.weight(6, 2, 3, 3, scale=0.13))
    net.norm(6, 3.0)
    net.add("Relu", None)
    net.quant(0.11, 3, signed=0)
    net.conv(net.weight(4, 6, 3, 3, scale=0.21), net.rng.normal(0, 0.3, 4))
    net.norm(4, 2.0)
    net.add("Clip", None, -1.25, 2.5)
    net.add("Div", None, 0.7)
    net.quant(net.rng.uniform(0.1, 0.5, (1, 4, 1, 1)), 4, mode="FLOOR")
    return net


def bipolar() -> Net:
    net = Net(16, seed=4)
    net.bipolar(1.0)
    net.gemm(net.weight(12, 16, scale=0.1, bits=1))
    net.norm(12, 0.5)
    net.bipolar(0.37)
    net.gemm(net.weight(8, 12, scale=0.21, bits=2))
    net.norm(8, 0.2)
    net.add("Sign", None)
    net.gemm(net.weight(4, 8, scale=0.5, bits=3))
    net.quant(0.25, 6)
    return net


def residual() -> Net:
    net = Net(4, 4, 4, seed=5)
    shared = np.float32(0.173)
    skip = net.quant(shared, 5, signed=0)
    net.conv(net.weight(4, 4, 3, 3, scale=0.08))
    net.norm(4)
    branch = net.quant(2 * shared, 4)
    net.add("Add", branch, skip)
    net.add("Relu", None)
    net.add("GlobalAveragePool", None)
    net.add("Flatten", None)
    net.gemm(net.weight(3, 4, scale=0.3))
    net.quant(0.11, 7)
    return net


def pooled() -> Net:
    net = Net(4, 8, 8, seed=6)
    net.quant(0.090411, 6)
    net.conv(net.weight(8, 1, 3, 3, scale=net.rng.uniform(0.1, 0.3, (8, 1, 1, 1))), group=4)
    net.quant(0.27113, 4, signed=0, mode="DOWN")
    net.add("AveragePool", None, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)
    net.quant(0.19379, 4, signed=0, mode="UP")
    net.conv(net.weight(3, 8, 1, 1, scale=0.20737), pads=0)
    net.add("ReduceMean", None, axes=[2, 3], keepdims=0)
    net.quant(0.05, 8)
    return net


def int8_cnn(channels: int = 16, *, size: int = 6, seed: int = 8) -> Net:
    """Eight bits everywhere, behind batch norm and Relu: staircases of 255 steps."""
    net = Net(3, size, size, seed=seed)
    net.quant(0.0217, 8)
    net.conv(net.weight(channels, 3, 3, 3, scale=net.rng.uniform(0.02, 0.1, (channels, 1, 1, 1)), bits=8))
    net.norm(channels, 1.0)
    net.add("Relu", None)
    net.quant(0.0473, 8, signed=0)
    net.add("Flatten", None)
    net.gemm(net.weight(5, channels * size * size, scale=0.0619, bits=8), net.rng.normal(0, 0.3, 5))
    net.quant(0.0911, 8)
    return net


NETS = {make.__name__: make for make in (po2_mlp, scaled_cnn, channel_cnn, norm_cnn, bipolar, residual, pooled)}
