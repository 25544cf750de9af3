"""Small files, each of which one rewrite or another of the canonical form is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import onnx
from foreign_files import MICROSOFT, File
from hand_spellings import whole_array
from qonnx_nets import DOMAIN


def fused() -> onnx.ModelProto:
    """As onnxruntime saves a convolution and what stood behind it."""
    file = File((2, 4, 4))
    file.add("FusedConv", "x", whole_array(3, 2, 3, 3), domain=MICROSOFT, activation="Relu", out="y")
    return file.model()


def integers() -> onnx.ModelProto:
    """One quantizer of ONNX's own."""
    file = File((6,))
    file.add("DequantizeLinear", file.add("QuantizeLinear", "x", 0.5, np.int8(3)), 0.5, np.int8(3), out="y")
    return file.model()


def rows_of_images() -> onnx.ModelProto:
    """A line as an image of one row, as exporters spell a convolution of one axis."""
    file = File((2, 6))
    image = file.add("Conv", file.add("Unsqueeze", "x", np.array([2])), whole_array(3, 2, 1, 3), kernel_shape=[1, 3])
    file.add("Squeeze", image, np.array([2]), out="y")
    return file.model()


def dilated() -> onnx.ModelProto:
    """A kernel with gaps."""
    file = File((2, 6, 6))
    file.add("Conv", "x", whole_array(3, 2, 2, 2), dilations=[2, 3], out="y")
    return file.model()


def straight_through() -> onnx.ModelProto:
    """x + (round(x) - x), and a constant that arithmetic makes."""
    file = File((3, 4, 4))
    rounded = file.add("Round", "x")
    quantized = file.add("Add", "x", file.add("Sub", rounded, "x"))
    file.add("Mul", quantized, file.add("Add", np.float32(1.5), np.float32(0.25)), out="y")
    return file.model()


def lines() -> onnx.ModelProto:
    """A convolution along L of (N, L, C), as tf2onnx writes it."""
    file = File((16, 3))
    image = file.add("Transpose", file.add("Unsqueeze", "x", np.array([1])), perm=[0, 3, 1, 2])
    weights = np.random.default_rng(7).normal(size=(4, 3, 1, 3)).astype(np.float32)
    back = file.add("Transpose", file.add("Conv", image, weights), perm=[0, 2, 3, 1])
    file.add("Relu", file.add("Squeeze", back, np.array([1])), out="y")
    return file.model()


def taken_out() -> onnx.ModelProto:
    """A quantizer of scale 1 between a division and a product."""
    file = File((6,))
    codes = file.add("Quant", file.add("Div", "x", 0.3), 1.0, 0.0, 4.0, domain=DOMAIN)
    file.add("Mul", codes, 0.3, out="y")
    return file.model()


def beside_a_layer() -> onnx.ModelProto:
    """A convolution of a channels-last input, and the input itself added to it."""
    file = File((4, 4, 2))
    layer = file.add("Conv", file.add("Transpose", "x", perm=[0, 3, 1, 2]), whole_array(2, 2, 1, 1))
    total = file.add("Add", file.add("Transpose", layer, perm=[0, 2, 3, 1]), "x")
    file.add("MaxPool", file.add("Transpose", total, perm=[0, 3, 1, 2]), kernel_shape=[2, 2], out="y")
    return file.model()


def pixels_shuffled() -> onnx.ModelProto:
    """Depth to space in front of what treats numbers alike."""
    file = File((2, 4, 4))
    sums = file.add("Conv", "x", whole_array(8, 2, 1, 1))
    file.add("Relu", file.add("DepthToSpace", sums, blocksize=2), out="y")
    return file.model()


def shuffled_around() -> onnx.ModelProto:
    """A shuffle of channels with a Relu between its Reshapes."""
    file = File((2, 4, 4))
    groups = file.add("Reshape", file.add("Conv", "x", whole_array(6, 2, 1, 1)), np.array([0, 2, 3, 4, 4]))
    turned = file.add("Transpose", file.add("Relu", groups), perm=[0, 2, 1, 3, 4])
    file.add("Reshape", turned, np.array([0, 6, 4, 4]), out="y")
    return file.model()


def parts() -> onnx.ModelProto:
    """The last channels of a convolution."""
    file = File((2, 4, 4))
    first = file.add("Split", file.add("Conv", "x", whole_array(5, 2, 1, 1)), np.array([1, 4]), axis=1)
    file.nodes[-1].output.append("last")
    file.add("Add", "last", file.add("Relu", first), out="y")
    return file.model()


def one_node(kind: str, *constants: Any, **attributes: Any) -> onnx.ModelProto:
    file = File((2, 4, 4))
    file.add(kind, "x", *constants, out="y", **attributes)
    return file.model()


REWRITTEN: dict[str, Callable[[], onnx.ModelProto]] = {
    "fused": fused,
    "integers": integers,
    "rows of images": rows_of_images,
    "dilated": dilated,
    "straight through": straight_through,
    "lines": lines,
    "taken out": taken_out,
    "beside a layer": beside_a_layer,
    "pixels shuffled": pixels_shuffled,
    "shuffled around": shuffled_around,
    "parts": parts,
    "transposed": lambda: one_node("ConvTranspose", whole_array(2, 3, 2, 2)),
}
