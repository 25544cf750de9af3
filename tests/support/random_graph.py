"""A graph of random operations in the making, its codes on grids wherever layers read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

import onnx
from onnx import helper, numpy_helper
from random_pools import average

QONNX = "qonnx.custom_op.general"
STYLES = ("quant", "qdq", "plain")
HARD_SWISH, GELU = 14, 20
"""Opsets that have them first."""


@dataclass
class RandomFile:
    """A graph in the making; `shape` is the sample's (C, ...) at `name`, which is on a grid where `is_codes`."""

    rng: np.random.Generator
    style: str
    opset: int
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    name: str = "x"
    shape: tuple[int, ...] = ()
    is_codes: bool = False
    is_unsigned: bool = False

    def constant(self, values: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def number(self, value: float) -> str:
        return self.constant(np.float32(value))

    def node(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        output = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=f"{kind.lower()}_{output}", domain=domain,
                                           **attributes))  # fmt: skip
        return output

    def push(self, kind: str, *others: str, **attributes: Any) -> None:
        self.name = self.node(kind, self.name, *others, **attributes)

    # ---------------------------------------------------------------- quantizers

    def quantize(self, bits: int | None = None) -> None:
        """Codes of the float values, in the file's own style."""
        bits = int(bits or self.rng.integers(3, 9))
        scale = float(self.rng.uniform(0.5, 2) * 2.0 ** -(bits - 2)) * (
            1 if self.rng.random() < 0.7 else 2.0 ** round(self.rng.normal())
        )
        if self.rng.random() < 0.3:
            scale = 2.0 ** round(np.log2(scale))
        signed = not self.is_unsigned
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        match self.style:
            case "quant":
                names = (self.number(scale), self.number(0), self.number(bits))
                self.push("Quant", *names, domain=QONNX, signed=int(signed), narrow=0, rounding_mode="ROUND")
            case "qdq":
                self._qdq(scale, signed)
            case _:
                self._plain(scale, low, high)
        self.is_codes = True

    def _qdq(self, scale: float, signed: bool) -> None:
        kind = np.int8 if signed and self.rng.random() < 0.5 else np.uint8
        zero = 0 if kind is np.int8 or not signed else int(self.rng.integers(100, 156))
        names = (self.number(scale), self.constant(kind(zero)))
        self.push("QuantizeLinear", *names)
        self.push("DequantizeLinear", *names)

    def _plain(self, scale: float, low: int, high: int) -> None:
        if self.rng.random() < 0.5:
            self.push("Div", self.number(scale))
            self.push("Round")
            self.push("Clip", self.number(low), self.number(high))
            self.push("Mul", self.number(scale))
        else:
            factor = 2.0 ** round(-np.log2(scale))
            self.push("Mul", self.number(factor))
            self.push("Floor")
            self.push("Clip", self.number(low), self.number(high))
            self.push("Div", self.number(factor))

    def weight(self, shape: tuple[int, ...], axis: int) -> str:
        """A quantized weight; `axis` is that of the outputs."""
        bits, rng = int(self.rng.integers(2, 6)), self.rng
        top = (1 << bits - 1) - 1
        fan = float(np.prod(shape) / shape[axis])
        row = [size if at == axis else 1 for at, size in enumerate(shape)]
        each = bool(rng.random() < 0.5)
        scale = (rng.uniform(0.5, 2, row if each else ()) / max(top, 1) / np.sqrt(fan)).astype(np.float32)
        codes = rng.integers(-top, top + 1, shape)
        match self.style:
            case "quant":
                values = self.constant((codes * scale).astype(np.float32))
                names = (self.constant(scale), self.number(0), self.number(max(bits, 2)))
                return self.node("Quant", values, *names, domain=QONNX, signed=1, narrow=1, rounding_mode="ROUND")
            case "qdq":
                zero = np.zeros(shape[axis] if each else (), np.int8)
                names = (self.constant(scale.ravel() if each else scale), self.constant(zero))
                return self.node("DequantizeLinear", self.constant(codes.astype(np.int8)), *names, axis=axis)
        divided = self.node("Div", self.constant((codes * scale).astype(np.float32)), self.constant(scale))
        clipped = self.node("Clip", self.node("Round", divided), self.number(-top), self.number(max(top, 1)))
        return self.node("Mul", clipped, self.constant(scale))

    # ---------------------------------------------------------------- layers

    def layer(self) -> None:
        """A convolution or a dense layer on codes; its sums are floats."""
        if len(self.shape) == 1:
            self._dense()
        else:
            self._conv()
        self.is_codes, self.is_unsigned = False, False

    def _dense(self) -> None:
        outputs = int(self.rng.integers(2, 9))
        (inputs,) = self.shape
        if self.rng.random() < 0.5:
            rest = (self._bias(outputs),) if self.rng.random() < 0.6 else ()
            self.push("Gemm", self.weight((outputs, inputs), 0), *rest, transB=1)
        else:
            self.push("MatMul", self.weight((inputs, outputs), 1))
        self.shape = (outputs,)

    def _conv(self) -> None:
        rng, (channels, *spatial) = self.rng, self.shape
        depthwise = bool(rng.random() < 0.25)
        kernel = [int(rng.integers(1, min(4, size) + 1)) if size > 1 else 1 for size in spatial]
        pads = [int(rng.integers(0, size)) if size > 1 else 0 for size in kernel]
        strides = [int(rng.integers(1, 3)) for _ in kernel]
        outputs = channels if depthwise else int(rng.integers(1, 7))
        weight = self.weight((outputs, 1 if depthwise else channels, *kernel), 0)
        rest = (self._bias(outputs),) if rng.random() < 0.6 else ()
        self.push("Conv", weight, *rest, group=channels if depthwise else 1, pads=[*pads, *pads], strides=strides,
                  kernel_shape=kernel)  # fmt: skip
        sizes = [(s + 2 * p - k) // d + 1 for s, p, k, d in zip(spatial, pads, kernel, strides, strict=True)]
        self.shape = (outputs, *sizes)

    def _bias(self, outputs: int) -> str:
        return self.constant(self.rng.normal(0, 0.5, outputs).astype(np.float32))

    def pool(self) -> None:
        """A pool of codes."""
        spatial = self.shape[1:]
        if not spatial or max(spatial) < 2:
            return
        kernel = [2 if size > 1 else 1 for size in spatial]
        match int(self.rng.integers(0, 4)):
            case 0:
                self.push("GlobalAveragePool")
                self.shape, self.is_codes = (self.shape[0], *[1] * len(spatial)), False
            case 1:
                average(self)
            case _:
                self.push("MaxPool", kernel_shape=kernel, strides=kernel)
                self.shape = (self.shape[0], *(s // k for s, k in zip(spatial, kernel, strict=True)))

    def arithmetic(self) -> None:
        """One float operation, channel by channel."""
        rng = self.rng
        channels = self.shape[0]
        row = (1, channels, *[1] * (len(self.shape) - 1)) if rng.random() < 0.6 else ()
        signs = rng.choice([-1, 1], row) if rng.random() < 0.2 else 1
        match int(rng.integers(0, 9)):
            case 0:
                self.push("Mul", self.constant(np.float32(rng.uniform(0.5, 2, row) * signs)))
            case 1:
                self.push("Add", self.constant(np.float32(rng.normal(0, 0.5, row))))
            case 2:
                self.push("Sub", self.constant(np.float32(rng.normal(0, 0.5, row))))
            case 3:
                self.push("Div", self.constant(np.float32(rng.uniform(0.5, 2, row) * signs)))
            case 4:
                statistics = (rng.uniform(0.5, 2, channels), rng.normal(size=channels), rng.normal(size=channels),
                              rng.uniform(0.5, 2, channels))  # fmt: skip
                self.push("BatchNormalization", *(self.constant(np.float32(s)) for s in statistics))
            case 5:
                self.push("Clip", self.number(-1), self.number(float(rng.uniform(0.5, 3))))
            case 6:
                self.push(str(rng.choice(["Sigmoid", "Tanh", "HardSigmoid", "LeakyRelu"])))
            case 7:
                self.push(
                    "PRelu", self.constant(np.float32(rng.uniform(0, 0.5, (channels, *[1] * (len(self.shape) - 1)))))
                )
            case _:
                self.push("Relu")
                self.is_unsigned = True
                return
        self.is_unsigned = False

    def curve(self) -> None:
        """An activation of narrow codes that falls and rises, in one operation or two."""
        x = self.name
        kinds = ["Abs", "Sigmoid", "HardSigmoid", "Tanh"]
        kinds += ["HardSwish"] * (self.opset >= HARD_SWISH) + ["Gelu", "Mish"] * (self.opset >= GELU)
        kind = str(self.rng.choice(kinds))
        self.push(kind)
        if kind in ("Sigmoid", "HardSigmoid", "Tanh"):
            self.name = self.node("Mul", *((x, self.name) if self.rng.random() < 0.5 else (self.name, x)))
        if self.rng.random() < 0.3:
            self.push("Mul", self.number(float(self.rng.uniform(0.5, 2))))
        self.is_codes, self.is_unsigned = False, False

    def branch(self) -> None:
        """Two layers side by side, added or joined, and a quantizer behind."""
        start, shape = self.name, self.shape
        self._conv_like()
        self.quantize(5)
        left, left_shape = self.name, self.shape
        self.name, self.shape, self.is_unsigned = start, shape, False
        self._conv_like(left_shape[0])
        self.quantize(5)
        if left_shape == self.shape and self.rng.random() < 0.6:
            self.name = self.node("Sub" if self.rng.random() < 0.2 else "Add", left, self.name)
            if self.rng.random() < 0.5:
                self.push("Relu")
                self.is_unsigned = True
        else:
            self.name = self.node("Concat", left, self.name, axis=1)
            self.shape = (left_shape[0] + self.shape[0], *self.shape[1:])
        self.quantize(6)

    def _conv_like(self, outputs: int | None = None) -> None:
        outputs = int(outputs or self.rng.integers(1, 5))
        if len(self.shape) == 1:
            self.push("Gemm", self.weight((outputs, self.shape[0]), 0), transB=1)
            self.shape = (outputs,)
        else:
            kernel = [1] * (len(self.shape) - 1)
            self.push("Conv", self.weight((outputs, self.shape[0], *kernel), 0), kernel_shape=kernel)
            self.shape = (outputs, *self.shape[1:])
        self.is_codes, self.is_unsigned = False, False

    def move(self) -> None:
        """Something that moves codes: a pad, repeated pixels, a flatten, two transpositions, parts, shuffles."""
        spatial = self.shape[1:]
        match int(self.rng.integers(0, 8)):
            case 0 if spatial:
                pads = [0, 0, *[1] * len(spatial), 0, 0, *[0] * len(spatial)]
                self.push("Pad", self.constant(np.array(pads, np.int64)))
                self.shape = (self.shape[0], *(size + 1 for size in spatial))
            case 1 if len(spatial) == 2 and max(spatial) < 6:
                scales = self.constant(np.array([1, 1, 2, 2], np.float32))
                self.push("Resize", "", scales, mode="nearest", coordinate_transformation_mode="asymmetric",
                          nearest_mode="floor")  # fmt: skip
                self.shape = (self.shape[0], *(2 * size for size in spatial))
            case 2 if spatial and self.rng.random() < 0.3:
                self.push("Flatten", axis=1)
                self.shape = (int(np.prod(self.shape)),)
            case 3 if len(spatial) == 2:
                self.push("Transpose", perm=[0, 2, 3, 1])
                self.push("Relu")
                self.push("Transpose", perm=[0, 3, 1, 2])
            case 4:
                self._parts()
            case 5:
                self._shuffle()
            case 6 if len(spatial) == 2 and self.shape[0] % 4 == 0:
                self.push("DepthToSpace", blocksize=2, mode=str(self.rng.choice(["CRD", "DCR"])))
                self.shape = (self.shape[0] // 4, *(2 * size for size in spatial))
            case 7 if len(spatial) == 2 and not any(size % 2 for size in spatial):
                self.push("SpaceToDepth", blocksize=2)
                self.shape = (self.shape[0] * 4, *(size // 2 for size in spatial))
            case _:
                self.push("Identity")

    def _parts(self) -> None:
        """Some channels, or two parts of them that change places."""
        rng, (channels, *spatial) = self.rng, self.shape
        first = int(rng.integers(0, channels))
        if rng.random() < 0.5 or not first:
            ends = (self.constant(np.array([number])) for number in (first, channels, 1, int(rng.integers(1, 3))))
            self.push("Slice", *ends)
            self.shape = (len(range(first, channels, int(numpy_helper.to_array(self.constants[-1])[0]))), *spatial)
            return
        left = self.node("Split", self.name, self.constant(np.array([first, channels - first])), axis=1)
        self.nodes[-1].output.append(f"{left}_rest")
        self.name = self.node("Concat", f"{left}_rest", left, axis=1)

    def _shuffle(self) -> None:
        """Channels of two or three groups in turn, as exporters spell it."""
        channels, *spatial = self.shape
        groups = 3 if channels % 3 == 0 else 2
        if channels % groups:
            return
        axes = range(3, 3 + len(spatial))
        self.push("Reshape", self.constant(np.array([0, groups, channels // groups, *spatial])))
        self.push("Transpose", perm=[0, 2, 1, *axes])
        self.push("Reshape", self.constant(np.array([0, channels, *spatial])))
