"""Channels-last graphs as converters from TensorFlow write them, by hand: Transposes round layers, QDQ of uint8."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import onnx
from foreign_files import File, spread
from onnx import TensorProto
from rounding_ties import held

LAST, FIRST = [0, 2, 3, 1], [0, 3, 1, 2]
"""Orders to channels last and to channels first."""


class Graph(File):
    """A file whose activations are (N, H, W, C) or (N, L, C), every tensor behind Q and DQ of uint8."""

    rng = np.random.default_rng(0)

    def coded(self, x: str, scale: float = 0.047, zero: int = 119, out: str = "") -> str:
        names = self.constant(np.float32(scale)), self.constant(np.array(zero), int(TensorProto.UINT8))
        return self.add("DequantizeLinear", self.add("QuantizeLinear", x, *names), *names, out=out)

    def weight(self, shape: Sequence[int], axis: int = 0) -> str:
        """int8 with a scale for each output."""
        codes = self.rng.integers(-127, 128, shape).astype(np.int8)
        scale = self.rng.uniform(0.001, 0.004, shape[axis]).astype(np.float32)
        return self.add("DequantizeLinear", codes, scale, np.zeros(shape[axis], np.int8), axis=axis)

    def bias(self, channels: int) -> np.ndarray:
        return self.rng.normal(0, 0.3, channels).astype(np.float32)

    def turned(self, kind: str, x: str, *others: Any, **attributes: Any) -> str:
        """A layer of channels first between two Transposes."""
        layer = self.add(kind, self.add("Transpose", x, perm=FIRST), *others, **attributes)
        return self.add("Transpose", layer, perm=LAST)

    def conv(self, x: str, inputs: int, outputs: int, **attributes: Any) -> str:
        """Its bias an Add in channels-last order, as tf2onnx writes it."""
        group = attributes.get("group", 1)
        return self.add("Add", self.turned("Conv", x, self.weight((outputs, inputs // group, 3, 3)), **attributes),
                        self.bias(outputs))  # fmt: skip

    def dense(self, x: str, pixels: int, outputs: int = 5) -> str:
        """A flatten in channels-last order, a layer and the last quantizer."""
        flat = self.add("Reshape", x, np.array([-1, pixels]))
        made = self.add("MatMul", flat, self.weight((pixels, outputs), axis=1))
        return self.coded(self.add("Add", made, self.bias(outputs)), 0.031, 131, out="y")


def lengths(file: Graph, x: str, inputs: int, outputs: int, **attributes: Any) -> str:
    """Conv1D of (N, L, C): an axis of one put in, a convolution of one row between Transposes, the axis taken out."""
    row = file.add("Unsqueeze", x, np.array([1]))
    made = file.turned("Conv", row, file.weight((outputs, inputs, 1, 3)), **attributes)
    return file.add("Add", file.add("Squeeze", made, np.array([1])), file.bias(outputs))


def agrees(make: Callable[[], Graph], path: Path, count: Any) -> None:
    Graph.rng = np.random.default_rng(sum(map(ord, make.__name__)))
    model = make().model()
    onnx.save(model, path)
    shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim[1:]]
    held(path, spread(np.random.default_rng(1), shape, 200), "channels_last", count)
