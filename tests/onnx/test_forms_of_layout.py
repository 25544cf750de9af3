"""Transposes and reshapes: each spelling's canonical form, node by node, with the same values."""

from __future__ import annotations

from typing import Any

import pytest

from onnx_lines import QUANT, Case, Constants, agrees

IMAGE: list[object] = ["N", 2, 3, 4]
T = "t = Transpose<perm=[0,2,3,1]>(x); "
LAST, FIRST = "perm=[0,2,3,1]", "perm=[0,3,1,2]"
Q: Constants = {"s": 0.5, "z": 0.0, "b": 4.0}

CASES: dict[str, Case] = {
    "a pair": (
        IMAGE, {},
        f"{T}y = Transpose<{FIRST}>(t)",
        "y = Identity(x)",
    ),
    "two that are one": (
        IMAGE, {},
        f"{T}y = Transpose<perm=[0,2,3,1]>(t)",
        "y = Transpose(x) perm=[0,3,1,2]",
    ),
    "without perm": (
        [8, 2, 3], {},
        "t = Transpose(x); a = Relu(t); y = Transpose(a)",
        "a: y = Relu(x)",
    ),
    "round a relu": (
        IMAGE, {},
        f"{T}a = Relu(t); y = Transpose<{FIRST}>(a)",
        "a: y = Relu(x)",
    ),
    "round many": (
        IMAGE, {"low": -1.5, "end": 1.0},
        f"{T}a = Clip(t, low, end); b = LeakyRelu<alpha=0.5>(a); c = Sigmoid(b); d = Neg(c); "
        f"y = Transpose<{FIRST}>(d)",
        "a: a_moved = Clip(x, a_moved_min, a_moved_max); b: b_moved = LeakyRelu(a_moved) alpha=0.5; "
        "c: c_moved = Sigmoid(b_moved); d: y = Mul(c_moved, y_scalar)",
    ),
    "round a quantizer": (
        IMAGE, Q,
        f"{T}a = {QUANT}(t, s, z, b); y = Transpose<{FIRST}>(a)",
        "a: y = Quant(x, s, z, b) narrow=0 rounding_mode=ROUND signed=1",
    ),
    "round a quantizer of channels": (
        IMAGE, Q | {"s": [0.5, 0.25]},
        f"{T}a = {QUANT}(t, s, z, b); y = Transpose<{FIRST}>(a)",
        "a: y = Quant(x, s_moved, z, b) narrow=0 rounding_mode=ROUND signed=1",
    ),
    "round a softmax": (
        IMAGE, {},
        f"{T}a = Softmax(t); y = Transpose<{FIRST}>(a)",
        "t = Transpose(x) perm=[0,2,3,1]; a = Softmax(t); y = Transpose(a) perm=[0,3,1,2]",
    ),
    "round an add": (
        IMAGE, {"c": (2,)},
        f"{T}a = Add(t, c); y = Transpose<{FIRST}>(a)",
        "a: y = Add(x, y_c)",
    ),
    "round an add of an image": (
        IMAGE, {"c": (1, 3, 4, 2)},
        f"{T}a = Add(c, t); y = Transpose<{FIRST}>(a)",
        "a: y = Add(x, y_c)",
    ),
    "round an add of rows": (
        IMAGE, {"c": (3, 1, 1)},
        f"{T}a = Mul(t, c); y = Transpose<{FIRST}>(a)",
        "a: y = Mul(x, y_c)",
    ),
    "round a deep scalar": (
        IMAGE, {"c": 2.0},
        f"{T}a = Sub(t, c); y = Transpose<{FIRST}>(a)",
        "a: y = Add(x, y_c)",
    ),
    "round two branches": (
        IMAGE, {},
        f"{T}a = Relu(t); b = Add(a, t); y = Transpose<{FIRST}>(b)",
        "a: a_moved = Relu(x); b: y = Add(a_moved, x)",
    ),
    "of unlike branches": (
        ["N", 3, 3], {},
        "t = Transpose<perm=[0,2,1]>(x); a = Add(t, x); y = Relu(a)",
        "t = Transpose(x) perm=[0,2,1]; a = Add(t, x); y = Relu(a)",
    ),
    "of branches turned otherwise": (
        ["N", 3, 3, 3], {},
        "t = Transpose<perm=[0,2,3,1]>(x); u = Transpose<perm=[0,3,1,2]>(x); a = Add(t, u); y = Relu(a)",
        "t = Transpose(x) perm=[0,2,3,1]; u = Transpose(x) perm=[0,3,1,2]; a = Add(t, u); y = Relu(a)",
    ),
    "round a concat": (
        IMAGE, {},
        f"{T}a = Relu(t); b = Concat<axis=3>(a, t); y = Transpose<{FIRST}>(b)",
        "a: a_moved = Relu(x); b: y = Concat(a_moved, x) axis=1",
    ),
    "round a concat of rows": (
        IMAGE, {},
        f"{T}a = Relu(t); b = Concat<axis=-3>(a, t, a); y = Transpose<{FIRST}>(b)",
        "a: a_moved = Relu(x); b: y = Concat(a_moved, x, a_moved) axis=2",
    ),
    "a concat of unlike": (
        ["N", 3, 3], {},
        "t = Transpose<perm=[0,2,1]>(x); a = Concat<axis=1>(t, x); y = Relu(a)",
        "t = Transpose(x) perm=[0,2,1]; a = Concat(t, x) axis=1; y = Relu(a)",
    ),
    "a concat of turned otherwise": (
        ["N", 3, 3, 3], {},
        "t = Transpose<perm=[0,2,3,1]>(x); u = Transpose<perm=[0,3,1,2]>(x); a = Concat<axis=1>(t, u); "
        "y = Relu(a)",
        "t = Transpose(x) perm=[0,2,3,1]; u = Transpose(x) perm=[0,3,1,2]; a = Concat(t, u) axis=1; "
        "y = Relu(a)",
    ),
    "a mean of the image": (
        IMAGE, {"axes": [1, 2]},
        f"{T}y = ReduceMean<keepdims=0>(t, axes)",
        "y_mean = GlobalAveragePool(x); y = Flatten(y_mean) axis=1",
    ),
    "a mean that keeps": (
        IMAGE, {"axes": [1, -2]},
        f"{T}a = ReduceMean(t, axes); y = Transpose<{FIRST}>(a)",
        "a: y = GlobalAveragePool(x)",
    ),
    "a mean of the channels": (
        IMAGE, {"axes": [3]},
        f"{T}y = ReduceMean<keepdims=0>(t, axes)",
        "y = ReduceMean(x, y_axes) keepdims=0",
    ),
    "a mean of rows": (
        IMAGE, {"axes": [1]},
        f"{T}y = ReduceMean<keepdims=0>(t, axes)",
        "t = Transpose(x) perm=[0,2,3,1]; y = ReduceMean(t, axes) keepdims=0",
    ),
    "a mean of rows that keeps": (
        IMAGE, {"axes": [1]},
        f"{T}a = ReduceMean<keepdims=1>(t, axes); y = Transpose<{FIRST}>(a)",
        "a: y = ReduceMean(x, a_axes) keepdims=1",
    ),
    "a mean of all": (
        ["N", 2, 4, 4], {},
        f"{T}m = ReduceMean(t); y = Mul(t, m)",
        "t = Transpose(x) perm=[0,2,3,1]; m = ReduceMean(t); y = Mul(t, m)",
    ),
    "a flatten in front of a matmul": (
        IMAGE, {"w": (24, 3)},
        f"{T}f = Flatten(t); y = MatMul(f, w)",
        "f = Flatten(x) axis=1; y = Gemm(f, w) transB=1",
    ),
    "a flatten in front of a gemm": (
        IMAGE, {"w": (3, 24), "flat": [0, -1]},
        f"{T}f = Reshape(t, flat); y = Gemm<transB=1>(f, w)",
        "f = Flatten(x) axis=1; y = Gemm(f, w) transB=1",
    ),
    "a flatten in front of a quantized weight": (
        IMAGE, Q | {"w": (24, 3), "s": [0.5, 0.25, 1.0]},
        f"{T}f = Flatten(t); q = {QUANT}(w, s, z, b); y = MatMul(f, q)",
        "f = Flatten(x) axis=1; q_rows_transposed = Quant(w, s, z, b) narrow=0 rounding_mode=ROUND signed=1; "
        "y = Gemm(f, q_rows_transposed) transB=1",
    ),
    "a flatten in front of a turned weight": (
        IMAGE, Q | {"w": (3, 24), "s": [[0.5], [0.25], [1.0]]},
        f"{T}f = Flatten(t); q = {QUANT}(w, s, z, b); v = Transpose(q); y = MatMul(f, v)",
        "f = Flatten(x) axis=1; q_rows_transposed = Quant(w, s, z, b) narrow=0 rounding_mode=ROUND signed=1; "
        "y = Gemm(f, q_rows_transposed) transB=1",
    ),
    "a flatten in front of a weight of rows": (
        IMAGE, Q | {"w": (3, 24), "s": [[0.5], [0.25], [1.0]]},
        f"{T}f = Flatten(t); q = {QUANT}(w, s, z, b); y = Gemm<transB=1>(f, q)",
        "f = Flatten(x) axis=1; q_columns = Quant(w, s, z, b) narrow=0 rounding_mode=ROUND signed=1; "
        "y = Gemm(f, q_columns) transB=1",
    ),
    "a flatten read twice": (
        IMAGE, {"w": (24, 3), "v": (24, 3)},
        f"{T}f = Flatten(t); a = MatMul(f, w); b = MatMul(f, v); y = Add(a, b)",
        "t = Transpose(x) perm=[0,2,3,1]; f = Flatten(t) axis=1; a = Gemm(f, w) transB=1; "
        "b = Gemm(f, v) transB=1; y = Add(a, b)",
    ),
    "a flatten read by another": (
        IMAGE, {},
        f"{T}f = Flatten(t); y = Relu(f)",
        "t = Transpose(x) perm=[0,2,3,1]; f = Flatten(t) axis=1; y = Relu(f)",
    ),
    "a flatten of other axes": (
        IMAGE, {"w": (8, 3)},
        f"{T}f = Flatten<axis=2>(t); y = MatMul(f, w)",
        "t = Transpose(x) perm=[0,2,3,1]; f = Flatten(t) axis=2; y = Gemm(f, w) transB=1",
    ),
    "a flatten of the batch": (
        [8, 8, 3], {"w": (24, 3)},
        "t = Transpose<perm=[1,0,2]>(x); f = Flatten(t); y = MatMul(f, w)",
        "t = Transpose(x) perm=[1,0,2]; f = Flatten(t) axis=1; y = Gemm(f, w) transB=1",
    ),
    "a flatten and transA": (
        [8, 2, 3, 4], {"w": (8, 3)},
        f"{T}f = Flatten(t); y = Gemm<transA=1>(f, w)",
        "t = Transpose(x) perm=[0,2,3,1]; f = Flatten(t) axis=1; y = Gemm(f, w) transA=1",
    ),
    "of axes of one": (
        ["N", 1, 3, 4], {},
        "t = Transpose<perm=[0,2,3,1]>(x); y = Relu(t)",
        "y_moved_back: x_moved = Reshape(x, x_moved_shape); y = Relu(x_moved)",
    ),
    "of nothing": (
        IMAGE, {},
        "t = Transpose<perm=[0,1,2,3]>(x); y = Relu(t)",
        "y = Relu(x)",
    ),
    "of a constant": (
        ["N", 4], {"w": (3, 4)},
        "t = Transpose<perm=[1,0]>(w); y = MatMul(x, t)",
        "y = Gemm(x, t) transB=1",
    ),
    "of a quantized weight": (
        ["N", 4], Q | {"w": (3, 4), "s": [[0.5], [0.25], [1.0]]},
        f"q = {QUANT}(w, s, z, b); t = Transpose<perm=[1,0]>(q); y = MatMul(x, t)",
        "q_transposed_transposed = Quant(w, s, z, b) narrow=0 rounding_mode=ROUND signed=1; "
        "y = Gemm(x, q_transposed_transposed) transB=1",
    ),
    "of a quantized weight without perm": (
        ["N", 4], Q | {"w": (3, 4)},
        f"q = {QUANT}(w, s, z, b); t = Transpose(q); y = Gemm(x, t)",
        "q_transposed_transposed = Quant(w, s, z, b) narrow=0 rounding_mode=ROUND signed=1; "
        "y = Gemm(x, q_transposed_transposed) transB=1",
    ),
    "of a quantized filter": (
        IMAGE, Q | {"w": (2, 2, 2, 3), "s": [0.5, 0.25, 1.0]},
        f"q = {QUANT}(w, s, z, b); t = Transpose<perm=[3,2,0,1]>(q); y = Conv(x, t)",
        "q_transposed = Quant(w, s, z, b) narrow=0 rounding_mode=ROUND signed=1; "
        "y = Conv(x, q_transposed) dilations=[1,1] group=1 kernel_shape=[2,2] pads=[0,0,0,0] strides=[1,1]",
    ),
    "reshape: flatten": (
        IMAGE, {"flat": [-1, 24]},
        "a = Reshape(x, flat); y = Relu(a)",
        "a = Flatten(x) axis=1; y = Relu(a)",
    ),
    "reshape: flatten of the last axes": (
        IMAGE, {},
        "a = Flatten<axis=-3>(x); y = Relu(a)",
        "a = Flatten(x) axis=1; y = Relu(a)",
    ),
    "reshape: flatten of the first axes": (
        IMAGE, {},
        "a = Flatten<axis=2>(x); y = Relu(a)",
        "a = Flatten(x) axis=2; y = Relu(a)",
    ),
    "reshape: to what it is": (
        IMAGE, {"same": [0, 2, 3, 4]},
        "a = Reshape(x, same); y = Relu(a)",
        "y = Relu(x)",
    ),
    "reshape: there and back": (
        IMAGE, {"there": [0, 2, 3, 4]},
        "a = Flatten(x); b = Reshape(a, there); y = Relu(b)",
        "y = Relu(x)",
    ),
    "reshape: twice": (
        IMAGE, {"one": [-1, 6, 4], "two": [-1, 2, 12]},
        "a = Reshape(x, one); b = Reshape(a, two); y = Relu(b)",
        "b = Reshape(x, b_shape_2); y = Relu(b)",
    ),
    "reshape: first read elsewhere": (
        IMAGE, {"one": [-1, 6, 4], "last": [-1]},
        "a = Reshape(x, one); b = Flatten(a); c = ReduceSum<keepdims=0>(a, last); "
        "d = ReduceSum<keepdims=1>(b, last); y = Mul(c, d)",
        "a = Reshape(x, a_shape_2); b = Flatten(x) axis=1; c = ReduceSum(a, last) keepdims=0; "
        "d = ReduceSum(b, last) keepdims=1; y = Mul(c, d)",
    ),
    "reshape: squeezed": (
        ["N", 4, 1], {"two": [2]},
        "a = Squeeze(x, two); y = Relu(a)",
        "a = Flatten(x) axis=1; y = Relu(a)",
    ),
    "reshape: unsqueezed": (
        ["N", 4], {"two": [2]},
        "a = Unsqueeze(x, two); y = Relu(a)",
        "a = Reshape(x, a_shape_2); y = Relu(a)",
    ),
    "reshape: of a constant": (
        ["N", 4], {"w": (12,), "two": [4, 3]},
        "a = Reshape(w, two); y = MatMul(x, a)",
        "y = Gemm(x, a) transB=1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_canonical_form(name: str, count: Any) -> None:
    agrees(CASES[name], 20, count)
