"""Arithmetic, idle nodes and constants: their canonical form, with the same values."""

from __future__ import annotations

from typing import Any

import pytest

from onnx_lines import QUANT, Case, Constants, agrees

ROW: list[object] = ["N", 4]
IMAGE: list[object] = ["N", 2, 5, 6]
Q: Constants = {"s": 0.5, "z": 0.0, "b": 4.0}

CASES: dict[str, Case] = {
    "neg": (
        ROW, {},
        "y = Neg(x)",
        "y = Mul(x, y_scalar)",
    ),
    "add": (
        ROW, {"c": (4,)},
        "y = Add(x, c)",
        "y = Add(x, y_c)",
    ),
    "add: first": (
        ROW, {"c": (1, 4)},
        "y = Add(c, x)",
        "y = Add(x, y_c)",
    ),
    "add: equal everywhere": (
        IMAGE, {"c": [[2.0]] * 5},
        "y = Add(c, x)",
        "y = Add(x, y_c)",
    ),
    "add: along the columns": (
        IMAGE, {"c": (6,)},
        "y = Add(x, c)",
        "y = Add(x, y_c)",
    ),
    "add: of channels": (
        IMAGE, {"c": (2, 1, 1)},
        "y = Add(x, c)",
        "y = Add(x, y_c)",
    ),
    "add: that grows": (
        IMAGE, {"c": (1, 1, 2, 5, 6)},
        "y = Add(x, c)",
        "y = Add(x, c)",
    ),
    "add: that widens": (
        ["N", 1], {"c": (4,)},
        "y = Add(x, c)",
        "y = Add(x, c)",
    ),
    "sub": (
        ROW, {"c": (4,)},
        "y = Sub(x, c)",
        "y = Add(x, y_c)",
    ),
    "sub: from a constant": (
        ROW, {"c": (4,)},
        "y = Sub(c, x)",
        "y_negative = Mul(x, y_scalar); y = Add(y_negative, y_c)",
    ),
    "sub: from a scalar": (
        IMAGE, {"c": 3.0},
        "y = Sub(c, x)",
        "y_negative = Mul(x, y_scalar); y = Add(y_negative, y_c)",
    ),
    "sub: of two": (
        IMAGE, {},
        "a = Relu(x); y = Sub(a, x)",
        "a = Relu(x); y_negative = Mul(x, y_scalar); y = Add(a, y_negative)",
    ),
    "mul: first": (
        IMAGE, {"c": [[[0.5]], [[3.0]]]},
        "y = Mul(c, x)",
        "y = Mul(x, y_c)",
    ),
    "div: by a power": (
        ROW, {"c": [2.0, -0.5, 1.0, 0.25]},
        "y = Div(x, c)",
        "y = Mul(x, y_c)",
    ),
    "div: by another": (
        ROW, {"c": [2.0, 3.0, 1.0, 0.25]},
        "y = Div(x, c)",
        "y = Div(x, y_c)",
    ),
    "div: of a constant": (
        ROW, {"c": (4,)},
        "a = Exp(x); y = Div(c, a)",
        "a = Exp(x); y = Div(c, a)",
    ),
    "idle: identities": (
        ROW, {},
        "a = Identity(x); b = Dropout(a); c = Cast<to=1>(b); d = Concat<axis=1>(c); y = Relu(d)",
        "y = Relu(x)",
    ),
    "idle: at the end": (
        ROW, {},
        "a = Relu(x); y = Identity(a)",
        "a: y = Relu(x)",
    ),
    "idle: at the end, read elsewhere": (
        ROW, {},
        "a = Neg(x); b = Relu(a); c = Add(a, b); y = Identity(c)",
        "a = Mul(x, a_scalar); b = Relu(a); c: y = Add(a, b)",
    ),
    "idle: from end to end": (
        ROW, {},
        "y = Identity(x)",
        "y = Identity(x)",
    ),
    "idle: a cast that rounds": (
        ROW, {},
        "a = Cast<to=7>(x); b = Cast<to=1>(a); y = Relu(b)",
        "a = Cast(x) to=7; b = Cast(a) to=1; y = Relu(b)",
    ),
    "idle: a sum of one": (
        ROW, {},
        "a = Sum(x); b = Min(a); y = Relu(b)",
        "y = Relu(x)",
    ),
    "idle: a sum of two": (
        ROW, {},
        "y = Sum(x, x)",
        "y = Sum(x, x)",
    ),
    "idle: a mask that is read": (
        ROW, {},
        "a, m = Dropout(x); f = Cast<to=1>(m); y = Add(a, f)",
        "a, m = Dropout(x); f = Where(m, f_1, f_0); y = Add(a, f)",
    ),
    "idle: indices that are not": (
        IMAGE, {},
        "a, i = MaxPool<kernel_shape=[2,2]>(x); y = Relu(a)",
        "a = MaxPool(x) dilations=[1,1] kernel_shape=[2,2] pads=[0,0,0,0] strides=[1,1]; y = Relu(a)",
    ),
    "constants: folded": (
        ROW, {},
        "c = Constant<value_float=1.5>(); d = Neg(c); e = Add(d, d); y = Add(x, e)",
        "y = Add(x, y_c)",
    ),
    "constants: of every kind": (
        ROW, {},
        "c = Constant<value_floats=[1.0,2.0,-1.0,0.5]>(); i = Constant<value_ints=[1,4]>(); "
        "d = Reshape(c, i); j = Constant<value_int=3>(); f = Cast<to=1>(j); e = Mul(d, f); y = Add(x, e)",
        "y = Add(x, y_c)",
    ),
    "constants: a shape": (
        ROW, {"one": 1},
        "c = Shape(x); d = Gather(c, one); f = Cast<to=1>(d); y = Mul(x, f)",
        "y = Mul(x, y_c)",
    ),
    "constants: a batch": (
        ROW, {"first": -2},
        "c = Shape(x); d = Gather(c, first); f = Cast<to=1>(d); y = Mul(x, f)",
        "c = Shape(x); d = Gather(c, first); f = Cast(d) to=1; y = Mul(x, f)",
    ),
    "constants: drawn": (
        ROW, {"w": [0.0] * 4},
        "r = RandomNormalLike(w); z = Mul(r, w); y = Add(x, z)",
        "r = RandomNormalLike(w); z = Mul(r, z_c); y = Add(x, z)",
    ),
    "constants: of many": (
        ROW, {"one": 2.0, "wide": [4097, 4097]},
        "c = Expand(one, wide); d = ReduceMax<keepdims=0>(c); y = Mul(x, d)",
        "c = Expand(one, wide); d = ReduceMax(c) keepdims=0; y = Mul(x, d)",
    ),
    "constants: split": (
        ROW, {"w": (8,)},
        "c, d = Split<axis=0, num_outputs=2>(w); e = Sub(c, d); y = Mul(x, e)",
        "y = Mul(x, y_c)",
    ),
    "constants: a quantized one": (
        ROW, Q | {"w": (4, 3)},
        f"v = Neg(w); q = {QUANT}(v, s, z, b); y = MatMul(x, q)",
        "q_transposed = Quant(v, s, z, b) narrow=0 rounding_mode=ROUND signed=1; "
        "y = Gemm(x, q_transposed) transB=1",
    ),
}  # fmt: skip

OPSETS = {
    "idle: identities": 13,
}
"""Of files of another opset than 20."""


@pytest.mark.parametrize("name", CASES)
def test_the_canonical_form(name: str, count: Any) -> None:
    agrees(CASES[name], OPSETS.get(name, 20), count)
