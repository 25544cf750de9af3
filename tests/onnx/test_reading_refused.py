"""What readers of arithmetic, layers and windows refuse: one node at a time, with the essential words."""

from __future__ import annotations

import pytest

from onnx_lines import IMAGE, ROW, WC, WQ, Constants, Q, X, assert_refused, q

TWO: Constants = {"s2": 0.3, "b2": 3.0}
CAP: Constants = {"c": [1.0, 2.0, 3.0, 4.0]}

CASES: dict[str, tuple[list[object], str | None, Constants, str, str]] = {
    "add: no tensor": (
        ROW,
        "s6.2",
        CAP,
        "a = Add(c, c); b = Relu(x); y = Sin(b)",
        r"the operation Sin \(in 'y'\) is not supported",
    ),
    "add: odd scales": (
        ROW,
        None,
        Q | {"s": 0.3, "s2": 0.7, "b2": 3.0},
        X + q("a", "c", "s2", "z", "b2") + "y = Add(a, c)",
        r"the sum 'y' joins values of the scales 0\.3\d* and 0\.[67]\d*, which differ by more than a power of two",
    ),
    "add: odd scales of channels": (
        ROW,
        None,
        Q | {"s": 0.3, "s2": [0.7, 0.3, 0.3, 0.3], "b2": 3.0},
        X + q("a", "c", "s2", "z", "b2") + "y = Add(a, c)",
        r"values of the scales 0\.3\d* and \S+ and others, which differ by more than a power of two",
    ),
    "add: a row of columns": (
        IMAGE,
        "s6.2",
        {"c": (4,)},
        "y = Add(x, c)",
        r"shape \(1, 1, 1, 4\) for 2 channels; give one for",
    ),
    "mul: along the columns": (
        IMAGE,
        "s6.2",
        {"c": (1, 1, 1, 2)},
        "y = Mul(x, c)",
        r"shape \(1, 1, 1, 2\) for 2 channels",
    ),
    "div: of two": (
        ROW,
        "s12.2",
        {},
        "a = Relu(x); y = Div(a, x)",
        "it reads sums of 11 bits; put a quantizer of at most 10 bits in front",
    ),
    "mul: whole numbers": (ROW, "s6.2", {"c": [1, 2, 3, 4]}, "y = Mul(x, c)", "constant 'c' of type int64; make it"),
    "div: by zero": (ROW, "s6.2", {"c": [1.0, 0.0, 3.0, 4.0]}, "y = Div(x, c)", "it divides by 0"),
    "div: of a constant": (ROW, "s6.2", CAP, "y = Div(c, x)", r"only its second input may be a constant here, found"),
    "norm: of training": (
        IMAGE,
        "s6.2",
        {n: [1.0, 1.0] for n in "gomv"},
        "y, i, j = BatchNormalization<training_mode=1>(x, g, o, m, v)",
        "attribute training_mode = 1 is not handled; only 0",
    ),
    "norm: of no spread": (
        IMAGE,
        "s6.2",
        {n: [1.0, 1.0] for n in "gom"} | {"v": [1.0, -1.0]},
        "y = BatchNormalization(x, g, o, m, v)",
        "a variance of -1 is not positive",
    ),
    "concat: of rows": (
        IMAGE,
        "s6.2",
        {},
        "a = Relu(x); y = Concat<axis=2>(a, x)",
        "attribute axis = 2 is not handled; only 1 or -3",
    ),
    "conv: of a vector": (
        IMAGE,
        None,
        Q | WC | {"w": (3, 2)},
        X + WQ + "y = Conv(a, v)",
        r"weights of shape \(3, 2\) do not fit 2 spatial",
    ),
    "conv: of other channels": (
        IMAGE,
        None,
        Q | WC | {"w": (3, 3, 1, 1)},
        X + WQ + "y = Conv(a, v)",
        "3 channels cannot read",
    ),
    "conv: of another kernel": (
        IMAGE,
        None,
        Q | WC | {"w": (3, 2, 1, 1)},
        X + WQ + "y = Conv<kernel_shape=[1]>(a, v)",
        r"kernel_shape = \[1\] is not handled; give 2 whole numbers",
    ),
    "conv: no groups": (
        IMAGE,
        None,
        Q | WC | {"w": (3, 2, 1, 1)},
        X + WQ + "y = Conv<group=0>(a, v)",
        "group = 0 .* from 1 on",
    ),
    "conv: groups of scales": (
        IMAGE,
        None,
        Q | TWO | WC | {"w": (4, 2, 1, 1)},
        X + q("a", "c", "s2", "z", "b2") + "d = Concat<axis=1>(a, c); " + WQ + "y = Conv<group=2>(d, v)",
        "a grouped convolution cannot take another",
    ),
    "conv: bias of another size": (
        IMAGE,
        None,
        Q | WC | {"w": (3, 2, 1, 1), "c": (2,)},
        X + WQ + "y = Conv(a, v, c)",
        r"bias of shape \(2,\) does not fit 3 outputs",
    ),
    "gemm: beta": (
        ROW,
        None,
        Q | WC | {"w": (3, 4), "c": (3,)},
        X + WQ + q("c", "k") + "y = Gemm<transB=1, beta=2.0>(a, v, k)",
        r"beta = 2 is not handled",
    ),
    "gemm: transA": (
        [4, 4],
        None,
        Q | WC | {"w": (3, 4)},
        X + WQ + "y = Gemm<transA=1, transB=1>(a, v)",
        "transA = 1 is not handled",
    ),
    "gemm: deep": (
        ROW,
        None,
        Q | WC | {"w": (3, 4, 1)},
        X + WQ + "y = Gemm<transB=1>(a, v)",
        r"shape \(3, 4, 1\) do not fit the input; give \(out",
    ),
    "gemm: computed": (
        [4, 4],
        None,
        Q,
        X + "y = Gemm<transB=1>(a, a)",
        "its weights are computed in the graph; make them",
    ),
    "pool: by columns": (
        IMAGE,
        "s6.2",
        {},
        "y = MaxPool<kernel_shape=[2,2], storage_order=1>(x)",
        "storage_order = 1 is not",
    ),
    "pad: of reflections": (
        IMAGE,
        "s6.2",
        {"p": [0, 0, 1, 0, 0, 0, 0, 0]},
        'y = Pad<mode="reflect">(x, p)',
        "mode = reflect is not handled",
    ),
    "pad: of tenths": (
        IMAGE,
        "s6.2",
        {"p": [0, 0, 1, 0, 0, 0, 0, 0], "v": 0.1},
        "y = Pad(x, p, v)",
        "padding value of 0.1 is none that the tensor's quantizer can give",
    ),
    "pad: of channels": (
        IMAGE,
        "s6.2",
        {"p": [0, 0, 1, 0, 0, 1, 0, 0]},
        "y = Pad(x, p)",
        "of the batch or of the channels is not",
    ),
    "pad: of the batch": (
        IMAGE,
        "s6.2",
        {"p": [1, 0, 1, 0, 0, 0, 0, 0]},
        "y = Pad(x, p)",
        "of the batch or of the channels is not",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_reader_refuses(name: str) -> None:
    assert_refused(CASES[name])
