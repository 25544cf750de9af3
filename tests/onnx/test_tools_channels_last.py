"""Channels-last graphs as converters from TensorFlow write them, by hand: Transposes round layers, one axis put in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from channels_last import FIRST, LAST, Graph, agrees, lengths
from tiers import some


def same() -> Graph:
    """Pads of SAME, unlike at both ends behind a stride of two."""
    file = Graph((6, 6, 2), rank=2)
    x = file.conv(file.coded("x"), 2, 4, pads=[0, 0, 1, 1], strides=[2, 2])
    file.dense(file.coded(file.add("Relu", x), 0.021, 0), 36)
    return file


def auto_pads() -> Graph:
    file = Graph((5, 6, 3), rank=2)
    x = file.conv(file.coded("x"), 3, 4, auto_pad="SAME_UPPER", strides=[2, 2])
    file.dense(file.coded(file.add("Relu", x), 0.021, 0), 36)
    return file


def depthwise() -> Graph:
    """Relu6 as a Clip, and a layer of one pixel behind."""
    file = Graph((6, 6, 4), rank=2)
    x = file.coded(file.add("Clip", file.conv(file.coded("x"), 4, 4, pads=[1] * 4, group=4), 0.0, 6.0), 0.0235, 0)
    x = file.add("Add", file.turned("Conv", x, file.weight((6, 4, 1, 1))), file.bias(6))
    file.dense(file.coded(file.add("Relu", x), 0.009, 0), 216)
    return file


def pooled() -> Graph:
    """Maxima between Transposes of their own, a whole mean over axes 1 and 2."""
    file = Graph((8, 8, 2), rank=2)
    x = file.coded(file.add("Relu", file.conv(file.coded("x"), 2, 4, pads=[1] * 4)), 0.021, 0)
    x = file.coded(file.turned("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), 0.021, 0)
    file.dense(file.coded(file.add("ReduceMean", x, np.array([1, 2]), keepdims=0), 0.0117, 0), 4)
    return file


def highest() -> Graph:
    """A whole maximum over axes 1 and 2."""
    file = Graph((6, 6, 2), rank=2)
    x = file.coded(file.add("Relu", file.conv(file.coded("x"), 2, 6, pads=[1] * 4)), 0.021, 0)
    file.dense(file.coded(file.add("ReduceMax", x, np.array([1, 2]), keepdims=0), 0.021, 0), 6)
    return file


def averaged() -> Graph:
    file = Graph((6, 6, 3), rank=2)
    x = file.coded(file.add("Relu", file.conv(file.coded("x"), 3, 4, pads=[1] * 4)), 0.021, 0)
    x = file.coded(file.turned("AveragePool", x, kernel_shape=[3, 3], strides=[3, 3]), 0.0123, 3)
    file.dense(x, 16)
    return file


def residual() -> Graph:
    """A sum of two scales, in channels-last order."""
    file = Graph((4, 4, 3), rank=2)
    x = file.coded(file.add("Relu", file.conv(file.coded("x"), 3, 3, pads=[1] * 4)), 0.021, 0)
    y = file.coded(file.conv(x, 3, 3, pads=[1] * 4), 0.017, 120)
    file.dense(file.coded(file.add("Relu", file.add("Add", y, x)), 0.027, 0), 48)
    return file


def joined() -> Graph:
    """A Concat of the last axis."""
    file = Graph((4, 4, 2), rank=2)
    x = file.coded("x")
    one, two = (file.add("Relu", file.conv(x, 2, channels, pads=[1] * 4)) for channels in (3, 2))
    both = file.add("Concat", file.coded(one, 0.019, 0), file.coded(two, 0.019, 0), axis=3)
    file.dense(both, 80)
    return file


def maps() -> Graph:
    """Ends in an image, channels last."""
    file = Graph((5, 5, 2), rank=4)
    x = file.coded(file.add("Relu", file.conv(file.coded("x"), 2, 4, pads=[1] * 4)), 0.021, 0)
    file.coded(file.conv(x, 4, 3, pads=[1] * 4), 0.017, 125, out="y")
    return file


def turned_once() -> Graph:
    """The first Transpose in front of the first quantizer, and none between layers."""
    file = Graph((6, 6, 2), rank=2)
    x = file.coded(file.add("Transpose", "x", perm=FIRST))
    x = file.add("Conv", x, file.weight((4, 2, 3, 3)), file.bias(4), pads=[1] * 4)
    x = file.coded(file.add("Relu", x), 0.021, 0)
    x = file.add("Conv", x, file.weight((4, 4, 3, 3)), file.bias(4), strides=[2, 2])
    file.dense(file.add("Transpose", file.coded(file.add("Relu", x), 0.019, 0), perm=LAST), 16)
    return file


def conv1d() -> Graph:
    file = Graph((12, 2), rank=2)
    x = file.coded(file.add("Relu", lengths(file, file.coded("x"), 2, 4, pads=[0, 1, 0, 1])), 0.013, 0)
    x = lengths(file, x, 4, 3, strides=[1, 2])
    file.dense(file.coded(file.add("Relu", x), 0.011, 0), 15)
    return file


def causal() -> Graph:
    """Pads in front alone, a node of their own."""
    file = Graph((10, 3), rank=2)
    x = file.add("Pad", file.coded("x"), np.array([0, 2, 0, 0, 0, 0]), 0.0)
    file.dense(file.coded(file.add("Relu", lengths(file, x, 3, 4)), 0.013, 0), 40)
    return file


def pooled1d() -> Graph:
    """Maxima of a length through an axis of one."""
    file = Graph((12, 2), rank=2)
    x = file.coded(file.add("Relu", lengths(file, file.coded("x"), 2, 4, pads=[0, 1, 0, 1])), 0.013, 0)
    row = file.add("Unsqueeze", x, np.array([1]))
    row = file.turned("MaxPool", row, kernel_shape=[1, 2], strides=[1, 2])
    file.dense(file.coded(file.add("Squeeze", row, np.array([1])), 0.013, 0), 24)
    return file


def normed() -> Graph:
    """A batch norm as Mul and Add of the last axis."""
    file = Graph((6, 6, 2), rank=2)
    x = file.turned("Conv", file.coded("x"), file.weight((4, 2, 3, 3)), pads=[1] * 4)
    x = file.add("Add", file.add("Mul", x, file.rng.uniform(0.5, 1.5, 4)), file.bias(4))
    file.dense(file.coded(file.add("Relu", x), 0.023, 0), 144)
    return file


def twice_normed() -> Graph:
    """Two of them, the second behind a stride."""
    file = Graph((9, 9, 2), rank=2)
    x = file.coded("x")
    for inputs, stride in ((2, 2), (4, 1)):
        x = file.turned("Conv", x, file.weight((4, inputs, 3, 3)), strides=[stride] * 2)
        x = file.add("Add", file.add("Mul", x, file.rng.uniform(0.5, 1.5, 4)), file.bias(4))
        x = file.coded(file.add("Relu", x), 0.023, 0)
    file.dense(x, 16)
    return file


def shortcut() -> Graph:
    """A stride beside a layer of one pixel with the same stride."""
    file = Graph((6, 6, 2), rank=2)
    x = file.coded(file.add("Relu", file.conv(file.coded("x"), 2, 3, pads=[1] * 4)), 0.021, 0)
    y = file.coded(file.conv(x, 3, 4, pads=[0, 0, 1, 1], strides=[2, 2]), 0.017, 120)
    side = file.turned("Conv", x, file.weight((4, 3, 1, 1)), strides=[2, 2])
    side = file.coded(file.add("Add", side, file.bias(4)), 0.011, 131)
    file.dense(file.coded(file.add("Relu", file.add("Add", y, side)), 0.019, 0), 36)
    return file


def one_pixel() -> Graph:
    """A dense layer as a convolution of one pixel behind a whole mean that keeps its axes."""
    file = Graph((4, 4, 3), rank=4)
    x = file.coded(file.add("Relu", file.conv(file.coded("x"), 3, 4, pads=[1] * 4)), 0.021, 0)
    x = file.coded(file.turned("GlobalAveragePool", x), 0.0123, 0)
    x = file.add("Add", file.turned("Conv", x, file.weight((3, 4, 1, 1))), file.bias(3))
    file.coded(x, 0.005, 125, out="y")
    return file


def rows() -> Graph:
    """One row of pixels: a convolution of a length as TensorFlow has it before its axis is taken out."""
    file = Graph((1, 12, 2), rank=2)
    x = file.add(
        "Add", file.turned("Conv", file.coded("x"), file.weight((4, 2, 1, 3)), pads=[0, 1, 0, 1]), file.bias(4)
    )
    x = file.coded(file.add("Relu", x), 0.013, 0)
    x = file.add("Add", file.turned("Conv", x, file.weight((3, 4, 1, 3)), strides=[1, 2]), file.bias(3))
    file.dense(file.coded(file.add("Relu", x), 0.011, 0), 15)
    return file


FILES: tuple[Callable[[], Graph], ...] = (
    same, auto_pads, depthwise, pooled, averaged, residual, joined, maps, turned_once, normed, twice_normed, shortcut,
    rows, conv1d, pooled1d, one_pixel, causal, highest,
)  # fmt: skip
NAMED = {make.__name__: make for make in FILES}


@pytest.mark.parametrize("name", some(NAMED, "same", "residual", "pooled"))
def test_channels_last_files(name: str, tmp_path: Path, count: Any) -> None:
    agrees(NAMED[name], tmp_path / "net.onnx", count)
