"""Operations of other domains: as onnxruntime's optimiser and qonnx save them, and by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

import onnx
from foreign_files import (
    CHANNELS_LAST,
    MICROSOFT,
    File,
    agrees,
    decoded,
    executed,
    kinds,
    same_values,
    spread,
    step_names,
)
from onnx import helper
from qonnx_nets import NETS, Net
from shiftwire.errors import InputError
from shiftwire.onnx.importer import network_from_model

pytest.importorskip("qonnx")
from qonnx.core import onnx_exec
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.channels_last import ConvertToChannelsLastAndClean
from qonnx.transformation.infer_shapes import InferShapes

IMAGE, ROW = (2, 5, 5), (6,)
Settings = dict[str, Any]

CONVS: dict[str, tuple[Settings, list[str]]] = {
    "nothing": ({}, []),
    "relu": ({"activation": "Relu"}, []),
    "clip": ({"activation": "Clip", "activation_params": [-0.7, 1.9]}, []),
    "leaky": ({"activation": "LeakyRelu", "activation_params": [0.13]}, []),
    "sigmoid": ({"activation": "Sigmoid"}, []),
    "tanh": ({"activation": "Tanh"}, []),
    "hard": ({"activation": "HardSigmoid", "activation_params": [0.21, 0.53]}, []),
}


def fused_conv(settings: Settings, joins: bool = False) -> onnx.ModelProto:
    rng = np.random.default_rng(61)
    file = File(IMAGE)
    x = file.quant("x", 0.173, 6)
    w = file.quant(rng.normal(0, 0.4, (2, 2, 3, 3)), 0.13, 4)
    inputs = [x, w, rng.normal(0, 0.5, 2), *([x] if joins else [])]
    made = file.add("FusedConv", *inputs, domain=MICROSOFT, pads=[1] * 4, **settings)
    unsigned = settings.get("activation") in ("Sigmoid", "HardSigmoid")
    file.quant(made, 0.031 if unsigned else 0.217, 5, signed=int(not unsigned), out="y")
    return file.model()


@pytest.mark.parametrize("name", CONVS)
def test_fused_conv(name: str, count: Any) -> None:
    network = agrees(fused_conv(CONVS[name][0]), spread(np.random.default_rng(62), IMAGE), count)
    assert kinds(network) == ["ShiftConv", "Threshold"] and step_names(network) == ([], [])


def test_fused_conv_with_a_branch_behind_a_float_bias() -> None:
    """The branch is added to sums that no quantizer made codes of, as to any float values."""
    with pytest.raises(InputError, match="float values behind a float scale, bias or batch norm; quantize them by a"):
        network_from_model(fused_conv({"activation": "Relu"}, joins=True))


def test_fused_conv_with_a_branch_of_a_quantizer(count: Any) -> None:
    """Sums on the branch's own grid, as weights and scales of powers of two make them."""
    rng = np.random.default_rng(64)
    file = File(IMAGE)
    x = file.quant("x", 0.25, 6)
    w = file.quant(rng.normal(0, 0.4, (2, 2, 3, 3)), 0.125, 4)
    made = file.add("FusedConv", x, w, rng.integers(-9, 9, 2) / 32, x, domain=MICROSOFT, pads=[1] * 4,
                    activation="Relu")  # fmt: skip
    file.quant(made, 0.5, 5, signed=0, out="y")
    network = agrees(file.model(), spread(np.random.default_rng(65), IMAGE), count)
    assert "Add" in kinds(network) and "Threshold" not in kinds(network)


GEMMS: dict[str, Settings] = {
    "relu": {"activation": "Relu"},
    "leaky": {"activation": "LeakyRelu", "activation_alpha": 0.13},
    "tanh": {"activation": "Tanh"},
}


@pytest.mark.parametrize("name", GEMMS)
def test_fused_gemm(name: str, count: Any) -> None:
    rng = np.random.default_rng(66)
    file = File(ROW)
    w = file.quant(rng.normal(0, 0.4, (4, 6)), 0.13, 4)
    made = file.add("FusedGemm", file.quant("x", 0.173, 6), w, rng.normal(0, 1, 4), domain=MICROSOFT, transB=1,
                    **GEMMS[name])  # fmt: skip
    file.quant(made, 0.117, 5, out="y")
    network = agrees(file.model(), spread(rng, ROW, 200), count)
    assert kinds(network) == ["ShiftDense", "Threshold"]


@pytest.mark.parametrize("turned", [0, 1])
@pytest.mark.parametrize("alpha", [1.0, 0.5, 0.37])
def test_fused_matmul(turned: int, alpha: float, count: Any) -> None:
    rng = np.random.default_rng(67)
    file = File(ROW)
    w = file.quant(rng.normal(0, 0.4, (4, 6) if turned else (6, 4)), 0.13, 4)
    made = file.add("FusedMatMul", file.quant("x", 0.173, 6), w, domain=MICROSOFT, transB=turned, alpha=alpha)
    file.quant(made, 0.117, 5, out="y")
    agrees(file.model(), spread(rng, ROW, 200), count)


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("FusedConv", {"activation": "Gelu"}, "its fused activation Gelu is not handled; save the model without that"),
        ("FusedMatMul", {"transA": 1}, "it turns its first input or a batch of matrices; export the model without"),
    ],
)
def test_fusions_that_are_refused(kind: str, settings: Settings, words: str) -> None:
    file = File(IMAGE if kind == "FusedConv" else ROW)
    w = np.ones((4, 2, 1, 1) if kind == "FusedConv" else (6, 6))
    file.add(kind, file.quant("x", 0.173, 6), file.quant(w, 0.5, 3), domain=MICROSOFT, out="y", **settings)
    with pytest.raises(InputError, match=words) as caught:
        network_from_model(file.model())
    assert f"in node 'y' ({kind})" in caught.value.sentence()


def optimised(model: onnx.ModelProto, folder: Path) -> onnx.ModelProto:
    """As onnxruntime saves it behind its optimiser at the extended level."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return onnx.load(folder / "optimised.onnx")


def grid(file: File, x: str, codes: tuple[float, float, float], out: str = "") -> str:
    """A scale of a power of two, lowest and highest code, in plain operations, which the optimiser leaves."""
    scale, low, high = codes
    whole = file.add("Round", file.add("Div", x, np.float32(scale)))
    return file.add("Mul", file.add("Clip", whole, np.float32(low), np.float32(high)), np.float32(scale), out=out)


def plain() -> File:
    """Weights on grids of powers of two, a bias, activations, a residual sum, a norm, a dense layer."""
    rng = np.random.default_rng(68)
    file = File(IMAGE, rank=2)
    x = grid(file, "x", (0.25, -32, 31))
    w = rng.integers(-7, 8, (2, 2, 3, 3)) / 8
    c = file.add("Relu", file.add("Conv", x, w, rng.integers(-9, 9, 2) / 32, pads=[1] * 4))
    a = grid(file, c, (0.5, 0, 31))
    b = file.add("Conv", a, rng.integers(-7, 8, (2, 2, 3, 3)) / 8, pads=[1] * 4)
    total = file.add("Relu", file.add("Add", b, x))
    g = file.add("Flatten", grid(file, total, (0.5, 0, 31)), axis=1)
    d = file.add("Gemm", g, rng.integers(-7, 8, (50, 4)) / 8, rng.integers(-9, 9, 4) / 8)
    m = file.add("LeakyRelu", d, alpha=0.25)
    file.add("MatMul", grid(file, m, (1.0, -64, 63)), rng.integers(-7, 8, (4, 5)) / 4, out="y")
    return file


def qdq() -> File:
    """uint8 data and int8 weights behind QuantizeLinear and DequantizeLinear, two layers and a residual sum."""
    rng = np.random.default_rng(69)
    file = File(IMAGE, rank=2)

    def coded(x: str, scale: float, zero: int, out: str = "") -> str:
        codes = file.add("QuantizeLinear", x, np.float32(scale), np.uint8(zero))
        return file.add("DequantizeLinear", codes, np.float32(scale), np.uint8(zero), out=out)

    def weight(shape: tuple[int, ...], scale: Any, axis: int = 0) -> str:
        codes = rng.integers(-64, 64, shape).astype(np.int8)
        return file.add("DequantizeLinear", codes, np.float32(scale), np.zeros(np.shape(scale), np.int8), axis=axis)

    x = coded("x", 0.0437, 117)
    c = coded(file.add("Relu", file.add("Conv", x, weight((2, 2, 3, 3), [0.011, 0.017]), pads=[1] * 4)), 0.0213, 0)
    flat = file.add("Flatten", file.add("MaxPool", c, kernel_shape=[2, 2]), axis=1)
    coded(file.add("MatMul", flat, weight((32, 5), 0.0113)), 0.31, 131, out="y")
    return file


@pytest.mark.parametrize(("make", "fusions"), [
    (plain, {"FusedConv", "FusedGemm"}), (qdq, {"QLinearConv"})
], ids=["plain", "qdq"])  # fmt: skip
def test_files_that_onnxruntime_optimised(
    make: Callable[[], File], fusions: set[str], tmp_path: Path, count: Any
) -> None:
    """The saved file is read as the file it was made of answers."""
    model = make().model()
    saved = optimised(model, tmp_path)
    assert {node.op_type for node in saved.graph.node} & fusions == fusions
    x = spread(np.random.default_rng(70), IMAGE)
    network = network_from_model(saved)
    expected, found = executed(model, x), decoded(network, x)
    same_values(network, found, expected)
    assert len(np.unique(expected)) > 20
    original = network_from_model(model)
    assert np.array_equal(decoded(original, x), found)
    count(onnxruntime_outputs=expected.size)


def channels_last(net: Net, count: int, is_input: bool) -> ModelWrapper:
    """As qonnx turns a file, all samples as one batch; it wants every attribute of windows."""
    model = ModelWrapper(net.model(count)).transform(InferShapes())
    for node in model.graph.node:
        if node.op_type == "Conv":
            kernel = list(model.get_tensor_shape(node.input[1])[2:])
            wanted = {"kernel_shape": kernel, "strides": [1, 1], "dilations": [1, 1], "group": 1}
        elif node.op_type == "MaxPool":
            wanted = {"pads": [0] * 4}
        else:
            continue
        named = {entry.name for entry in node.attribute}
        node.attribute.extend(helper.make_attribute(k, v) for k, v in wanted.items() if k not in named)
    return model.transform(ConvertToChannelsLastAndClean(make_input_channels_last=is_input))


@pytest.mark.parametrize("is_input", [False, True], ids=["first", "last"])
@pytest.mark.parametrize("name", ["scaled_cnn", "channel_cnn", "norm_cnn"])
def test_channels_last_of_qonnx(name: str, is_input: bool, count: Any) -> None:
    net = NETS[name]()
    values = net.values(24)
    model = channels_last(net, len(values), is_input)
    assert {node.op_type for node in model.graph.node if node.domain == CHANNELS_LAST} >= {"Conv"}
    given = np.moveaxis(values, 1, -1) if is_input else values
    entry, output = model.graph.input[0].name, model.graph.output[0].name
    expected = onnx_exec.execute_onnx(model, {entry: given})[output]
    network = network_from_model(model.model)
    found = decoded(network, given)
    assert np.array_equal(found.astype(np.float32), expected) and len(np.unique(expected)) > 5
    count(qonnx_outputs=expected.size)


def lines(rank: int) -> File:
    """A line as an image of one row or one column: Unsqueeze or Reshape, layers, Squeeze."""
    rng = np.random.default_rng(71)
    file = File((3, 9), rank=2)
    x = file.quant("x", 0.173, 6)
    at = 2 + rank
    image = file.add("Unsqueeze", x, np.array([at])) if rank else file.add("Reshape", x, np.array([0, 3, 1, 9]))
    kernel, pads = ([1, 3], [0, 1, 0, 1]) if at == 2 else ([3, 1], [1, 0, 1, 0])
    w = file.quant(rng.normal(0, 0.4, (4, 3, *kernel)), 0.13, 4)
    c = file.add("Conv", image, w, rng.normal(0, 0.5, 4), pads=pads, kernel_shape=kernel)
    q = file.quant(file.add("Relu", c), 0.171, 4, signed=0)
    p = file.add("MaxPool", q, kernel_shape=[1, 2] if at == 2 else [2, 1], strides=[1, 2] if at == 2 else [2, 1])
    line = file.add("Squeeze", p, np.array([at]))
    v = file.quant(rng.normal(0, 0.4, (2, 4, 2)), 0.13, 4)
    file.add("Flatten", file.quant(file.add("Conv", line, v), 0.417, 6), axis=1, out="y")
    return file


@pytest.mark.parametrize("rank", [0, 1])
def test_unit_axes(rank: int, count: Any) -> None:
    """No layer of two axes is left."""
    network = agrees(lines(rank).model(), spread(np.random.default_rng(72), (3, 9)), count)
    assert kinds(network) == ["ShiftConv", "Threshold", "MaxPool", "ShiftConv", "Threshold", "Flatten"]
    assert all(len(network.tensors[name].shape) <= 2 for name in network.tensors)
    assert step_names(network) == ([], [])


def test_an_image_of_one_row_stays_one(count: Any) -> None:
    """Nothing takes the axis away again, so layers of two axes are what the file wants."""
    file = File((2, 1, 6))
    w = file.quant(np.random.default_rng(73).normal(0, 0.4, (3, 2, 1, 3)), 0.13, 4)
    file.quant(file.add("Conv", file.quant("x", 0.173, 6), w), 0.317, 5, out="y")
    network = agrees(file.model(), spread(np.random.default_rng(74), (2, 1, 6)), count)
    assert network.output.shape == (1, 4, 3)


MOVES: dict[str, tuple[tuple[int, ...], list[tuple[Any, ...]], list[str]]] = {
    "a transposition behind the quantizer": ((5, 5, 2), [("Transpose", [0, 3, 1, 2])], ["Arrange"]),
    "a reshape behind it": ((50,), [("Reshape", np.array([0, 2, 5, 5]))], ["Reshape"]),
    "both": ((50,), [("Reshape", np.array([-1, 5, 5, 2])), ("Transpose", [0, 3, 1, 2])], ["Reshape", "Arrange"]),
    "two transpositions": ((5, 2, 5), [("Transpose", [0, 2, 1, 3]), ("Transpose", [0, 1, 3, 2])], ["Arrange"]),
    "a relu between": ((5, 5, 2), [("Relu",), ("Transpose", [0, 3, 1, 2])], ["Arrange"]),
}


@pytest.mark.parametrize("name", MOVES)
def test_moves_are_raised_to_the_input(name: str, count: Any) -> None:
    """The host moves values in front of the quantizer, so that the network reads channels last as it wants them."""
    shape, nodes, steps = MOVES[name]
    file = File(shape, rank=4)
    last = file.quant(file.add("Mul", "x", 1.1), 0.173, 6)
    for kind, *constants in nodes:
        last = file.add(kind, last, perm=constants[0]) if kind == "Transpose" else file.add(kind, last, *constants)
    w = file.quant(np.random.default_rng(75).normal(0, 0.4, (3, 2, 3, 3)), 0.13, 4)
    file.quant(file.add("Conv", last, w), 0.317, 5, out="y")
    network = agrees(file.model(), spread(np.random.default_rng(76), shape), count)
    assert step_names(network) == ([*steps, "Scale"], [])
    assert network.input.shape == (5, 5, 2) and "Threshold" in kinds(network)
