"""Files of integers by hand, QDQ, QOperator, QCDQ and integer layers: onnxruntime's own run of the file judges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import onnx
from foreign_files import File, agrees, decoded, encoded, executed, kinds, spread
from integer_files import ENDS, NAMES, T, drawn, inner_zero, opset_of, qdq, step, weight
from shiftwire.errors import InputError
from shiftwire.onnx.importer import network_from_model


def cnn(act: int, weights: int, is_row: bool, is_power: bool, zero: bool) -> File:
    """Conv with a bias and a border, Relu, MaxPool with a border, Flatten, MatMul, every tensor behind Q and DQ."""
    rng = np.random.default_rng((act, weights, is_row, is_power, zero))
    file = File((2, 6, 6), rank=2, opset=opset_of(act, weights))
    scale, at = step(act, is_power), inner_zero(act) if zero else 0
    spans = rng.uniform(0.5, 1.5, 4) if is_row else 1.0
    unit = step(weights, is_power) / 4
    spans = 2.0 ** np.round(spans) if is_power else spans
    x = qdq(file, "x", (scale, act, at))
    w = weight(file, drawn(rng, (4, 2, 3, 3), weights), (unit * spans, weights, 0))
    bias = rng.integers(-50, 50, 4).astype(np.int32)
    b = file.add("DequantizeLinear", bias, np.float32(scale) * np.float32(unit * spans),
                 np.zeros(np.shape(spans), np.int32), **({"axis": 0} if is_row else {}))  # fmt: skip
    c = qdq(file, file.add("Relu", file.add("Conv", x, w, b, pads=[1] * 4)), (scale * 2, act, at))
    p = file.add("MaxPool", c, kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 1, 1])
    w = weight(file, drawn(rng, (64, 5), weights), (unit, weights, 0))
    qdq(file, file.add("MatMul", file.add("Flatten", p, axis=1), w), (scale * 8, act, at), out="y")
    return file


SMALL = [T.UINT4, T.INT4, T.UINT8, T.INT8]


@pytest.mark.parametrize("is_row", [False, True], ids=["tensor", "channel"])
@pytest.mark.parametrize("zero", [False, True], ids=["zero", "offset"])
@pytest.mark.parametrize("act", SMALL, ids=NAMES.get)
def test_qdq_of_every_type(act: int, zero: bool, is_row: bool, count: Any) -> None:
    signed = T.INT4 if act in (T.UINT4, T.INT4) else T.INT8
    network = agrees(cnn(act, signed, is_row, False, zero).model(), spread(np.random.default_rng(1), (2, 6, 6)), count)
    assert kinds(network) == ["ShiftConv", "Threshold", "MaxPool", "Flatten", "ShiftDense", "Threshold"]


@pytest.mark.parametrize("act", [T.UINT8, T.INT8, T.UINT16, T.INT16], ids=NAMES.get)
def test_powers_of_two_are_wires(act: int, count: Any) -> None:
    """Scales of powers of two need no threshold where no zero point is in the way."""
    model = cnn(act, T.INT8, True, True, False).model()
    network = agrees(model, spread(np.random.default_rng(2), (2, 6, 6)), count)
    assert "Threshold" not in kinds(network) and kinds(network).count("Requantize") == 2


@pytest.mark.parametrize("act", [T.UINT16, T.INT16], ids=NAMES.get)
def test_sixteen_bits_of_an_odd_scale_are_lines(act: int, count: Any) -> None:
    """Beside ties of float32, which move the next layer's sums by a step at most."""
    model, x = cnn(act, T.INT8, False, False, True).model(), spread(np.random.default_rng(4), (2, 6, 6))
    network = network_from_model(model)
    expected, made = executed(model, x), decoded(network, x)
    assert "Threshold" not in kinds(network) and len(np.unique(expected)) > 100
    assert np.abs(made - expected).max() <= np.ptp(expected) * 2.0**-12
    count(onnxruntime_outputs=expected.size)


@pytest.mark.parametrize("kind", [T.UINT4, T.UINT8, T.INT8, T.UINT16, T.INT16], ids=NAMES.get)
@pytest.mark.parametrize("is_row", [False, True], ids=["tensor", "channel"])
def test_weights_with_a_zero_point(kind: int, is_row: bool, count: Any) -> None:
    rng = np.random.default_rng((3, kind, is_row))
    file = File((6,), opset=opset_of(kind))
    x = qdq(file, "x", (0.0471, T.UINT8, 131))
    scale = rng.uniform(0.01, 0.03, 4) if is_row else 0.0213
    zero = inner_zero(kind) if kind == T.UINT4 else 17
    w = weight(file, drawn(rng, (6, 4), kind), (scale, kind, zero), axis=1)
    qdq(file, file.add("MatMul", x, w), (0.711, T.INT8, -5), out="y")
    agrees(file.model(), spread(rng, (6,), 200), count)


def test_qcdq(count: Any) -> None:
    """As Brevitas writes few bits: QuantizeLinear, Clip, DequantizeLinear, of weights too."""
    rng = np.random.default_rng(6)
    file = File((6,))
    q = file.add("QuantizeLinear", "x", 0.171, np.int8(0))
    a = file.add("DequantizeLinear", file.add("Clip", q, np.int8(-7), np.int8(7)), 0.171, np.int8(0))
    w = file.add("Clip", rng.integers(-128, 128, (4, 6)).astype(np.int8), np.int8(-7), np.int8(7))
    d = file.add("DequantizeLinear", w, rng.uniform(0.1, 0.3, 4), np.zeros(4, np.int8), axis=0)
    g = file.add("Gemm", a, d, rng.normal(0, 1, 4), transB=1)
    u = file.add("QuantizeLinear", file.add("Relu", g), 0.213, np.uint8(0))
    file.add("DequantizeLinear", file.add("Clip", u, np.uint8(0), np.uint8(15)), 0.213, np.uint8(0), out="y")
    network = agrees(file.model(), spread(rng, (6,), 300), count)
    quantizer = network.host_input.quantizer
    assert quantizer is not None and (quantizer.lo, quantizer.hi) == (-7, 7)
    assert kinds(network) == ["ShiftDense", "Threshold"] and len(network.nodes[1].op.thresholds[0]) == 15


def test_operations_on_codes(count: Any) -> None:
    """Clip, Max, Min, Relu of int8, Transpose there and back, Concat of two zero points, Pad with the zero point."""
    rng = np.random.default_rng(7)
    file = File((2, 4, 4))
    first, second = np.int8(-13), np.int8(21)
    q = file.add("QuantizeLinear", "x", 0.0437, first)
    clipped = file.add(
        "Min", file.add("Max", file.add("Clip", q, np.int8(-90), np.int8(101)), np.int8(-80)), np.int8(95)
    )
    d = file.add("DequantizeLinear", clipped, 0.0437, first)
    r = file.add("QuantizeLinear", file.add("Mul", d, 1.37), 0.0437, second)
    both = file.add("Concat", q, r, axis=1)
    turned = file.add("Transpose", both, perm=[0, 2, 3, 1])
    back = file.add("Transpose", turned, perm=[0, 3, 1, 2])
    padded = file.add("Pad", back, np.array([0, 0, 1, 0, 0, 0, 0, 2]), first)
    values = file.add("DequantizeLinear", padded, 0.0437, first)
    w = weight(file, drawn(rng, (3, 4, 2, 2), T.INT8), (0.0171, T.INT8, 0))
    qdq(file, file.add("Conv", values, w), (0.311, T.INT8, 7), out="y")
    agrees(file.model(), spread(rng, (2, 4, 4)), count)


def test_a_relu_of_codes_is_zero_and_not_the_zero_point(count: Any) -> None:
    """ONNX's Relu of int8 cuts codes below 0, whatever value stands there."""
    file = File((7,))
    q = file.add("QuantizeLinear", "x", 0.0437, np.int8(-50))
    file.add("DequantizeLinear", file.add("Relu", q), 0.0437, np.int8(-50), out="y")
    x = spread(np.random.default_rng(8), (7,), 99)
    found = decoded(network_from_model(file.model()), x)
    expected = np.maximum(np.clip(np.rint(x / np.float32(0.0437)) - 50, -128, 127), 0) + 50
    assert np.array_equal(np.rint(found / 0.0437), expected) and len(np.unique(expected)) > 50
    count(hand_computed=expected.size)


def test_codes_dequantized_by_another_zero_point(count: Any) -> None:
    """The values then are the codes less that one, whatever they stood for."""
    file = File((5,))
    q = file.add("QuantizeLinear", "x", 0.0437, np.uint8(100))
    file.add("DequantizeLinear", q, 0.0713, np.uint8(31), out="y")
    agrees(file.model(), spread(np.random.default_rng(9), (5,), 99), count)


@pytest.mark.parametrize("kind", [T.UINT8, T.INT8, T.UINT16, T.INT16], ids=NAMES.get)
def test_the_graph_takes_and_gives_codes(kind: int, count: Any) -> None:
    """An integer input is its codes: DequantizeLinear in front, QuantizeLinear behind, no floats at the ends."""
    rng = np.random.default_rng((10, kind))
    small = T.UINT8 if kind in (T.UINT8, T.UINT16) else T.INT8
    file = File((6,), kind=kind, result=small, opset=opset_of(kind))
    at = file.constant(np.array(inner_zero(kind)), kind)
    d = file.add("DequantizeLinear", "x", 0.0127, at)
    m = file.add("MatMul", d, weight(file, drawn(rng, (6, 4), T.INT8), (0.0171, T.INT8, 0)))
    file.add("QuantizeLinear", m, 9.7 if opset_of(kind) > 20 else 0.31, file.constant(np.array(9), small), out="y")
    low, high = ENDS[kind]
    x = rng.integers(low, high + 1, (200, 6))
    x[0], x[1] = low, high
    model = file.model()
    network = network_from_model(model)
    expected, found = executed(model, x), decoded(network, x)
    assert np.array_equal(encoded(network, x), x - inner_zero(kind))
    assert np.array_equal(found, expected) and len(np.unique(expected)) > 20
    count(onnxruntime_outputs=expected.size)


REFUSED: dict[str, tuple[list[tuple[str, list[Any], dict[str, Any]]], str]] = {
    "dynamic": (
        [("DynamicQuantizeLinear", ["x"], {})],
        "takes scales from the data while the network runs, which no fixed logic does; quantize the model statically",
    ),
    "a computed scale": (
        [("ReduceMax", ["x"], {"keepdims": 0}), ("QuantizeLinear", ["x", "t0", np.uint8(0)], {})],
        "its scale is computed when the network runs; quantize the model statically, with calibration data",
    ),
    "zero points by channel": (
        [("QuantizeLinear", ["x", np.full(6, 0.1), np.arange(6).astype(np.uint8)], {"axis": 1})],
        "its zero points differ between channels; use one for the tensor",
    ),
    "scales by channel": (
        [("QuantizeLinear", ["x", np.linspace(0.1, 0.2, 6), np.zeros(6, np.uint8)], {"axis": 1})],
        "scale",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    nodes, words = REFUSED[name]
    file = File((6,), rank=2)
    for kind, inputs, attributes in nodes:
        last = file.add(kind, *inputs, **attributes)
    if nodes[-1][0] == "DynamicQuantizeLinear":
        file.nodes[-1].output.extend(["scale", "zero"])
        file.add("DequantizeLinear", last, "scale", "zero", out="y")
    else:
        file.add("DequantizeLinear", last, *nodes[-1][1][1:], out="y", **nodes[-1][2])
    with pytest.raises(InputError, match=words) as caught:
        network_from_model(file.model())
    assert "in node 't" in caught.value.sentence()


def test_scales_by_blocks_are_refused() -> None:
    file = File((6,), opset=21)
    w = file.constant(np.arange(24).reshape(6, 4) % 15 - 7, T.INT4)
    scales, zeros = np.linspace(0.1, 0.4, 12).reshape(3, 4), file.constant(np.zeros((3, 4)), T.INT4)
    d = file.add("DequantizeLinear", w, scales, zeros, axis=0, block_size=2)
    m = file.add("MatMul", qdq(file, "x", (0.05, T.INT8, 0)), d)
    qdq(file, m, (0.3, T.INT8, 0), out="y")
    model = file.model()
    onnx.checker.check_model(model)
    with pytest.raises(InputError, match="its scales are by blocks of numbers, which no integer layer takes; quantize"):
        network_from_model(model)
