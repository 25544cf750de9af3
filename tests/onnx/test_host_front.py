"""What stands in front of the first quantizer is the host's: the same codes as onnxruntime's run of the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import onnx
from foreign_files import File, agrees, decoded, encoded, executed, kinds, spread, step_names
from shiftwire.errors import InputError
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model
from shiftwire_boards.runtime.host_steps import HostStep, as_json

IMAGE = (3, 4, 5)
ROW = (6,)


def drawn(*shape: int) -> np.ndarray:
    """Numbers from 0.3 to 1.7, none of them a power of two."""
    return np.random.default_rng(shape).uniform(0.3, 1.7, shape).astype(np.float32)


def layer(file: File, x: str, channels: int, rank: int) -> onnx.ModelProto:
    """A quantizer, a layer of quantized weights and a quantizer behind an input of so many axes."""
    rng = np.random.default_rng(17)
    a = file.quant(x, 0.173, 6)
    w = file.quant(rng.normal(0, 0.4, (4, channels, *[1] * (rank - 2))), 0.13, 4)
    b = file.add("Gemm", a, w, transB=1) if rank == 2 else file.add("Conv", a, w)
    file.quant(b, 0.57, 6, out="y")
    return file.model()


Fill = Callable[[File], str]
"""Nodes in front of the quantizer; returns the last one's output."""


def chain(*nodes: tuple[Any, ...], **attributes: Any) -> Fill:
    """Nodes one behind another, each a kind and its constants; the attributes are the first one's."""

    def fill(file: File) -> str:
        last = "x"
        for at, (kind, *constants) in enumerate(nodes):
            last = file.add(kind, last, *constants, **(attributes if at == 0 else {}))
        return last

    return fill


def norm(channels: int) -> tuple[Any, ...]:
    return ("BatchNormalization", drawn(channels), drawn(channels) - 1, drawn(channels) - 1, drawn(channels))


CASES: dict[str, tuple[tuple[int, ...], Fill, list[str]]] = {
    "a factor": (IMAGE, chain(("Mul", 0.37)), ["Scale"]),
    "a negative factor": (IMAGE, chain(("Mul", -0.37)), ["Scale"]),
    "a factor a channel": (IMAGE, chain(("Mul", drawn(3, 1, 1))), ["Scale"]),
    "a factor a column": (IMAGE, chain(("Mul", drawn(5))), ["Scale"]),
    "a factor a pixel": (IMAGE, chain(("Mul", drawn(1, 1, 4, 5))), ["Scale"]),
    "a factor a number": (IMAGE, chain(("Mul", drawn(*IMAGE))), ["Scale"]),
    "a divisor": (IMAGE, chain(("Div", 0.37)), ["Scale"]),
    "a divisor of 255": (IMAGE, chain(("Div", 255.0), ("Mul", 300.0)), ["Scale", "Scale"]),
    "a divisor a channel": (IMAGE, chain(("Div", drawn(1, 3, 1, 1))), ["Scale"]),
    "an offset": (IMAGE, chain(("Add", 0.41)), ["Offset"]),
    "an offset a row": (IMAGE, chain(("Add", drawn(4, 1))), ["Offset"]),
    "a mean": (IMAGE, chain(("Sub", drawn(3, 1, 1))), ["Offset"]),
    "a mean image": (IMAGE, chain(("Sub", drawn(*IMAGE))), ["Offset"]),
    "mean and deviation": (IMAGE, chain(("Sub", drawn(1, 3, 1, 1)), ("Div", drawn(1, 3, 1, 1))), ["Offset", "Scale"]),
    "a batch norm": (IMAGE, chain(norm(3)), ["Scale", "Offset"]),
    "a relu": (IMAGE, chain(("Relu",)), ["Clip"]),
    "a clip": (IMAGE, chain(("Clip", np.float32(-1.3), np.float32(2.2))), ["Clip"]),
    "a maximum": (IMAGE, chain(("Max", np.float32(-0.7))), ["Clip"]),
    "whole numbers": (IMAGE, chain(("Mul", 3.7), ("Round",), ("Mul", 0.31)), ["Scale", "Whole", "Scale"]),
    "lower whole numbers": (IMAGE, chain(("Floor",), ("Mul", 0.9)), ["Whole", "Scale"]),
    "upper whole numbers": (IMAGE, chain(("Ceil",), ("Mul", 0.9)), ["Whole", "Scale"]),
    "a sigmoid": (IMAGE, chain(("Sigmoid",), ("Mul", 5.0)), ["Curve", "Scale"]),
    "a tanh": (IMAGE, chain(("Tanh",), ("Mul", 5.0)), ["Curve", "Scale"]),
    "a leaky relu": (IMAGE, chain(("LeakyRelu",), alpha=0.13), ["Bend"]),
    "a slope a channel": (IMAGE, chain(("PRelu", drawn(3, 1, 1))), ["Bend"]),
    "a row": (ROW, chain(("Mul", drawn(6)), ("Add", drawn(1, 6))), ["Scale", "Offset"]),
    "a line": ((3, 7), chain(("Mul", drawn(3, 1)), ("Add", drawn(7))), ["Scale", "Offset"]),
    "channels last": ((4, 5, 3), chain(("Transpose",), perm=[0, 3, 1, 2]), ["Arrange"]),
    "channels last, normalized": (
        (4, 5, 3),
        chain(("Sub", drawn(3)), ("Mul", drawn(3)), ("Transpose",)),
        ["Arrange", "Offset", "Scale"],
    ),
    "an image of a row": ((60,), chain(("Reshape", np.array([-1, 3, 4, 5]))), ["Reshape"]),
    "an image of a row, normalized": (
        (60,), chain(("Mul", 1.3), ("Reshape", np.array([0, 3, 4, 5])), ("Add", drawn(3, 1, 1))),
        ["Reshape", "Scale", "Offset"],
    ),
    "a row of an image": (IMAGE, chain(("Mul", 1.3), ("Flatten",)), ["Reshape", "Scale"]),
    "an image without channels": ((4, 5), chain(("Unsqueeze", np.array([1]))), ["Reshape"]),
    "five axes": ((3, 1, 4, 5), chain(("Squeeze", np.array([2]))), ["Reshape"]),
    "a transposition and a reshape": (
        (4, 5, 3), chain(("Transpose",), ("Reshape", np.array([0, 60])), perm=[0, 2, 1, 3]), ["Reshape"]
    ),
}  # fmt: skip


def made(name: str) -> tuple[onnx.ModelProto, tuple[int, ...]]:
    shape, fill, _ = CASES[name]
    file = File(shape)
    last = fill(file)
    if name == "channels last, normalized":
        file.nodes[-1].attribute.append(onnx.helper.make_attribute("perm", [0, 3, 1, 2]))
    sizes = {
        "a row of an image": (60, 2),
        "a transposition and a reshape": (60, 2),
        "an image without channels": (1, 4),
    }
    channels, rank = sizes.get(name, (6, 2) if shape == ROW else (3, 3 if len(shape) == 2 else 4))
    file.rank = rank
    return layer(file, last, channels, rank), shape


@pytest.mark.parametrize("name", CASES)
def test_the_host_does_what_stands_in_front(name: str, count: Any) -> None:
    model, shape = made(name)
    network = agrees(model, spread(np.random.default_rng(3), shape), count)
    assert step_names(network) == (CASES[name][2], [])
    assert kinds(network)[0] in ("ShiftConv", "ShiftDense") and network.host_input.quantizes


def told(steps: tuple[HostStep, ...]) -> list[dict[str, Any]]:
    """Steps as a manifest has them, constants without the leading axes of one that broadcasting adds."""
    entries = [as_json(step) for step in steps]
    for entry in entries:
        for name in entry.keys() & {"by", "slope"}:
            array = np.array(entry[name])
            entry[name] = array.reshape(array.shape[array.ndim - len(np.trim_zeros(np.array(array.shape) - 1, "f")) :])
            entry[name] = entry[name].tolist()
    return entries


@pytest.mark.parametrize("name", CASES)
def test_a_written_file_says_the_same_steps(name: str, count: Any) -> None:
    """Exported, run as written by onnxruntime, and read back with the same steps."""
    model, shape = made(name)
    network = network_from_model(model)
    written = to_onnx(network)
    again = network_from_model(written)
    assert told(again.host_input.steps) == told(network.host_input.steps)
    assert again.input == network.input and again.host_input.shape == network.host_input.shape
    x = spread(np.random.default_rng(4), shape)
    assert np.array_equal(encoded(again, x), encoded(network, x))
    assert np.allclose(executed(written, x), decoded(network, x), rtol=1e-6, atol=1e-6)
    count(onnxruntime_outputs=decoded(network, x).size)


TOUCHED = {"whole numbers", "lower whole numbers", "upper whole numbers", "a relu", "a clip", "a maximum"}
"""Steps that reach not every code."""


@pytest.mark.parametrize("name", [name for name in CASES if name not in TOUCHED])
def test_codes_find_values_that_become_them(name: str) -> None:
    """Codes that came of samples come of the values that are found for them, too."""
    model, shape = made(name)
    network = network_from_model(model)
    codes = encoded(network, spread(np.random.default_rng(5), shape, reach=0.5)[3:])
    found = network.host_input.values_of(codes, network.input.format)
    assert found.shape[1:] == shape and found.dtype == np.float32
    assert np.array_equal(encoded(network, found), codes) and len(np.unique(codes)) > 5


def forked(first: Fill, second: Fill, scales: tuple[float, float] = (0.173, 0.173)) -> onnx.ModelProto:
    """Two layers that begin at the graph input each in their own way, added."""
    rng = np.random.default_rng(6)
    file = File(ROW)
    sums = []
    for fill, scale in zip((first, second), scales, strict=True):
        w = file.quant(rng.normal(0, 0.4, (4, 6)), 0.25, 4)
        sums.append(file.add("Gemm", file.quant(fill(file), scale, 6), w, transB=1))
    file.add("Add", *sums, out="y")
    return file.model()


def test_branches_that_begin_alike_share_the_input(count: Any) -> None:
    begin = chain(("Mul", drawn(6)), ("Add", 0.3))
    network = agrees(forked(begin, begin), spread(np.random.default_rng(7), ROW), count)
    assert kinds(network) == ["ShiftDense", "ShiftDense", "Add"]


@pytest.mark.parametrize(
    ("first", "second", "scales"),
    [
        (chain(("Mul", 0.3)), chain(("Mul", 0.4)), (0.173, 0.173)),
        (chain(("Mul", 0.3)), chain(), (0.173, 0.173)),
        (chain(("Relu",)), chain(("Clip", np.float32(0), np.float32(9))), (0.173, 0.173)),
        (chain(), chain(), (0.173, 0.174)),
    ],
    ids=["factors", "none", "bounds", "scales"],
)
def test_branches_that_begin_otherwise_are_refused(first: Fill, second: Fill, scales: tuple[float, float]) -> None:
    words = (
        "the graph input 'x' has two quantizers that differ, and the network takes its codes of one; give both the "
        "same scale and range, or quantize the input once in front of both"
    )
    with pytest.raises(InputError, match=words):
        network_from_model(forked(first, second, scales))


@pytest.mark.parametrize(
    ("constant", "words"),
    [
        (np.ones((4, 1, 1, 1, 1), np.float32), "does not fit samples of shape"),
        (np.ones((2, 3, 1, 1), np.float32), "does not fit samples of shape"),
    ],
)
def test_constants_that_grow_the_input_are_refused(constant: np.ndarray, words: str) -> None:
    file = File(IMAGE)
    with pytest.raises(InputError, match=words):
        network_from_model(layer(file, file.add("Mul", "x", constant), 3, 4))
