"""Transposed convolutions: what stands for them, held against onnxruntime's own, at every pad and stride."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import onnx
from foreign_files import File
from onnx import helper
from onnx_lines import model_of_lines
from shiftwire.errors import InputError
from shiftwire.ir.network import Network
from shiftwire.onnx.context.parameter import IntegerWeights
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.pipeline import canonical
from shiftwire.onnx.runtime import codes_of, run_onnx
from shiftwire.ops.conv import Conv
from shiftwire.ops.moves import Crop, DepthToSpace, Select
from shiftwire.ops.upsample import Spread


def transposed(spatial: tuple[int, ...], kernel: tuple[int, ...], inputs: int = 3, outputs: int = 2, *,
               bias: bool = True, seed: int = 0, **attributes: Any) -> onnx.ModelProto:  # fmt: skip
    """A file of one layer from codes of s8.0 (N, inputs, *spatial), whole numbers for weights."""
    rng = np.random.default_rng(seed)
    constants = {"w": rng.integers(-7, 8, (inputs, outputs, *kernel)).astype(np.float32)}
    if bias:
        constants["b"] = rng.integers(-60, 60, outputs * attributes.get("group", 1)).astype(np.float32)
    names = ["x", *constants]
    model = model_of_lines("y = Relu(x)", ["N", inputs, *spatial], constants, 20)
    del model.graph.node[:]
    model.graph.node.append(helper.make_node("ConvTranspose", names, ["y"], name="y", **attributes))
    helper.set_model_props(model, {"shiftwire.input": "s8.0"})
    return model


def agrees(model: onnx.ModelProto, choice: IntegerWeights = IntegerWeights.TERMS) -> Network:
    """The network of a file gives what onnxruntime gives, which adds whole numbers exactly; so does what it writes."""
    network = network_from_model(model, choice)
    codes = np.random.default_rng(1).integers(-128, 128, (3, *network.input.shape))
    x = np.moveaxis(codes, -1, 1).astype(np.float32)
    expected = np.moveaxis(run_onnx(model, x), 1, -1)
    found = network.evaluate(codes)
    assert np.array_equal(network.output.format.decode(found), expected)
    assert np.array_equal(codes_of(run_onnx(to_onnx(network), x), network.output.format), found)
    return network


def drawn(seed: int) -> onnx.ModelProto:
    """One or two axes, any stride, dilation, pads and additions that ONNX allows, in any groups."""
    rng = np.random.default_rng(seed)
    rank, groups = int(rng.integers(1, 3)), int(rng.choice([1, 1, 2, 3]))
    kernel = tuple(int(size) for size in rng.integers(1, 6, rank))
    strides = [int(step) for step in (rng.integers(1, 4, rank) if rng.random() < 0.6 else [2] * rank)]
    dilations = [int(step) for step in rng.integers(1, 3, rank)]
    reach = [(size - 1) * step + 1 for size, step in zip(kernel, dilations, strict=True)]
    spatial = tuple(int(size) for size in rng.integers(2, 6, rank))
    pads = [int(rng.integers(0, 3)) for _ in range(2 * rank)]
    for at in range(rank):
        whole = strides[at] * (spatial[at] - 1) + reach[at]
        if pads[at] + pads[rank + at] >= whole:
            pads[at] = pads[rank + at] = 0
    added = [int(rng.integers(0, step)) for step in strides]
    inputs = groups * int(rng.integers(1, 3))
    return transposed(spatial, kernel, inputs, int(rng.integers(1, 4)), bias=bool(rng.integers(2)), seed=seed,
                      group=groups, strides=strides, dilations=dilations, pads=pads, output_padding=added)  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_any_one_is_what_onnxruntime_makes_of_it(seed: int) -> None:
    agrees(drawn(seed))


SIZES = [
    {"auto_pad": "SAME_UPPER"},
    {"auto_pad": "SAME_LOWER"},
    {"auto_pad": "VALID"},
    {"output_shape": [7, 9]},
    {"output_shape": [8, 8], "auto_pad": "SAME_UPPER"},
    {"output_shape": [6, 7], "auto_pad": "SAME_LOWER"},
]


@pytest.mark.parametrize("attributes", SIZES, ids=str)
@pytest.mark.parametrize("kernel", [2, 3, 4])
def test_sizes_that_onnx_works_out(kernel: int, attributes: dict[str, Any]) -> None:
    agrees(transposed((4, 4), (kernel, kernel), strides=[2, 2], **attributes))


def kinds(network: Network) -> list[str]:
    return [f"{node.name}: {type(node.op).__name__}" for node in network.nodes]


def test_one_as_large_as_its_stride_is_one_pixel_and_a_shuffle() -> None:
    network = agrees(transposed((3, 5), (2, 2), strides=[2, 2]))
    assert kinds(network) == ["y_sums: Conv", "y: DepthToSpace"]
    conv = network.nodes[0].op
    assert isinstance(conv, Conv) and conv.is_pointwise and conv.weights.shape == (8, 1, 1, 3)


def test_by_hand() -> None:
    """One channel, stride 2, kernel (1, 2, 3): every sample is spread over three, neighbours overlap in one."""
    model = transposed((3,), (3,), 1, 1, bias=False, strides=[2])
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(np.array([[[1, 2, 3]]], np.float32), "w"))
    network = agrees(model)
    found = network.evaluate(np.array([[[1], [10], [100]]]))
    assert found.ravel().tolist() == [1, 2, 3 + 10, 20, 30 + 100, 200, 300]
    assert kinds(network) == ["y_sums: Conv", "y_pixels: Spread", "y: Crop"]


def test_what_the_usual_ones_become() -> None:
    """Windows no larger than they must be; a crop only where no window could begin at the output."""
    for kernel, pads, added, taps, ops in (
        (3, [1] * 4, [1, 1], 2, [Conv, DepthToSpace]),
        (4, [1] * 4, [0, 0], 2, [Conv, DepthToSpace, Crop]),
        (3, [0] * 4, [0, 0], 2, [Conv, DepthToSpace, Crop]),
        (2, [0] * 4, [0, 0], 1, [Conv, DepthToSpace]),
    ):
        network = agrees(transposed((4, 4), (kernel,) * 2, strides=[2, 2], pads=pads, output_padding=added))
        conv = network.nodes[0].op
        assert isinstance(conv, Conv) and conv.window.kernel == (taps, taps)
        assert [type(node.op) for node in network.nodes] == ops


def test_without_a_stride_it_is_a_convolution() -> None:
    network = agrees(transposed((4, 4), (3, 3), pads=[1, 1, 1, 1]))
    assert kinds(network) == ["y: Conv"]


def test_a_line_needs_no_shuffle_and_groups_do() -> None:
    assert kinds(agrees(transposed((4,), (4,), strides=[4]))) == ["y_sums: Conv", "y: Spread"]
    each = agrees(transposed((4,), (2,), 3, 1, strides=[2], group=3))
    assert [type(node.op) for node in each.nodes] == [Conv, Select, Spread]
    unlike = agrees(transposed((2, 3), (2, 3), 2, 2, strides=[2, 3]))
    assert [type(node.op) for node in unlike.nodes] == [Conv, Spread, Spread]


@pytest.mark.parametrize("groups", [1, 2])
def test_unlike_strides_with_a_crop_have_a_name_for_every_tensor(groups: int) -> None:
    model = transposed((3, 4), (3, 5), 2, 2 // groups, strides=[2, 3], pads=[1] * 4, group=groups)
    names = [node.output[0] for node in canonical(model).graph.node]
    assert len(set(names)) == len(names) and "y_pixels" in names and "y_pixels_2" in names
    assert [type(node.op) for node in agrees(model).nodes][-3:] == [Spread, Spread, Crop]


def test_weights_may_be_multiplied() -> None:
    network = agrees(transposed((3, 3), (3, 3), strides=[2, 2], pads=[1] * 4), IntegerWeights.MULTIPLY)
    assert network.nodes[0].kind == "IntConv"


@pytest.mark.parametrize("scale", ["tensor", "output", "input"])
@pytest.mark.parametrize("groups", [1, 3])
def test_scales_stay_with_their_channels(scale: str, groups: int) -> None:
    """QONNX's quantizer on weights (in, out / group, 3, 3): scales by output lie along axis 1."""
    rng, outputs = np.random.default_rng(2), 3 if groups == 1 else 2
    shape = {"tensor": (), "output": (1, outputs, 1, 1), "input": (3, 1, 1, 1)}[scale]
    sizes = np.exp2(rng.integers(-3, 0, shape)) if scale == "input" and groups == 1 else rng.uniform(0.1, 0.3, shape)
    constants = {"w": rng.normal(0, 1, (3, outputs, 3, 3)).astype(np.float32), "s": sizes.astype(np.float32),
                 "z": np.float32(0), "b4": np.float32(4), "sx": np.float32(0.37), "b6": np.float32(6),
                 "c": rng.normal(0, 1, outputs * groups).astype(np.float32), "sy": np.float32(0.83)}  # fmt: skip
    quant = 'qonnx.custom_op.general.Quant<signed=1, narrow=0, rounding_mode="ROUND">'
    lines = (f"xq = {quant}(x, sx, z, b6); wq = {quant}(w, s, z, b4); "
             f"a = ConvTranspose<strides=[2, 2], pads=[1, 1, 1, 1], group={groups}>(xq, wq, c); r = Relu(a); "
             f"y = {quant}(r, sy, z, b6)")  # fmt: skip
    model = model_of_lines(lines, ["N", 3, 4, 4], constants, 20)
    if scale == "input" and groups == 1:
        with pytest.raises(InputError, match="only one for the whole tensor or for each output is handled"):
            network_from_model(model)
        return
    network = network_from_model(model)
    x = rng.normal(0, 5, (16, 3, 4, 4)).astype(np.float32)
    codes = network.evaluate(network.host_input.encode(x, network.input.format))
    values = network.host_output.scores(codes, network.output.format)
    assert np.abs(values - run_onnx(model, x)).max() < 1e-5 and len(np.unique(codes)) > 20
    assert [node.name for node in network.nodes][-1] == "y"


def test_scales_of_integer_files_too() -> None:
    """DequantizeLinear along axis 1."""
    rng = np.random.default_rng(3)
    file = File([3, 4, 4], batch=1)
    x = file.add("DequantizeLinear", file.add("QuantizeLinear", "x", np.float32(0.11), np.int8(3)), np.float32(0.11),
                 np.int8(3))  # fmt: skip
    w = file.add("DequantizeLinear", rng.integers(-90, 90, (3, 4, 2, 2)).astype(np.int8),
                 rng.uniform(0.01, 0.03, 4).astype(np.float32), np.zeros(4, np.int8), axis=1)  # fmt: skip
    a = file.add("ConvTranspose", x, w, strides=[2, 2])
    q = file.add("QuantizeLinear", a, np.float32(0.21), np.int8(-5))
    file.add("DequantizeLinear", q, np.float32(0.21), np.int8(-5), out="y")
    model = file.model()
    network = network_from_model(model)
    values = rng.normal(0, 4, (1, 3, 4, 4)).astype(np.float32)
    codes = network.evaluate(network.host_input.encode(values, network.input.format))
    found = network.host_output.scores(codes, network.output.format)
    assert np.abs(found - run_onnx(model, values)).max() < 1e-5


def test_quantizers_come_in_front_of_blocks_and_of_what_is_cropped() -> None:
    """So that narrow codes change places, not sums."""
    quant = 'qonnx.custom_op.general.Quant<signed=1, narrow=0, rounding_mode="ROUND">'
    lines = f"a = ConvTranspose<strides=[2, 2], pads=[1, 1, 1, 1]>(x, w); r = Relu(a); y = {quant}(r, s, z, b)"
    constants = {"w": np.ones((2, 3, 4, 4), np.float32), "s": 0.5, "z": 0.0, "b": 4.0}
    made = canonical(model_of_lines(lines, ["N", 2, 3, 3], constants, 20))
    assert [node.op_type for node in made.graph.node] == ["Conv", "Relu", "Quant", "DepthToSpace", "Slice"]


def test_a_batch_norm_comes_in_front_of_the_blocks() -> None:
    constants = {"w": np.ones((2, 3, 2, 2), np.float32), **{name: np.array([1, 2, 3], np.float32) for name in "gbmv"}}
    lines = "a = ConvTranspose<strides=[2, 2]>(x, w); y = BatchNormalization(a, g, b, m, v)"
    made = canonical(model_of_lines(lines, ["N", 2, 3, 3], constants, 20))
    assert [node.op_type for node in made.graph.node] == ["Conv", "BatchNormalization", "DepthToSpace"]
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in made.graph.initializer}
    assert values["g_blocks" if "g_blocks" in values else "g"].tolist() == [1, 2, 3] * 4


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (transposed((4, 4), (3, 3), strides=[2]), "1 strides do not fit 2 spatial axes; give 2"),
        (transposed((4, 4), (3, 3), pads=[5, 0, 5, 0]), "pads of 5 leave -4 positions of 6 along axis 2; pad less"),
        (transposed((4, 4), (3, 3), 3, 2, group=2), r"weights of shape \(3, 2, 3, 3\) in 2 groups do not fit 3"),
        (
            model_of_lines("w = Relu(x); y = ConvTranspose(x, w)", ["N", 2, 4, 4], {}, 20),
            r"ConvTranspose \(in 'y'\) is not supported in this form; it is read so: 1d and 2d",
        ),
        (
            model_of_lines("y = ConvTranspose(x, w)", ["N", 2, 4, 4, 4], {"w": (2, 2, 2, 2, 2)}, 20),
            r"ConvTranspose \(in 'y'\) is not supported in this form; it is read so: 1d and 2d",
        ),
    ],
)
def test_others_are_refused(model: onnx.ModelProto, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        network_from_model(model)
    assert re.search(sentence, caught.value.sentence()) and "ConvTranspose" in caught.value.sentence()
