"""What each operation is read as: the network's layers and formats, and the values of onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from onnx_lines import IMAGE, LINE, Q2, ROW, WC, WQ, Constants, D, Q, X, declared, q, values
from shiftwire.ir.host import Tail
from shiftwire.ir.network import Network
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import run_onnx

Case = tuple[list[object], str | None, Constants, str, str]
CASES: dict[str, Case] = {
    "add: means of 3 and of 6": (
        IMAGE, "s6.2", {},
        "a = AveragePool<kernel_shape=[1,3], pads=[0,1,0,1], count_include_pad=1>(x); "
        "b = AveragePool<kernel_shape=[2,3], pads=[1,1,0,1], count_include_pad=1>(x); y = Add(a, b)",
        "s6.2[4x4x2]; a = SumPool(x) s8.2[4x4x2]; b = SumPool(x) s9.2[4x4x2]; y_scale = Affine(b) s9.3[4x4x2]; "
        "y = Add(a, y_scale) s10.3[4x4x2]",
    ),
    "add: two branches": (
        IMAGE, "s6.2", {},
        "a = Relu(x); y = Add(a, x)",
        "s6.2[4x4x2]; a = Relu(x) u5.2[4x4x2]; y = Add(a, x) s7.2[4x4x2]",
    ),
    "add: of a scaled branch": (
        IMAGE, None, Q | Q2,
        X + q("a", "c", "s2", "z", "b2") + "y = Add(a, c)",
        "s6.2[4x4x2]; c = Requantize(x) s3.1[4x4x2]; y = Add(x, c) s7.2[4x4x2]",
    ),
    "add: of odd scales": (
        IMAGE, None, Q | {"s": 0.3,
        "s2": 0.6, "b2": 3.0}, X + q("a", "c", "s2", "z", "b2") + "y = Add(c, a)",
        "s6.2[4x4x2]; c = Threshold(x) s3.1[4x4x2]; y = Add(c, x) s7.2[4x4x2]",
    ),
    "add: of odd scales the other way": (
        IMAGE, None, Q | {"s": 0.3,
        "s2": 1.2, "b2": 3.0}, X + q("a", "c", "s2", "z", "b2") + "y = Add(a, c)",
        "s6.2[4x4x2]; c = Threshold(x) s3.0[4x4x2]; y = Add(x, c) s7.2[4x4x2]",
    ),
    "add: a constant": (
        ROW, "s6.2", {"c": [1.0, -0.5, 2.0, 0.25]},
        "y = Add(x, c)",
        "s6.2[4]",
    ),
    "mul: a constant": (
        ROW, "s6.2", {"c": [1.0, -0.5, 2.0, 0.25]},
        "y = Mul(x, c)",
        "s6.2[4]",
    ),
    "mul: one for all": (
        ROW, "s6.2", {"c": 0.75},
        "y = Mul(x, c)",
        "s6.2[4]",
    ),
    "div: a constant": (
        ROW, "s6.2", {"c": [3.0, -0.5, 5.0, 0.25]},
        "y = Div(x, c)",
        "s6.2[4]",
    ),
    "mul, add and relu in front of a quantizer": (
        IMAGE, None, Q | Q2 | {"m": [[[0.7]], [[-1.3]]],
        "c": [[[0.1]], [[0.4]]]},
        X + "d = Mul(a, m); e = Add(d, c); f = Relu(e); " + q("f", "y", "s2", "z", "b2", signed=0),
        "s6.2[4x4x2]; y = Threshold(x) u3.1[4x4x2]",
    ),
    "a quotient in front of a quantizer": (
        IMAGE, None, Q | Q2 | {"m": [[[0.7]], [[-1.3]]]},
        X + "d = Div(a, m); " + q("d", "y", "s2", "z", "b2"),
        "s6.2[4x4x2]; y = Threshold(x) s3.1[4x4x2]",
    ),
    "batch norm": (
        IMAGE, "s6.2", {"g": [1.0, -2.0],
        "o": [0.5, 1.0], "m": [1.0, -1.0], "v": [0.25, 4.0]},
        "y = BatchNormalization<epsilon=0.0, momentum=0.5>(x, g, o, m, v)",
        "s6.2[4x4x2]",
    ),
    "batch norm of the usual epsilon": (
        IMAGE, None, Q | Q2 | {"g": [1.0, -2.0],
        "o": [0.5, 1.0], "m": [1.0, -1.0], "v": [0.25, 4.0]},
        X + "d = BatchNormalization(a, g, o, m, v); " + q("d", "y", "s2", "z", "b2"),
        "s6.2[4x4x2]; y = Threshold(x) s3.1[4x4x2]",
    ),
    "clip": (
        IMAGE, None, Q | Q2 | {"lo": -1.5,
        "hi": 1.0}, X + "d = Clip(a, lo, hi); " + q("d", "y", "s2", "z", "b2"),
        "s6.2[4x4x2]; y = Threshold(x) s3.1[4x4x2]",
    ),
    "concat: of two": (
        IMAGE, "s6.2", {},
        "a = Relu(x); y = Concat<axis=1>(a, x)",
        "s6.2[4x4x2]; a = Relu(x) u5.2[4x4x2]; y = Concat(a, x) s6.2[4x4x4]",
    ),
    "concat: of four": (
        IMAGE, "s6.2", {},
        "a = Relu(x); y = Concat<axis=-3>(a, x, a, x)",
        "s6.2[4x4x2]; a = Relu(x) u5.2[4x4x2]; y_part1 = Concat(a, x) s6.2[4x4x4]; "
        "y_part2 = Concat(y_part1, a) s6.2[4x4x6]; y = Concat(y_part2, x) s6.2[4x4x8]",
    ),
    "concat: of three": (
        ROW, None, Q | Q2,
        X + q("a", "c", "s2", "z", "b2") + "y = Concat<axis=1>(a, c, c)",
        "s6.2[4]; c = Requantize(x) s3.1[4]; y_part1 = Concat(x, c) s6.2[8]; y = Concat(y_part1, c) s6.2[12]",
    ),
    "concat: of odd scales": (
        ROW, None, Q | {"s": 0.3,
        "s2": 0.7, "b2": 3.0}, X + q("a", "c", "s2", "z", "b2") + "y = Concat<axis=1>(a, c)",
        "s6.2[4]; c = Threshold(x) s3.1[4]; y = Concat(x, c) s6.2[8]",
    ),
    "concat: of one odd scale": (
        ROW, None, Q | {"s": 0.3},
        X + "c = Relu(a); y = Concat<axis=1>(a, a)",
        "s6.2[4]; y = Concat(x, x) s6.2[8]",
    ),
    "gemm": (
        ROW, None, Q | WC | {"w": (3, 4)},
        X + WQ + "y = Gemm<transB=1>(a, v)",
        "s6.2[4]; y = ShiftDense(x) s10.2[3]",
    ),
    "gemm with a bias on the grid": (
        ROW, None, Q | WC | {"w": (3, 4),
        "c": [0.125, -1.0, 2.0]}, X + WQ + "y = Gemm<transB=1>(a, v, c)",
        "s6.2[4]; y = ShiftDense(x) s11.3[3]",
    ),
    "gemm with a finer bias": (
        ROW, None, Q | WC | {"w": (3, 4),
        "c": [0.0078125, -1.0, 2.0]}, X + WQ + "y = Gemm<transB=1>(a, v, c)",
        "s6.2[4]; y = ShiftDense(x) s15.7[3]",
    ),
    "gemm with the finest bias": (
        ROW, None, Q | WC | {"w": (3, 4),
        "c": [2.0**-12, -1.0, 2.0]}, X + WQ + "y = Gemm<transB=1>(a, v, c)",
        "s6.2[4]; y = ShiftDense(x) s10.2[3]",
    ),
    "gemm with a quantized bias": (
        ROW, None, Q | WC | {"w": (3, 4),
        "c": [1.0, -2.0, 3.0], "cs": 0.25}, X + WQ + q("c", "k", "cs", "z", "b") + "y = Gemm<transB=1>(a, v, k)",
        "s6.2[4]; y = ShiftDense(x) s10.2[3]",
    ),
    "gemm of odd scales": (
        ROW, None, Q | WC | {"s": 0.3,
        "ws": 0.7, "w": (3, 4)}, X + WQ + "y = Gemm<transB=1>(a, v)",
        "s6.2[4]; y = ShiftDense(x) s10.3[3]",
    ),
    "gemm of odd scales with a bias": (
        ROW, None, Q | WC | Q2 | {"s": 0.3,
        "ws": 0.7, "w": (3, 4), "c": (3,)}, X + WQ + "d = Gemm<transB=1>(a, v, c); " + q("d", "y", "s2", "z", "b2"),
        "s6.2[4]; d = ShiftDense(x) s10.3[3]; y = Threshold(d) s3.1[3]",
    ),
    "gemm of a scale an output": (
        ROW, None, Q | WC | {"ws": [[0.5], [0.75], [1.0]],
        "w": (3, 4)}, X + WQ + "y = Gemm<transB=1>(a, v)",
        "s6.2[4]; y = ShiftDense(x) s10.3[3]",
    ),
    "gemm of powers an output": (
        ROW, None, Q | WC | {"ws": [[0.5], [0.25], [2.0]],
        "w": (3, 4)}, X + WQ + "y = Gemm<transB=1>(a, v)",
        "s6.2[4]; y = ShiftDense(x) s10.2[3]",
    ),
    "gemm of scales an input": (
        ["N", 2], None, Q | WC | {"w": (3, 4),
        "s2": [[0.5, 0.25]], "b2": 3.0},
        X + q("a", "c", "s2", "z", "b2") + "d = Concat<axis=1>(c, a); " + WQ + "y = Gemm<transB=1>(d, v)",
        "s6.2[2]; c = Threshold(x) s4.2[2]; d = Concat(c, x) s6.2[4]; y = ShiftDense(d) s10.2[3]",
    ),
    "conv": (
        IMAGE, None, Q | WC | {"w": (3, 2, 3, 2)},
        X + WQ + "y = Conv<strides=[2,1], pads=[1,0,1,1]>(a, v)",
        "s6.2[4x4x2]; y = ShiftConv(x) s11.2[2x4x3]",
    ),
    "conv with a bias": (
        IMAGE, None, Q | WC | {"w": (3, 2, 1, 2),
        "c": (3,)}, X + WQ + "y = Conv(a, v, c)",
        "s6.2[4x4x2]; y = ShiftConv(x) s10.2[4x3x3]",
    ),
    "conv of groups": (
        IMAGE, None, Q | WC | {"w": (4, 1, 2, 2)},
        X + WQ + "y = Conv<group=2>(a, v)",
        "s6.2[4x4x2]; y = ShiftConv(x) s10.2[3x3x4]",
    ),
    "conv of a line": (
        LINE, None, Q | WC | {"w": (3, 2, 3)},
        X + WQ + "y = Conv<strides=[2], pads=[1,0]>(a, v)",
        "s6.2[6x2]; y = ShiftConv(x) s10.2[3x3]",
    ),
    "depthwise of odd scales": (
        IMAGE, None, Q | WC | {"w": (8, 1, 2, 2),
        "s": 0.25, "s2": 0.7, "b2": 3.0},
        X + q("a", "c", "s2", "z", "b2") + "d = Concat<axis=1>(a, c); " + WQ + "y = Conv<group=4>(d, v)",
        "s6.2[4x4x2]; c = Threshold(x) s3.1[4x4x2]; d = Concat(x, c) s6.2[4x4x4]; "
        "y = ShiftConv(d) s10.2[3x3x8]",
    ),
    "max pool": (
        IMAGE, "s6.2", {},
        "y = MaxPool<kernel_shape=[2,3], strides=[2,1], pads=[0,1,0,0]>(x)",
        "s6.2[4x4x2]; y = MaxPool(x) s6.2[2x3x2]",
    ),
    "max pool behind a scale": (
        IMAGE, None, Q | Q2 | {"m": 0.7},
        X + "d = Mul(a, m); e = MaxPool<kernel_shape=[2,2]>(d); " + q("e", "y", "s2", "z", "b2"),
        "s6.2[4x4x2]; e = MaxPool(x) s6.2[3x3x2]; y = Threshold(e) s3.1[3x3x2]",
    ),
    "average pool": (
        IMAGE, "s6.2", {},
        "y = AveragePool<kernel_shape=[2,2], pads=[1,0,0,1], count_include_pad=1>(x)",
        "s6.2[4x4x2]; y = AveragePool(x) s8.4[4x4x2]",
    ),
    "average pool of three": (
        IMAGE, None, Q | Q2,
        X + "d = AveragePool<kernel_shape=[1,3], strides=[1,1]>(a); " + q("d", "y", "s2", "z", "b2"),
        "s6.2[4x4x2]; d = SumPool(x) s8.2[4x2x2]; y = Threshold(d) s3.1[4x2x2]",
    ),
    "mean": (
        IMAGE, "s6.2", {},
        "y = GlobalAveragePool(x)",
        "s6.2[4x4x2]; y = AveragePool(x) s10.6[1x1x2]",
    ),
    "mean of a line": (
        LINE, None, Q | Q2,
        X + "d = GlobalAveragePool(a); " + q("d", "y", "s2", "z", "b2"),
        "s6.2[6x2]; d = SumPool(x) s9.2[1x2]; y = Threshold(d) s3.1[1x2]",
    ),
    "pad": (
        IMAGE, "s6.2", {"p": [0, 0, 1, 0, 0, 0, 2, 3]},
        "y = Pad(x, p)",
        "s6.2[4x4x2]; y = Pad(x) s6.2[7x7x2]",
    ),
    "pad of axes": (
        IMAGE, "s6.2", {"p": [1, 2],
        "axes": [-1], "zero": 0.0}, "y = Pad(x, p, zero, axes)",
        "s6.2[4x4x2]; y = Pad(x) s6.2[4x7x2]",
    ),
    "pad of a line": (
        LINE, None, Q | {"s": 0.3,
        "p": [0, 0, 1, 0, 0, 2]}, X + "y = Pad(a, p)",
        "s6.2[6x2]; y = Pad(x) s6.2[9x2]",
    ),
    "flatten": (
        IMAGE, "s6.2", {},
        "y = Flatten(x)",
        "s6.2[4x4x2]; y = Flatten(x) s6.2[32]",
    ),
    "flatten of a row": (
        ROW, "s6.2", {},
        "a = Relu(x); b = Flatten(a); y = Relu(b)",
        "s6.2[4]; a = Relu(x) u5.2[4]; y = Relu(a) u5.2[4]",
    ),
    "flatten of channel scales": (
        IMAGE, None, Q | Q2 | {"m": [[[0.5]], [[0.75]]]},
        X + "d = Mul(a, m); e = Flatten(d); " + q("e", "y", "s2", "z", "b2"),
        "s6.2[4x4x2]; e = Flatten(x) s6.2[32]; y = Threshold(e) s3.1[32]",
    ),
    "a quantizer of few bits": (
        IMAGE, "s6.2", {"s": 0.5,
        "z": 0.0, "b": 3.0}, q("x", "y"),
        "s6.2[4x4x2]; y = Requantize(x) s3.1[4x4x2]",
    ),
    "floor": (
        IMAGE, "s6.2", {"s": 0.5,
        "z": 0.0, "b": 3.0}, q("x", "y", rounding_mode='"FLOOR"'),
        "s6.2[4x4x2]; y = Requantize(x) s3.1[4x4x2]",
    ),
    "half up": (
        IMAGE, "u6.2", {"s": 0.5,
        "z": 0.0, "b": 3.0}, q("x", "y", rounding_mode='"HALF_UP"', signed=0),
        "u6.2[4x4x2]; y = Requantize(x) u3.1[4x4x2]",
    ),
    "half up of signed": (
        IMAGE, "s6.2", {"s": 0.5,
        "z": 0.0, "b": 3.0}, q("x", "y", rounding_mode='"HALF_UP"'),
        "s6.2[4x4x2]; y = Threshold(x) s3.1[4x4x2]",
    ),
    "narrow": (
        IMAGE, "s6.2", {"s": 0.5,
        "z": 0.0, "b": 3.0}, q("x", "y", narrow=1),
        "s6.2[4x4x2]; y = Threshold(x) s3.1[4x4x2]",
    ),
    "narrow of unsigned": (
        IMAGE, "s6.2", {"s": 0.5,
        "z": 0.0, "b": 3.0}, q("x", "y", narrow=1, signed=0),
        "s6.2[4x4x2]; y = Threshold(x) u3.1[4x4x2]",
    ),
    "an offset": (
        IMAGE, "s6.2", {"s": 0.5,
        "z": 2.0, "b": 3.0}, q("x", "y"),
        "s6.2[4x4x2]; y = Threshold(x) s4.1[4x4x2]",
    ),
    "one bit": (
        IMAGE, "s6.2", {"s": 0.5,
        "z": 0.0, "b": 1.0}, q("x", "y"),
        "s6.2[4x4x2]; y = Threshold(x) s2.1[4x4x2]",
    ),
    "one unsigned bit": (
        IMAGE, "s6.2", {"s": 0.5,
        "z": 0.0, "b": 1.0}, q("x", "y", signed=0),
        "s6.2[4x4x2]; y = Requantize(x) u1.1[4x4x2]",
    ),
    "a relu that waits": (
        IMAGE, None, Q | Q2 | {"s": 0.3},
        X + "d = Relu(a); e = Relu(d); " + q("e", "y", "s2", "z", "b2", signed=0),
        "s6.2[4x4x2]; y = Threshold(x) u3.1[4x4x2]",
    ),
    "a relu of a scale at the end": (
        IMAGE, None, Q | {"s": 0.3},
        X + "y = Relu(a)",
        "s6.2[4x4x2]; y = Relu(x) u5.2[4x4x2]",
    ),
    "a relu in front": (
        IMAGE, None, Q,
        "r = Relu(x); " + q("r", "y", signed=0),
        "u6.2[4x4x2]",
    ),
    "channel scales": (
        IMAGE, "s6.2", {"s": [[[0.5]], [[0.25]]],
        "z": 0.0, "b": 3.0}, q("x", "y"),
        "s6.2[4x4x2]; y = Threshold(x) s4.2[4x4x2]",
    ),
    "odd channel scales": (
        IMAGE, "s6.2", {"s": [[[0.5]], [[0.3]]],
        "z": 0.0, "b": 3.0}, q("x", "y"),
        "s6.2[4x4x2]; y = Threshold(x) s3.2[4x4x2]",
    ),
    "bipolar": (
        IMAGE, "s6.2", {"s": 0.5},
        f"y = {D}BipolarQuant(x, s)",
        "s6.2[4x4x2]; y = Threshold(x) s2.1[4x4x2]",
    ),
    "sign": (
        IMAGE, "s6.2", {},
        "y = Sign(x)",
        "s6.2[4x4x2]; y = Threshold(x) s2.0[4x4x2]",
    ),
    "trunc": (
        IMAGE, None, Q | {"f": 6.0,
        "t": 4.0}, X + f"y = {D}Trunc(a, s, z, f, t)",
        "s6.2[4x4x2]; y = Threshold(x) s4.2[4x4x2]",
    ),
    "trunc by rounding": (
        IMAGE, None, Q | {"f": 6.0,
        "t": 4.0}, X + f'y = {D}Trunc<rounding_mode="ROUND">(a, s, z, f, t)',
        "s6.2[4x4x2]; y = Threshold(x) s5.2[4x4x2]",
    ),
    "trunc of two": (
        IMAGE, None, Q | {"f": 6.0,
        "so": 1.0, "t": 3.0}, X + f"y = {D}Trunc(a, s, z, f, so, t)",
        "s6.2[4x4x2]; y = Threshold(x) s3.0[4x4x2]",
    ),
    "trunc of two, narrow": (
        IMAGE, None, Q | {"f": 6.0,
        "so": 1.0, "t": 2.0}, X + f'y = {D}Trunc<narrow=1, signed=1, rounding_mode="CEIL">(a, s, z, f, so, t)',
        "s6.2[4x4x2]; y = Threshold(x) s2.0[4x4x2]",
    ),
    "trunc of two, unsigned": (
        IMAGE, None, Q | {"f": 6.0,
        "so": 1.0, "t": 2.0}, X + f"y = {D}Trunc<narrow=1, signed=0>(a, s, z, f, so, t)",
        "s6.2[4x4x2]; y = Threshold(x) u2.0[4x4x2]",
    ),
    "requantize": (
        IMAGE, "s6.2", {},
        'y = shiftwire.Requantize<bits=3, frac=1, signed=1, rounding="half_up", overflow="wrap">(x)',
        "s6.2[4x4x2]; y = Requantize(x) s3.1[4x4x2]",
    ),
    "requantize in front": (
        IMAGE, None, {},
        'a = shiftwire.Requantize<bits=5, frac=2, signed=0, rounding="floor", overflow="saturate">(x); y = Relu(a)',
        "u5.2[4x4x2]; y = Relu(x) u5.2[4x4x2]",
    ),
    "softmax": (
        ROW, "s6.2", {},
        "a = Relu(x); y = Softmax(a)",
        "s6.2[4]; a = Relu(x) u5.2[4]",
    ),
    "argmax": (
        ROW, "s6.2", {},
        "a = Relu(x); y = ArgMax<axis=-1, keepdims=0, select_last_index=0>(a)",
        "s6.2[4]; a = Relu(x) u5.2[4]",
    ),
    "identity": (
        ROW, "s6.2", {},
        "a = Relu(x); b = Add(a, x); y = Identity(b)",
        "s6.2[4]; a = Relu(x) u5.2[4]; y = Add(a, x) s7.2[4]",
    ),
}  # fmt: skip
"""Shape, format of the input where no quantizer stands there, constants, the file, and the network's layers."""

ONE_LEVEL = ("one bit", "one unsigned bit", "bipolar")
RANKINGS = {"softmax": Tail.SOFTMAX, "argmax": Tail.ARGMAX}


def told(network: Network) -> list[str]:
    nodes = [
        f"{node.name} = {node.kind}({', '.join(node.inputs)}) {network.tensors[node.name]}" for node in network.nodes
    ]
    return [str(network.input), *nodes]


@pytest.mark.parametrize("name", CASES)
def test_what_a_file_is_read_as(name: str, count: Any) -> None:
    shape, form, constants, lines, wanted = CASES[name]
    model = declared(shape, form, constants, lines)
    network = network_from_model(model)
    assert told(network) == wanted.split("; ")
    host = network.host_output
    assert host.tail is RANKINGS.get(name, Tail.NONE)
    if name in RANKINGS:
        return
    given = values(shape, 16)
    if form is not None:
        x = network.input.format
        drawn = np.random.default_rng(2).integers(x.lo, x.hi + 1, given.shape)
        given = x.decode(drawn).astype(np.float32)
    found = host.decode(network.evaluate(network.host_input.encode(given, network.input.format)), network.output.format)
    expected = run_onnx(model, given, 16)
    if host.is_scaled:
        assert np.allclose(found, expected, rtol=1e-6, atol=1e-5)
    else:
        assert np.array_equal(found, expected)
    assert len(np.unique(expected)) > (1 if name in ONE_LEVEL else 2)
    count(onnxruntime_outputs=expected.size)
