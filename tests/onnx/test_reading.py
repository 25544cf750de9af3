"""What arithmetic and layers are read as: the network's layers and formats, and the values of onnxruntime."""

from __future__ import annotations

from typing import Any

import pytest

from onnx_lines import IMAGE, LINE, Q2, ROW, WC, WQ, Q, Reading, X, is_read, q

CASES: dict[str, Reading] = {
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
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_a_file_is_read_as(name: str, count: Any) -> None:
    is_read(CASES[name], count)
