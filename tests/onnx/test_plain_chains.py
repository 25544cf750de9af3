"""Quantization spelled in plain operations: rounded, clipped and scaled, of data and of weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import onnx
from foreign_files import File, agrees, decoded, executed, kinds, spread, step_names
from onnx import TensorProto
from shiftwire.errors import InputError
from shiftwire.ir.weights import Weights
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.context.parameter import IntegerWeights
from shiftwire.onnx.importer import network_from_model

ROW = (6,)
Node = tuple[Any, ...]


def f(value: Any) -> Any:
    return np.float32(value)


def quantizers(scale: Any, low: float, high: float) -> dict[str, list[Node]]:
    """Spellings of codes from `low` to `high` times a scale, by hand or as frameworks trace them."""
    divide, multiply, clip = ("Div", f(scale)), ("Mul", f(scale)), ("Clip", f(low), f(high))
    return {
        "div round clip mul": [divide, ("Round",), clip, multiply],
        "mul round clip div": [("Mul", f(1 / f(scale))), ("Round",), clip, ("Div", f(1 / f(scale)))],
        "mul floor clip div": [("Mul", f(1 / f(scale))), ("Floor",), clip, ("Div", f(1 / f(scale)))],
        "div ceil clip mul": [divide, ("Ceil",), clip, multiply],
        "clip before round": [divide, clip, ("Round",), multiply],
        "clip of values first": [("Clip", f(low * scale), f(high * scale)), divide, ("Round",), multiply],
        "half up by floor": [divide, ("Add", f(0.5)), ("Floor",), clip, multiply],
        "min and max": [divide, ("Round",), ("Max", f(low)), ("Min", f(high)), multiply],
        "relu and min": [divide, ("Round",), ("Relu",), ("Min", f(high)), multiply],
        "zero point": [divide, ("Add", f(3)), ("Round",), ("Clip", f(0), f(high)), ("Sub", f(3)), multiply],
        "round and zero point": [divide, ("Round",), ("Add", f(3)), ("Clip", f(0), f(high)), ("Sub", f(3)), multiply],
        "cast": [divide, ("Round",), clip, ("Cast", int(TensorProto.INT8)), ("Cast", 1), multiply],
    }


SPELLINGS = list(quantizers(1.0, -1, 1))
SCALES = {"grid": 0.125, "odd": 0.173}


def through(file: File, x: str, nodes: list[Node], out: str = "") -> str:
    """Nodes one behind another; a Cast names the type that it makes."""
    for at, (kind, *constants) in enumerate(nodes):
        name = out if at == len(nodes) - 1 else ""
        x = file.add(kind, x, to=constants[0], out=name) if kind == "Cast" else file.add(kind, x, *constants, out=name)
    return x


def in_front(spelling: str, scale: float) -> onnx.ModelProto:
    """The spelling quantizes the graph input."""
    file = File(ROW)
    a = through(file, "x", quantizers(scale, -7, 7)[spelling])
    w = file.quant(np.random.default_rng(41).normal(0, 0.4, (4, 6)), 0.13, 4)
    file.quant(file.add("Gemm", a, w, transB=1), 0.37, 6, out="y")
    return file.model()


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_graph_input(spelling: str, scale: str, count: Any) -> None:
    """Steps of the host's, which end on a grid of their own."""
    network = agrees(in_front(spelling, SCALES[scale]), spread(np.random.default_rng(42), ROW, 200), count)
    assert "Whole" in step_names(network)[0] and kinds(network)[0] == "ShiftDense"
    assert network.input.format.bits <= 4 + (spelling in ("zero point", "round and zero point"))


def between(spelling: str, scale: float, last: bool) -> onnx.ModelProto:
    """The spelling quantizes sums, at the network's end or in front of another layer."""
    rng = np.random.default_rng(43)
    file = File(ROW)
    a = file.quant("x", 0.173, 6)
    w = file.quant(rng.normal(0, 0.4, (4, 6)), 0.13, 4)
    sums = file.add("Gemm", a, w, rng.normal(0, 1, 4), transB=1)
    b = through(file, sums, quantizers(scale, -7, 7)[spelling], out="y" if last else "")
    if not last:
        file.quant(file.add("Gemm", b, file.quant(rng.normal(0, 0.4, (3, 4)), 0.13, 4), transB=1), 0.23, 6, out="y")
    return file.model()


@pytest.mark.parametrize("last", [False, True], ids=["inside", "last"])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_sums(spelling: str, scale: str, last: bool, count: Any) -> None:
    model = between(spelling, SCALES[scale], last)
    network = agrees(model, spread(np.random.default_rng(44), ROW, 200), count)
    assert kinds(network)[:2] == ["ShiftDense", "Threshold"] and step_names(network) == ([], [])


def test_powers_of_two_round_by_a_wire(count: Any) -> None:
    """Codes of a format's own range, all scales powers of two: a Requantize, no comparator."""
    file = File(ROW)
    w = file.quant(np.random.default_rng(45).normal(0, 0.4, (4, 6)), 0.25, 4)
    sums = file.add("Gemm", file.quant("x", 0.125, 6), w, transB=1)
    nodes = [("Div", f(0.25)), ("Round",), ("Clip", f(-8), f(7)), ("Mul", f(0.25))]
    through(file, sums, nodes, out="y")
    network = agrees(file.model(), spread(np.random.default_rng(46), ROW, 200), count)
    assert kinds(network) == ["ShiftDense", "Requantize"] and str(network.output.format) == "s4.2"


def scales_by_channel(spelling: str) -> onnx.ModelProto:
    rng = np.random.default_rng(47)
    file = File((2, 4, 4))
    a = file.quant("x", 0.173, 6)
    sums = file.add("Conv", a, file.quant(rng.normal(0, 0.4, (3, 2, 3, 3)), 0.13, 4), pads=[1] * 4)
    scale = np.array([0.31, 0.62, 0.155] if spelling == "powers" else [0.31, 0.45, 0.27], np.float32).reshape(3, 1, 1)
    codes = through(file, sums, [("Div", scale), ("Round",), ("Clip", f(-8), f(7)), ("Mul", scale)])
    depthwise = file.quant(rng.normal(0, 0.4, (3, 1, 3, 3)), 0.13, 4)
    file.quant(file.add("Conv", codes, depthwise, group=3), 0.41, 6, out="y")
    return file.model()


@pytest.mark.parametrize("spelling", ["powers", "odd"])
def test_scales_by_channel(spelling: str, count: Any) -> None:
    network = agrees(scales_by_channel(spelling), spread(np.random.default_rng(48), (2, 4, 4)), count)
    assert kinds(network) == ["ShiftConv", "Threshold", "ShiftConv", "Threshold"]


def weights_of(model: onnx.ModelProto) -> Weights:
    network = network_from_model(model, IntegerWeights.MULTIPLY)
    return network.nodes[0].op.weights  # type: ignore[attr-defined,no-any-return]


WEIGHTS: dict[str, list[Node]] = {
    "div round clip mul": [("Div", f(0.13)), ("Round",), ("Clip", f(-7), f(7)), ("Mul", f(0.13))],
    "by output": [
        ("Div", np.float32([[0.1], [0.2], [0.3], [0.15]])), ("Round",), ("Clip", f(-7), f(7)),
        ("Mul", np.float32([[0.1], [0.2], [0.3], [0.15]])),
    ],
    "by a divisor": [("Mul", f(7.7)), ("Round",), ("Clip", f(-7), f(7)), ("Div", f(7.7))],
    "clip and floor": [("Clip", f(-1), f(0.99)), ("Mul", f(8)), ("Floor",), ("Div", f(8))],
    "binary": [("Sign",), ("Mul", f(0.37))],
    "ternary": [("Div", f(0.9)), ("Round",), ("Clip", f(-1), f(1)), ("Mul", f(0.41))],
    "through int8": [("Div", f(0.13)), ("Round",), ("Cast", int(TensorProto.INT8)), ("Cast", 1), ("Mul", f(0.13))],
}  # fmt: skip


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights(name: str, count: Any) -> None:
    file = File(ROW)
    values = np.random.default_rng(49).normal(0, 0.5, (4, 6)).astype(np.float32)
    w = through(file, file.constant(values), WEIGHTS[name])
    file.quant(file.add("Gemm", file.quant("x", 0.173, 6), w, transB=1), 0.37, 6, out="y")
    network = agrees(file.model(), spread(np.random.default_rng(50), ROW, 200), count)
    assert kinds(network) == ["ShiftDense", "Threshold"]


POWERS: dict[str, np.ndarray] = {
    "powers of two": 2.0 ** np.random.default_rng(51).integers(-6, 3, (4, 6)),
    "powers and zeros": np.random.default_rng(52).choice([-2.0, -0.5, 0, 0.125, 1], (4, 6)),
    "sums of two powers": 2.0 ** np.random.default_rng(53).integers(-3, 3, (4, 6)) + 0.0625,
    "sixteen bits": np.random.default_rng(54).integers(-32768, 32768, (4, 6)) * 2.0**-13,
    "ones": np.ones((4, 6)),
}


@pytest.mark.parametrize("name", POWERS)
def test_float_weights_on_a_grid_of_sixteen_bits(name: str, count: Any) -> None:
    """Quantized though no operation of the file says so: sums of few powers of two, exactly."""
    file = File(ROW)
    a = file.quant("x", 0.125, 6)
    file.quant(file.add("Gemm", a, POWERS[name], transB=1), 0.5, 12, out="y")
    network = agrees(file.model(), spread(np.random.default_rng(55), ROW, 200), count)
    assert kinds(network)[0] == "ShiftDense"


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(56).normal(0, 0.4, (4, 6)),
        np.r_[2.0**-20, np.ones(23)].reshape(4, 6),
        np.r_[(1 << 17) + 1.0, np.ones(23)].reshape(4, 6),
    ],
    ids=["normal", "far apart", "too many bits"],
)
def test_other_float_weights_are_refused(values: np.ndarray) -> None:
    file = File(ROW)
    file.quant(file.add("Gemm", file.quant("x", 0.125, 6), values, transB=1), 0.5, 12, out="y")
    words = "is a float tensor; convert takes files whose weights and activations are all quantized"
    with pytest.raises(InputError, match=words):
        network_from_model(file.model())


def test_a_network_of_chains_alone(count: Any) -> None:
    """A residual block of a framework that knows no quantizer: images, weights, sums and the join, all in chains."""
    rng = np.random.default_rng(57)
    file = File((3, 5, 5), rank=2)
    chain, weights = (
        [("Div", f(scale)), ("Round",), ("Clip", f(-15), f(15)), ("Mul", f(scale))] for scale in (0.1, 0.08371)
    )

    def conv(x: str, shape: tuple[int, ...]) -> str:
        w = through(file, file.constant(rng.normal(0, 0.4, shape)), weights)
        return through(file, file.add("Relu", file.add("Conv", x, w, pads=[1] * 4)), chain)

    x = through(file, "x", chain)
    total = through(file, file.add("Add", conv(x, (3, 3, 3, 3)), x), chain)
    flat = file.add("Flatten", file.add("MaxPool", conv(total, (4, 3, 3, 3)), kernel_shape=[2, 2]), axis=1)
    w = through(file, file.constant(rng.normal(0, 0.2, (64, 5))), weights)
    file.add("MatMul", flat, w, out="y")
    model = file.model()
    network = agrees(model, spread(rng, (3, 5, 5)), count, levels=50)
    assert kinds(network).count("ShiftConv") == 2 and "Add" in kinds(network)
    assert decoded(network, spread(rng, (3, 5, 5))).shape == executed(model, spread(rng, (3, 5, 5))).shape


def test_rounded_without_a_range_is_refused() -> None:
    file = File(ROW)
    a = through(file, "x", [("Div", f(0.1)), ("Round",), ("Mul", f(0.1))])
    w = file.quant(np.ones((4, 6)), 0.25, 4)
    file.add("Gemm", a, w, transB=1, out="y")
    with pytest.raises(InputError, match=r"rounded to steps of 0\.1 and not clipped to a range that a format holds"):
        network_from_model(file.model())


def test_an_offset_off_the_grid_is_refused() -> None:
    """Values that are no multiples of the steps, in front of a layer."""
    file = File(ROW)
    a = through(file, file.add("Gemm", file.quant("x", 0.173, 6), file.quant(np.ones((4, 6)), 0.25, 4), transB=1),
                [("Div", f(0.1)), ("Round",), ("Clip", f(-7), f(7)), ("Mul", f(0.1)), ("Add", f(0.03))])  # fmt: skip
    file.add("Gemm", a, file.quant(np.ones((3, 4)), 0.25, 4), transB=1, out="y")
    with pytest.raises(InputError, match="it adds what is no whole number of steps to rounded values; quantize them"):
        network_from_model(file.model())


def test_the_format_that_plain_chains_make() -> None:
    network = network_from_model(in_front("div round clip mul", 0.125))
    assert network.input.format == Fixed(4, 3, signed=True)
