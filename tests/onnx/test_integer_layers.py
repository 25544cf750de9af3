"""Layers of integers, by ONNX's own operations and onnxruntime's: the runtime's own run of the file judges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foreign_files import MICROSOFT, NUMPY, File, agrees, kinds, spread
from integer_files import NAMES, PAIRS, WEIGHT_ENDS, T, inner_zero, qdq


@pytest.mark.parametrize(("kind", "weights"), PAIRS, ids=NAMES.get)
@pytest.mark.parametrize("is_row", [False, True], ids=["tensor", "channel"])
def test_qoperator(kind: int, weights: int, is_row: bool, count: Any) -> None:
    """QLinearConv with a border, whose pads are the zero point, MaxPool and Flatten of codes, QLinearMatMul."""
    rng = np.random.default_rng((4, kind, weights, is_row))
    file = File((2, 6, 6), rank=2)
    at, w_zero = inner_zero(kind), 0 if weights == T.INT8 else 121
    own = NUMPY[weights]
    zero, mid, last = (file.constant(np.array(each), kind) for each in (at, at + 3, at - 9))
    low, high = WEIGHT_ENDS[weights]
    w = rng.integers(low, high + 1, (4, 2, 3, 3)).astype(own)
    w_scale = rng.uniform(0.004, 0.009, 4) if is_row else np.float32(0.0071)
    w_zeros = np.full(np.shape(w_scale), w_zero, own)
    bias = rng.integers(-900, 900, 4).astype(np.int32)
    q = file.add("QuantizeLinear", "x", 0.0437, zero)
    c = file.add("QLinearConv", q, 0.0437, zero, w, w_scale, w_zeros, 0.0613, mid, bias, pads=[1, 0, 1, 1])
    p = file.add("MaxPool", c, kernel_shape=[2, 2], strides=[2, 2], pads=[0, 1, 0, 0])
    flat = file.add("Flatten", p, axis=1)
    size = 4 * 3 * 3
    v = rng.integers(low, high + 1, (size, 5)).astype(own)
    m = file.add("QLinearMatMul", flat, 0.0613, mid, v, 0.0113, own(w_zero), 0.47, last)
    file.add("DequantizeLinear", m, 0.47, last, out="y")
    network = agrees(file.model(), spread(rng, (2, 6, 6)), count)
    assert kinds(network) == ["ShiftConv", "Threshold", "MaxPool", "Flatten", "ShiftDense", "Threshold"]


def test_integer_layers_and_a_bias_of_integers(count: Any) -> None:
    """ConvInteger and MatMulInteger, whose sums are cast, scaled and biased in floats, or biased as integers."""
    rng = np.random.default_rng(5)
    file = File((2, 5, 5), rank=2)
    zero, other = np.uint8(113), np.uint8(7)
    q = file.add("QuantizeLinear", "x", 0.0437, zero)
    w = rng.integers(0, 256, (3, 2, 3, 3)).astype(np.uint8)
    c = file.add("ConvInteger", q, w, zero, np.uint8(120), pads=[1, 1, 1, 1], strides=[2, 2])
    i = file.add("Add", c, rng.integers(-999, 999, (3, 1, 1)).astype(np.int32))
    f = file.add("Add", file.add("Mul", file.add("Cast", i, to=T.FLOAT), 0.00031), rng.normal(0, 1, (1, 3, 1, 1)))
    r = file.add("QuantizeLinear", file.add("Relu", f), 0.0171, other)
    flat = file.add("Reshape", r, np.array([0, -1]))
    v = rng.integers(-64, 64, (27, 5)).astype(np.int8)
    m = file.add("MatMulInteger", flat, v, other, np.int8(3))
    s = file.add("Mul", file.add("Cast", m, to=T.FLOAT), rng.uniform(0.0001, 0.0003, 5))
    qdq(file, file.add("Add", s, rng.normal(0, 1, 5)), (0.0317, T.INT8, 11), out="y")
    network = agrees(file.model(), spread(rng, (2, 5, 5)), count)
    assert kinds(network) == ["ShiftConv", "Threshold", "Flatten", "ShiftDense", "Threshold"]


def fused(kind: str) -> File:
    """What onnxruntime makes of QDQ around layers and between two branches."""
    rng = np.random.default_rng(11)
    file = File((2, 4, 4), rank=2 if kind == "QGemm" else None)
    zero, out_zero = np.uint8(90), np.uint8(131)
    q = file.add("QuantizeLinear", "x", 0.0437, zero)
    other = file.add("QuantizeLinear", file.add("Mul", file.add("DequantizeLinear", q, 0.0437, zero), -0.7),
                     0.0291, np.uint8(140))  # fmt: skip
    if kind == "QGemm":
        flat = file.add("Flatten", q, axis=1)
        w = rng.integers(-64, 64, (5, 32)).astype(np.int8)
        bias = rng.integers(-500, 500, 5).astype(np.int32)
        made = file.add(kind, flat, 0.0437, zero, w, 0.0113, np.int8(0), bias, 0.1713, out_zero,
                        domain=MICROSOFT, transB=1)  # fmt: skip
    elif kind in ("QLinearSigmoid", "QLinearLeakyRelu"):
        made = file.add(kind, q, 0.0437, zero, 0.0039, out_zero, domain=MICROSOFT)
    elif kind == "QLinearGlobalAveragePool":
        made = file.add(kind, q, 0.0437, zero, 0.0171, out_zero, domain=MICROSOFT)
    elif kind == "QLinearConcat":
        made = file.add(kind, 0.0511, out_zero, q, 0.0437, zero, other, 0.0291, np.uint8(140), domain=MICROSOFT, axis=1)
    else:
        made = file.add(kind, q, 0.0437, zero, other, 0.0291, np.uint8(140), 0.0511, out_zero, domain=MICROSOFT)
    scale = {"QGemm": 0.1713, "QLinearSigmoid": 0.0039, "QLinearLeakyRelu": 0.0039, "QLinearGlobalAveragePool": 0.0171}
    file.add("DequantizeLinear", made, scale.get(kind, 0.0511), out_zero, out="y")
    return file


AVERAGES = {
    "all counted": {"pads": [1, 1, 1, 1], "count_include_pad": 1},
    "pads not counted": {"pads": [1, 0, 1, 2]},
    "same": {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
    "rounded up": {"strides": [2, 2], "ceil_mode": 1},
    "rounded up, all counted": {"strides": [2, 2], "ceil_mode": 1, "pads": [1, 0, 1, 2], "count_include_pad": 1},
}


@pytest.mark.parametrize("is_fused", [True, False])
@pytest.mark.parametrize("name", AVERAGES)
def test_averages_of_codes_with_a_zero_point(name: str, is_fused: bool, count: Any) -> None:
    """A padded position is the value 0, whose code is the zero point; it counts or it does not."""
    file = File((2, 6, 6))
    zero, out = np.uint8(90), (0.01713, np.uint8(131))
    attributes = {"kernel_shape": [3, 3], **AVERAGES[name]}
    q = file.add("QuantizeLinear", "x", 0.04371, zero)
    if is_fused:  # behind a convolution of codes, whose shape ONNX's inference does not tell
        one = np.eye(2, dtype=np.int8).reshape(2, 2, 1, 1)
        q = file.add("QLinearConv", q, 0.04371, zero, one, 1.0, np.int8(0), 0.04371, zero)
        made = file.add("QLinearAveragePool", q, 0.04371, zero, *out, domain=MICROSOFT, **attributes)
    else:
        made = file.add("AveragePool", file.add("DequantizeLinear", q, 0.04371, zero), **attributes)
        made = file.add("QuantizeLinear", made, *out)
    file.add("DequantizeLinear", made, *out, out="y")
    network = agrees(file.model(), spread(np.random.default_rng(17), (2, 6, 6)), count)
    is_whole = name == "all counted" or (is_fused and "all counted" in name)  # the fused kernel divides by the area
    assert kinds(network)[-2:] == ["SumPool" if is_whole else "PartialPool", "Threshold"]


@pytest.mark.parametrize("kind", ["QGemm", "QLinearAdd", "QLinearGlobalAveragePool", "QLinearConcat"])
def test_operations_of_onnxruntime_on_codes(kind: str, count: Any) -> None:
    agrees(fused(kind).model(), spread(np.random.default_rng(12), (2, 4, 4)), count)


@pytest.mark.parametrize("kind", ["QLinearAdd", "QLinearMul"])
@pytest.mark.parametrize("is_first", [False, True])
def test_a_constant_operand_of_codes(kind: str, is_first: bool, count: Any) -> None:
    """A gain or an offset a channel, as codes with a scale and a zero point of its own."""
    file = File((2, 4, 4))
    zero, out = np.uint8(90), (0.0613, np.uint8(131))
    data = file.add("QuantizeLinear", "x", 0.04371, zero), 0.04371, zero
    constant = np.array([37, 201], np.uint8).reshape(2, 1, 1), 0.0113, np.uint8(20)
    both = (*constant, *data) if is_first else (*data, *constant)
    file.add("DequantizeLinear", file.add(kind, *both, *out, domain=MICROSOFT), *out, out="y")
    network = agrees(file.model(), spread(np.random.default_rng(18), (2, 4, 4)), count)
    assert kinds(network) == ["Threshold"]


@pytest.mark.parametrize("kind", ["QLinearAveragePool", "QLinearGlobalAveragePool"])
def test_averages_of_codes_channels_last(kind: str, count: Any) -> None:
    """Behind a Transpose, in onnxruntime's other layout, and turned back."""
    file = File((2, 6, 4))
    zero, out = np.uint8(90), (0.01713, np.uint8(131))
    q = file.add("Transpose", file.add("QuantizeLinear", "x", 0.04371, zero), perm=[0, 2, 3, 1])
    window = {"kernel_shape": [3, 2], "pads": [1, 0, 1, 1]} if kind == "QLinearAveragePool" else {}
    made = file.add(kind, q, 0.04371, zero, *out, domain=MICROSOFT, channels_last=1, **window)
    turned = file.add("Transpose", made, perm=[0, 3, 1, 2])
    file.add("DequantizeLinear", turned, *out, out="y")
    network = agrees(file.model(), spread(np.random.default_rng(19), (2, 6, 4)), count)
    assert kinds(network)[0] in ("PartialPool", "SumPool")
