"""Channels-last graphs with branches and pads of their own, by hand: what stands beside a layer gets its layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from channels_last import FIRST, LAST, Graph, agrees, lengths
from shiftwire.onnx.pipeline import canonical
from tiers import some


def beside_the_input() -> Graph:
    """The input itself added to what a layer makes of it, a maximum behind."""
    file = Graph((6, 6, 3), rank=2)
    x = file.coded("x", 0.031, 120)
    x = file.coded(file.add("Relu", file.add("Add", file.coded(file.conv(x, 3, 3, pads=[1] * 4)), x)), 0.037, 0)
    file.dense(file.turned("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), 27)
    return file


def blocks() -> Graph:
    """Two of them, the second with a layer of one pixel in its short cut."""
    file = Graph((6, 6, 3), rank=2)
    x = file.coded("x", 0.031, 120)
    x = file.coded(file.add("Relu", file.add("Add", file.coded(file.conv(x, 3, 3, pads=[1] * 4)), x)), 0.037, 0)
    y = file.coded(file.conv(x, 3, 4, pads=[0, 0, 1, 1], strides=[2, 2]), 0.017, 120)
    side = file.turned("Conv", x, file.weight((4, 3, 1, 1)), strides=[2, 2])
    side = file.coded(file.add("Add", side, file.bias(4)), 0.011, 131)
    x = file.coded(file.add("Relu", file.add("Add", y, side)), 0.019, 0)
    file.dense(file.add("ReduceMean", x, np.array([1, 2]), keepdims=0), 4)
    return file


def one_transpose() -> Graph:
    """Read by a layer and by the sum behind it."""
    file = Graph((5, 5, 3), rank=2)
    x = file.add("Transpose", file.coded("x", 0.031, 120), perm=FIRST)
    y = file.add("Conv", x, file.weight((3, 3, 3, 3)), file.bias(3), pads=[1] * 4)
    total = file.add("Transpose", file.add("Add", x, file.coded(y)), perm=LAST)
    file.dense(file.coded(file.add("Relu", total), 0.037, 0), 75)
    return file


def a_transpose_each() -> Graph:
    """Two layers and the input itself side by side."""
    file = Graph((4, 4, 2), rank=2)
    x = file.coded("x", 0.019, 110)
    one, two = (file.coded(file.conv(x, 2, channels, pads=[1] * 4), 0.019, 110) for channels in (3, 2))
    file.dense(file.add("Concat", one, x, two, axis=3), 112)
    return file


def flattened_beside() -> Graph:
    """A layer of the pixels as they come beside a convolution's mean."""
    file = Graph((4, 4, 2), rank=2)
    x = file.coded("x", 0.031, 120)
    mean = file.add("ReduceMean", file.coded(file.add("Relu", file.conv(x, 2, 4)), 0.021, 0), np.array([1, 2]),
                    keepdims=0)  # fmt: skip
    one = file.coded(file.add("MatMul", mean, file.weight((4, 5), axis=1)), 0.0071, 120)
    two = file.coded(file.add("MatMul", file.add("Reshape", x, np.array([-1, 32])), file.weight((32, 5), axis=1)),
                     0.0141, 127)  # fmt: skip
    file.coded(file.add("Add", one, two), 0.0173, 120, out="y")
    return file


def an_image() -> Graph:
    """What comes out has the layout of what went in."""
    file = Graph((5, 5, 2), rank=4)
    x = file.coded("x", 0.031, 120)
    file.coded(file.add("Add", file.coded(file.conv(x, 2, 2, pads=[1] * 4)), x), 0.029, 125, out="y")
    return file


def channels_first_input() -> Graph:
    """Transposed in front of the first quantizer, and added in that layout."""
    file = Graph((3, 5, 5), rank=2)
    x = file.coded(file.add("Transpose", "x", perm=LAST), 0.031, 120)
    x = file.coded(file.add("Relu", file.add("Add", x, file.coded(file.conv(x, 3, 3, pads=[1] * 4)))), 0.037, 0)
    file.dense(x, 75)
    return file


def prepared() -> Graph:
    """A mean and a spread for each channel in front of the quantizer."""
    file = Graph((5, 5, 3), rank=2)
    x = file.add("Div", file.add("Sub", "x", np.array([0.3, -0.2, 0.1])), np.array([0.9, 1.1, 1.3]))
    x = file.coded(x, 0.031, 120)
    x = file.coded(file.add("Relu", file.add("Add", file.coded(file.conv(x, 3, 3, pads=[1] * 4)), x)), 0.037, 0)
    file.dense(x, 75)
    return file


def padded() -> Graph:
    """Pads of height and width on axes 1 and 2, all four unlike, then some that name their axes."""
    file = Graph((6, 5, 2), rank=2)
    x = file.add("Pad", file.coded("x"), np.array([0, 1, 2, 0, 0, 0, 1, 0]), 0.0)
    x = file.coded(file.add("Relu", file.conv(x, 2, 3)), 0.021, 0)
    x = file.add("Pad", x, np.array([1, 0, 0, 1]), 0.0, np.array([1, 2]))
    x = file.coded(file.add("Relu", file.conv(x, 3, 4, strides=[2, 2])), 0.019, 0)
    file.dense(x, 24)
    return file


def padded_and_coded() -> Graph:
    """A quantizer between pads and layer, which changes nothing."""
    file = Graph((6, 5, 2), rank=2)
    x = file.coded(file.add("Pad", file.coded("x"), np.array([0, 1, 1, 0, 0, 1, 1, 0]), 0.0))
    x = file.coded(file.add("Relu", file.conv(x, 2, 3)), 0.021, 0)
    x = file.coded(file.add("Pad", x, np.array([0, 0, 0, 0, 0, 1, 1, 0]), 0.0), 0.021, 0)
    file.dense(file.coded(file.add("Relu", file.conv(x, 3, 4, strides=[2, 2])), 0.019, 0), 24)
    return file


def lowest() -> Graph:
    """Pads of a maximum, which it never chooses."""
    file = Graph((5, 5, 2), rank=2)
    x = file.coded(file.conv(file.coded("x"), 2, 4, pads=[1] * 4), 0.041, 128)
    x = file.add("Pad", x, np.array([0, 0, 0, 0, 0, 1, 1, 0]), np.float32(np.finfo(np.float32).min))
    file.dense(file.turned("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), 36)
    return file


def along_time() -> Graph:
    """Bai et al., Convolutional and Recurrent Networks, 2018: causal, dilated layers, each beside what it reads."""
    file = Graph((12, 3), rank=2)
    x = file.coded("x", 0.031, 120)
    for dilation, scale in ((1, 0.037), (2, 0.041), (4, 0.047)):
        early = file.add("Pad", x, np.array([0, 2 * dilation, 0, 0, 0, 0]), 0.0)
        made = lengths(file, early, 3, 3, dilations=[1, dilation])
        x = file.coded(file.add("Relu", file.add("Add", file.coded(made), x)), scale, 0)
    file.dense(x, 36)
    return file


def a_row_padded() -> Graph:
    """Pads behind the axis that was put in."""
    file = Graph((10, 2), rank=2)
    row = file.add("Unsqueeze", file.coded("x"), np.array([1]))
    row = file.add("Pad", row, np.array([0, 0, 2, 0, 0, 0, 0, 0]), 0.0)
    made = file.add("Squeeze", file.turned("Conv", row, file.weight((4, 2, 1, 3))), np.array([1]))
    file.dense(file.coded(file.add("Relu", file.add("Add", made, file.bias(4))), 0.013, 0), 40)
    return file


def rows_padded() -> Graph:
    """The same axis, which stays."""
    file = Graph((10, 2), rank=4)
    row = file.add("Unsqueeze", file.coded("x"), np.array([1]))
    row = file.add("Pad", row, np.array([0, 0, 2, 0, 0, 0, 0, 0]), 0.0)
    made = file.add("Add", file.turned("Conv", row, file.weight((4, 2, 1, 3))), file.bias(4))
    file.coded(made, 0.023, 125, out="y")
    return file


FILES: tuple[Callable[[], Graph], ...] = (
    beside_the_input, blocks, one_transpose, a_transpose_each, flattened_beside, an_image, channels_first_input,
    prepared, padded, padded_and_coded, lowest, along_time,
    a_row_padded, rows_padded,
)  # fmt: skip
NAMED = {make.__name__: make for make in FILES}


@pytest.mark.parametrize("name", some(NAMED, "beside_the_input", "along_time", "padded"))
def test_branches_of_channels_last_files(name: str, tmp_path: Path, count: Any) -> None:
    agrees(NAMED[name], tmp_path / "net.onnx", count)


@pytest.mark.parametrize("name", NAMED)
def test_no_transpose_stays_between_layers(name: str) -> None:
    kinds = [node.op_type for node in canonical(NAMED[name]().model()).graph.node]
    assert "Transpose" not in kinds[1:-1]
    assert ("Pad" in kinds) == (name == "padded_and_coded")


def drawn(seed: int) -> Graph:
    """A few layers at random, each beside any tensor of its shape that was there before."""
    rng = np.random.default_rng(seed)
    size, channels = int(rng.integers(4, 8)), int(rng.integers(2, 5))
    file = Graph((size, size, channels), rank=2)
    known = [(file.coded("x", 0.031, 120), size, channels)]
    for _ in range(rng.integers(2, 6)):
        x, size, channels = known[rng.integers(max(len(known) - 2, 0), len(known))]
        alike = [y for y, *rest in known if rest == [size, channels]]
        match rng.choice(["conv", "padded", "pool", "add", "concat", "relu"]):
            case "conv":
                made = int(rng.integers(2, 5))
                x, channels = file.conv(x, channels, made, pads=[1] * 4), made
            case "padded":
                begin, end = rng.integers(0, 3, 2)
                x = file.add("Pad", x, np.array([0, begin, end, 0, 0, 2 - begin, 2 - end, 0]), 0.0)
                x = file.conv(x, channels, channels)
            case "pool" if size > 3:
                x, size = file.turned("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), size // 2
            case "add":
                x = file.add("Add", x, alike[rng.integers(len(alike))])
            case "concat" if channels < 8:
                x, channels = file.add("Concat", x, alike[rng.integers(len(alike))], axis=3), 2 * channels
            case _:
                x = file.add("Relu", x)
        known.append((file.coded(x, float(rng.uniform(0.02, 0.06)), int(rng.integers(90, 150))), size, channels))
    x, size, channels = known[-1]
    if rng.integers(2):
        file.dense(file.add("ReduceMean", x, np.array([1, 2]), keepdims=0), channels)
    else:
        file.dense(x, size * size * channels)
    return file


@pytest.mark.parametrize("seed", some(range(60), *range(6)))
def test_random_branches(seed: int, tmp_path: Path, count: Any) -> None:
    def make() -> Graph:
        return drawn(seed)

    agrees(make, tmp_path / "net.onnx", count)
