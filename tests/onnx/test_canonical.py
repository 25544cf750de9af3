"""The canonical form: the same function, in the few operations that the importers know."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import onnx
from onnx import TensorProto, helper, numpy_helper
from shiftwire.onnx.canonical import pipeline
from shiftwire.onnx.canonical.pipeline import canonical
from shiftwire.onnx.runtime import run_onnx
from tiers import some

VOCABULARY = {
    "Add", "AveragePool", "BatchNormalization", "Clip", "Concat", "Conv", "Flatten", "Gemm", "GlobalAveragePool",
    "MaxPool", "Mul", "Relu",
}  # fmt: skip


def whole(net: nn.Module) -> nn.Module:
    """Small whole weights, so that float32 sums are exact in any order and outputs must be equal bit for bit."""
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in [*net.named_parameters(), *net.named_buffers()]:
            if value.dtype.is_floating_point:
                low = 1 if name.endswith("running_var") else -2
                value.copy_(torch.randint(low, 3, value.shape, generator=rng).float())
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eps = 0.0
            layer.running_var.fill_(4.0)
    return net.eval()


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU())
        self.b = nn.Conv2d(4, 4, 3, padding=1, groups=4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.cat([self.b(self.a(x)) + x, x * 2 - 1], 1)
        return nn.functional.relu6(y).mean((2, 3))


class Viewing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.Linear(64, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = nn.functional.max_pool2d(torch.relu(self.conv(x)), 2, 1, 1)[:, :, :4, :4]
        return self.fc(y.reshape(y.size(0), -1) / 4 - 3)


NETS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "mlp": (lambda: nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Dropout(), nn.Linear(9, 4, bias=False)), (6,)),
    "cnn": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Identity(),
            nn.Conv2d(8, 4, 3, padding=1, stride=2, bias=False), nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(4, 5),
        ),
        (3, 8, 8),
    ),
    "padded": (
        lambda: nn.Sequential(
            nn.ZeroPad2d((1, 0, 2, 1)), nn.Conv2d(2, 3, 3), nn.ReLU(), nn.ZeroPad2d(1), nn.AvgPool2d(2, 2), nn.Flatten()
        ),
        (2, 5, 6),
    ),
    "residual": (Residual, (4, 4, 4)),
    "viewing": (Viewing, (3, 8, 8)),
}  # fmt: skip


def exported(net: nn.Module, shape: tuple[int, ...], opset: int, dynamo: bool, is_open: bool) -> onnx.ModelProto:
    x = torch.zeros(2, *shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dynamo:
            batch = ({0: torch.export.Dim.DYNAMIC},) if is_open else None
            program = torch.onnx.export(
                net, (x,), dynamo=True, opset_version=opset, dynamic_shapes=batch, verbose=False
            )
            return program.model_proto
        held = io.BytesIO()
        axes = {"x": {0: "batch"}} if is_open else None
        torch.onnx.export(net, (x,), held, dynamo=False, opset_version=opset, input_names=["x"], dynamic_axes=axes)
        return onnx.load_from_string(held.getvalue())


def values(shape: tuple[int, ...], count: int = 24) -> np.ndarray:
    drawn = np.random.default_rng(3).integers(-4, 5, (count, *shape)).astype(np.float32)
    drawn[0], drawn[1], drawn[2] = 4, -4, 0
    return drawn


def agree(model: onnx.ModelProto, shape: tuple[int, ...], count: Any) -> onnx.ModelProto:
    """The canonical form, checked and equal to the model on every output bit."""
    before = model.SerializeToString(deterministic=True)
    made = canonical(model)
    assert model.SerializeToString(deterministic=True) == before
    onnx.checker.check_model(made, full_check=True)
    given = values(shape)
    expected, got = run_onnx(model, given), run_onnx(made, given)
    assert expected.dtype == got.dtype and np.array_equal(expected, got)
    assert len(np.unique(expected)) > 3
    count(canonical_outputs=expected.size)
    assert made.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "N"
    assert canonical(made).graph.node[0].op_type == made.graph.node[0].op_type
    return made


EXPORTS = [
    (False, 9, True),
    (False, 11, False),
    (False, 13, True),
    (False, 17, False),
    (True, 18, False),
    (True, 20, True),
]
"""Exporter, opset, open batch."""


@pytest.mark.parametrize(("dynamo", "opset", "is_open"), some(EXPORTS, EXPORTS[0], EXPORTS[-1]))
@pytest.mark.parametrize("name", NETS)
def test_both_exporters_of_torch(name: str, dynamo: bool, opset: int, is_open: bool, count: Any) -> None:
    make, shape = NETS[name]
    made = agree(exported(whole(make()), shape, opset, dynamo, is_open), shape, count)
    kinds = {node.op_type for node in made.graph.node}
    assert kinds <= VOCABULARY | ({"Slice"} if name == "viewing" else set())
    for node in made.graph.node:
        if node.op_type in ("Gemm", "Conv"):
            assert {entry.name for entry in node.attribute} >= ({"transB"} if node.op_type == "Gemm" else {"pads"})
    assert made.opset_import[0].version == 20


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


BY_HAND: dict[str, tuple[Callable[[], onnx.ModelProto], list[str]]] = {
    "channels last": (channels_last, ["Conv", "Relu", "Conv", "Add", "Concat", "Flatten", "Gemm"]),
    "arithmetic": (arithmetic, ["Mul", "Add", "Mul", "Mul", "Div", "Mul", "Relu", "Clip", "Clip", "Add"]),
    "gemms": (gemms, ["Gemm", "Gemm"]),
    "idle nodes": (idle_nodes, ["Conv", "GlobalAveragePool", "Reshape", "Conv"]),
    "read for its shape": (read_for_its_shape, ["Relu", "Flatten", "Gemm"]),
    "pads": (pads, ["AveragePool", "Pad", "AveragePool", "Pad", "MaxPool", "Flatten"]),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_spellings_by_hand(name: str, count: Any) -> None:
    make, kinds = BY_HAND[name]
    model = make()
    shape = tuple(dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim[1:])
    assert [entry.op_type for entry in agree(model, shape, count).graph.node] == kinds


FILES: dict[str, Callable[[], onnx.ModelProto]] = {name: make for name, (make, _) in BY_HAND.items()} | {
    "residual": lambda: exported(whole(Residual()), (4, 4, 4), 13, False, True)
}


Spelling = list[tuple[Any, ...]]


def spelling(model: onnx.ModelProto) -> Spelling:
    """Operations, attributes and inputs of each node; constants by what they hold, whatever their names."""
    held = {tensor.name: (tensor.dims, numpy_helper.to_array(tensor).tobytes()) for tensor in model.graph.initializer}
    return [
        (
            entry.op_type,
            sorted(attribute.SerializeToString() for attribute in entry.attribute),
            [held.get(name, name) for name in entry.input],
            list(entry.output),
        )
        for entry in model.graph.node
    ]


@pytest.fixture(scope="module")
def spelled() -> dict[str, tuple[onnx.ModelProto, Spelling]]:
    """Every file and its canonical form."""
    made = {name: make() for name, make in FILES.items()}
    return {name: (model, spelling(canonical(model))) for name, model in made.items()}


@pytest.mark.parametrize("at", range(len(pipeline.REWRITES)))
def test_every_rewrite_is_needed_in_its_place(
    at: int, spelled: dict[str, tuple[onnx.ModelProto, Spelling]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, some file has another canonical form; so none is listed twice in vain."""
    monkeypatch.setattr(pipeline, "REWRITES", (*pipeline.REWRITES[:at], *pipeline.REWRITES[at + 1 :]))
    changed = [name for name, (model, nodes) in spelled.items() if spelling(canonical(model)) != nodes]
    assert changed
