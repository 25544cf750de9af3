"""What stands behind the last layer is the host's: the file's own output, bit for bit or in float32's last bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import onnx
from foreign_files import File, agrees, decoded, executed, kinds, spread, step_names
from onnx import TensorProto, helper
from shiftwire.errors import InputError
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model
from shiftwire_boards.runtime.host_steps import as_json

INT64 = int(TensorProto.INT64)
IMAGE = (2, 4, 3)


def drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(shape).uniform(0.3, 1.7, shape).astype(np.float32)


def body(file: File, scale: float) -> str:
    """A convolution of quantized weights to five channels (5, 4, 3), quantized by `scale`, or to five numbers."""
    rng = np.random.default_rng(21)
    a = file.quant("x", 0.173, 6)
    if len(file.shape) == 1:
        sums = file.add("Gemm", a, file.quant(rng.normal(0, 0.4, (5, file.shape[0])), 0.13, 4), transB=1)
    else:
        sums = file.add("Conv", a, file.quant(rng.normal(0, 0.4, (5, 2, 3, 3)), 0.13, 4), pads=[1] * 4)
    return file.quant(sums, scale, 5)


Node = tuple[str, list[Any], dict[str, Any]]


def ended(shape: tuple[int, ...], rank: int, *nodes: Node, scale: float = 0.25, kind: int = 1) -> onnx.ModelProto:
    """Nodes behind the body, each a kind, constants and attributes; the last one makes y."""
    file = File(shape, rank=rank, result=kind)
    last = body(file, scale)
    for at, (operation, constants, attributes) in enumerate(nodes):
        last = file.add(operation, last, *constants, out="y" if at == len(nodes) - 1 else "", **attributes)
    model = file.model()
    if nodes[-1][0] == "TopK":
        model.graph.node[-1].output[0] = "largest"
        model.graph.node[-1].output.append("y")
    return model


def node(kind: str, *constants: Any, **attributes: Any) -> Node:
    return kind, list(constants), attributes


ROW = (6,)
VALUES: dict[str, tuple[tuple[int, ...], int, list[Node], list[str]]] = {
    "softmax": (ROW, 2, [node("Softmax")], ["Softmax"]),
    "softmax of channels": (IMAGE, 4, [node("Softmax", axis=1)], ["Softmax"]),
    "softmax of columns": (IMAGE, 4, [node("Softmax", axis=-1)], ["Softmax"]),
    "log softmax": (ROW, 2, [node("LogSoftmax", axis=1)], ["Softmax"]),
    "sigmoid": (IMAGE, 4, [node("Sigmoid")], ["Curve"]),
    "tanh": (IMAGE, 4, [node("Tanh")], ["Curve"]),
    "relu": (IMAGE, 4, [node("Mul", -0.7), node("Relu")], ["Scale", "Clip"]),
    "clip": (ROW, 2, [node("Mul", 1.3), node("Clip", np.float32(-1), np.float32(2))], ["Clip"]),
    "whole": (ROW, 2, [node("Softmax"), node("Mul", 9.3), node("Floor")], ["Softmax", "Scale", "Whole"]),
    "a row a channel": (IMAGE, 4, [node("Sigmoid"), node("Mul", drawn(5, 1, 1))], ["Curve", "Scale"]),
    "a column": (IMAGE, 4, [node("Softmax", axis=1), node("Sub", drawn(3))], ["Softmax", "Offset"]),
    "a divisor": (IMAGE, 4, [node("Tanh"), node("Div", drawn(1, 5, 1, 1))], ["Curve", "Scale"]),
    "a leaky relu": (IMAGE, 4, [node("Tanh"), node("LeakyRelu", alpha=0.2)], ["Curve", "Bend"]),
    "channels last": (IMAGE, 4, [node("Transpose", perm=[0, 2, 3, 1])], ["Arrange"]),
    "boxes": (
        IMAGE, 3, [node("Reshape", np.array([0, 5, 12])), node("Transpose", perm=[0, 2, 1])], ["Reshape", "Arrange"]
    ),
    "boxes, ranked by class": (
        IMAGE, 3,
        [node("Reshape", np.array([0, 5, -1])), node("Transpose", perm=[0, 2, 1]), node("Softmax", axis=2)],
        ["Reshape", "Arrange", "Softmax"],
    ),
    "a batch norm": (
        IMAGE, 4, [node("Tanh"), node("BatchNormalization", *(drawn(5) for _ in range(4)))],
        ["Curve", "Scale", "Offset"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("scale", [0.25, 0.217], ids=["grid", "odd"])
@pytest.mark.parametrize("name", VALUES)
def test_values_behind_the_last_layer(name: str, scale: float, count: Any) -> None:
    shape, rank, nodes, steps = VALUES[name]
    model = ended(shape, rank, *nodes, scale=scale)
    network = agrees(model, spread(np.random.default_rng(22), shape), count)
    assert step_names(network)[1][-len(steps) :] == steps
    assert network.nodes[-1].kind in ("Requantize", "Threshold", "Affine")


INDICES: dict[str, tuple[tuple[int, ...], int, list[Node]]] = {
    "argmax": (ROW, 2, [node("ArgMax", axis=1)]),
    "argmax without its axis": (ROW, 1, [node("ArgMax", axis=-1, keepdims=0)]),
    "argmax of channels": (IMAGE, 4, [node("ArgMax", axis=1)]),
    "argmax of rows": (IMAGE, 3, [node("ArgMax", axis=2, keepdims=0)]),
    "argmax of a soft maximum": (ROW, 2, [node("Softmax", axis=1), node("ArgMax", axis=1)]),
    "the one largest": (ROW, 2, [node("TopK", np.array([1]), axis=1)]),
    "the three largest": (ROW, 2, [node("TopK", np.array([3]), axis=-1)]),
    "the three largest channels": (IMAGE, 4, [node("TopK", np.array([3]), axis=1)]),
    "the largest of all pixels": (
        IMAGE, 3, [node("Reshape", np.array([0, 5, 12])), node("TopK", np.array([4]), axis=2)]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", INDICES)
def test_indices_are_those_of_onnxruntime_with_ties(name: str, count: Any) -> None:
    """Codes of five bits tie often; the lowest index is first, as the operations say."""
    shape, rank, nodes = INDICES[name]
    model = ended(shape, rank, *nodes, scale=0.9, kind=INT64)
    network = network_from_model(model)
    x = spread(np.random.default_rng(23), shape)
    expected, found = executed(model, x), decoded(network, x)
    assert np.array_equal(found, expected) and found.dtype == expected.dtype == np.int64
    assert len(np.unique(expected)) >= 3
    scores = network.host_output.scores(network.evaluate(network.host_input.encode(x, network.input.format)),
                                        network.output.format)  # fmt: skip
    values = np.sort(scores, axis=1)
    assert (np.diff(values, axis=1) == 0).any(), "no ties"
    count(onnxruntime_outputs=expected.size)


@pytest.mark.parametrize("name", [*VALUES, *INDICES])
def test_a_written_file_says_the_same_steps(name: str, count: Any) -> None:
    """Exported, run as written by onnxruntime, and read back with the same steps."""
    if name in VALUES:
        shape, rank, nodes, _ = VALUES[name]
        model = ended(shape, rank, *nodes)
    else:
        shape, rank, nodes = INDICES[name]
        model = ended(shape, rank, *nodes, kind=INT64)
    network = network_from_model(model)
    written = to_onnx(network)
    again = network_from_model(written)
    x = spread(np.random.default_rng(24), shape)
    expected = executed(written, x)
    assert np.allclose(decoded(network, x), expected, rtol=1e-6, atol=1e-6)
    assert np.array_equal(decoded(again, x), decoded(network, x)) and len(np.unique(expected)) > 2
    assert [as_json(step)["step"] for step in again.host_output.steps] == [
        as_json(step)["step"] for step in network.host_output.steps
    ]
    count(onnxruntime_outputs=expected.size)


def hides(*nodes: Node) -> bool:
    return network_from_model(ended(IMAGE, 4, *nodes)).host_output.hides_codes


def test_what_hides_codes() -> None:
    """Moves alone do not: codes follow from the values, as they do from those of a plain layer."""
    assert hides(node("Sigmoid")) and hides(node("Softmax", axis=1))
    assert not hides(node("Transpose", perm=[0, 2, 3, 1]))
    model = ended(IMAGE, 4, node("Transpose", perm=[0, 2, 3, 1]))
    network = network_from_model(model)
    x = spread(np.random.default_rng(25), IMAGE)
    codes = network.evaluate(network.host_input.encode(x, network.input.format))
    assert np.array_equal(network.host_output.nearest(executed(model, x), network.output.format), codes)
    with pytest.raises(InputError, match="the output ends in softmax, which hides the codes"):
        network_from_model(ended(IMAGE, 4, node("Softmax", axis=1))).host_output.nearest(x, network.output.format)


REFUSED: dict[str, tuple[Callable[[], onnx.ModelProto], str]] = {
    "softmax of the batch": (
        lambda: ended(ROW, 2, node("Softmax", axis=0)),
        "axis = 0 is the batch's, and samples know nothing of each other; name another axis",
    ),
    "a transposed batch": (
        lambda: ended(IMAGE, 4, node("Transpose", perm=[1, 0, 2, 3])),
        r"perm = \[1, 0, 2, 3\] moves the batch, which stays axis 0; transpose the others only",
    ),
    "a reshaped batch": (
        lambda: ended(IMAGE, 2, node("Reshape", np.array([-1, 5]))),
        r"a reshape of samples of shape \(5, 4, 3\) to \[-1, 5\] is not handled; keep the batch on axis 0",
    ),
    "the last of equals": (
        lambda: ended(ROW, 2, node("ArgMax", axis=1, select_last_index=1), kind=INT64),
        "select_last_index = 1 is not handled",
    ),
    "more than there are": (
        lambda: ended(ROW, 2, node("TopK", np.array([6]), axis=1), kind=INT64),
        "it asks for the 6 largest of 5 numbers; ask for fewer",
    ),
    "the smallest": (
        lambda: ended(ROW, 2, node("TopK", np.array([2]), axis=1, largest=0), kind=INT64),
        "largest = 0 is not handled",
    ),
    "a layer behind a curve": (
        lambda: ended(IMAGE, 4, node("Softmax", axis=1), node("MaxPool", kernel_shape=[2, 2])),
        "behind a Softmax that only the host computes; that may stand at the network's end alone",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    make, words = REFUSED[name]
    with pytest.raises(InputError, match=words):
        network_from_model(make())


def test_a_curve_in_front_of_a_quantizer_is_a_threshold(count: Any) -> None:
    """In the middle of a network a sigmoid is no step of the host's."""
    file = File(IMAGE)
    a = file.quant(file.add("Sigmoid", body(file, 0.217)), 0.031, 5, signed=0)
    w = file.quant(np.random.default_rng(26).normal(0, 0.4, (3, 5, 1, 1)), 0.25, 4)
    file.quant(file.add("Tanh", file.add("Conv", a, w)), 0.11, 4, out="y")
    network = agrees(file.model(), spread(np.random.default_rng(27), IMAGE), count)
    assert kinds(network) == ["ShiftConv", "Threshold", "Threshold", "ShiftConv", "Threshold"]
    assert step_names(network) == ([], [])


def test_the_largest_values_are_no_indices() -> None:
    file = File(ROW, rank=2)
    file.nodes.append(helper.make_node("TopK", [body(file, 0.25), file.constant(np.array([2]))], ["y", "i"], name="k"))
    with pytest.raises(
        InputError, match="it gives the largest values, which the host does not sort; let the graph give"
    ):
        network_from_model(file.model())
