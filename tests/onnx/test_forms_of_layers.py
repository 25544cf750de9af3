"""Layers and their biases: their canonical form, with the same values."""

from __future__ import annotations

from typing import Any

import pytest

from onnx_lines import QUANT, Case, Constants, agrees

ROW: list[object] = ["N", 4]
IMAGE: list[object] = ["N", 2, 5, 6]
Q: Constants = {"s": 0.5, "z": 0.0, "b": 4.0}

CASES: dict[str, Case] = {
    "matmul": (
        ROW, {"w": (4, 3)},
        "y = MatMul(x, w)",
        "y = Gemm(x, w) transB=1",
    ),
    "matmul: constant first": (
        [8, 4], {"w": (3, 8)},
        "y = MatMul(w, x)",
        "y = MatMul(w, x)",
    ),
    "matmul: of rank three": (
        ["N", 3, 4], {"w": (4, 3)},
        "y = MatMul(x, w)",
        "y = MatMul(x, w)",
    ),
    "matmul: by a stack": (
        ROW, {"w": (1, 4, 3)},
        "y = MatMul(x, w)",
        "y = MatMul(x, w)",
    ),
    "matmul: by a vector": (
        ROW, {"w": (4,)},
        "y = MatMul(x, w)",
        "y = MatMul(x, w)",
    ),
    "matmul: of two computed": (
        [8, 4], {},
        "a = Transpose(x); y = MatMul(x, a)",
        "a = Transpose(x); y = MatMul(x, a)",
    ),
    "matmul: quantized": (
        ROW, Q | {"w": (4, 3)},
        f"q = {QUANT}(w, s, z, b); y = MatMul(x, q)",
        "q_transposed = Quant(w, s, z, b) narrow=0 rounding_mode=ROUND signed=1; "
        "y = Gemm(x, q_transposed) transB=1",
    ),
    "matmul: quantized by column": (
        ROW, Q | {"w": (4, 3), "s": [0.5, 1.0, 0.25]},
        f"q = {QUANT}(w, s, z, b); y = MatMul(x, q)",
        "q_transposed = Quant(w, s, z, b) narrow=0 rounding_mode=ROUND signed=1; "
        "y = Gemm(x, q_transposed) transB=1",
    ),
    "gemm: as it should be": (
        ROW, {"w": (3, 4), "c": (3,)},
        "y = Gemm<transB=1>(x, w, c)",
        "y = Gemm(x, w, y_bias) transB=1",
    ),
    "gemm: no bias": (
        ROW, {"w": (3, 4)},
        "y = Gemm<transB=1>(x, w)",
        "y = Gemm(x, w) transB=1",
    ),
    "gemm: transposed": (
        ROW, {"w": (4, 3), "c": (3,)},
        "y = Gemm(x, w, c)",
        "y = Gemm(x, w, y_bias) transB=1",
    ),
    "gemm: bias left out": (
        ROW, {"w": (4, 3)},
        "y = Gemm(x, w, )",
        "y = Gemm(x, w) transB=1",
    ),
    "gemm: one bias for all": (
        ROW, {"w": (3, 4), "c": 2.0},
        "y = Gemm<transB=1>(x, w, c)",
        "y = Gemm(x, w, y_bias) transB=1",
    ),
    "gemm: a row of biases": (
        ROW, {"w": (3, 4), "c": (1, 3)},
        "y = Gemm<transB=1, beta=0.5>(x, w, c)",
        "y = Gemm(x, w, y_bias) transB=1",
    ),
    "gemm: biases of each sample": (
        [8, 4], {"w": (3, 4), "c": (8, 3)},
        "y = Gemm<transB=1>(x, w, c)",
        "y = Gemm(x, w, c) transB=1",
    ),
    "gemm: alpha": (
        ROW, {"w": (3, 4), "c": (3,)},
        "y = Gemm<transB=1, alpha=0.5>(x, w, c)",
        "y = Gemm(x, w, y_bias) transB=1",
    ),
    "gemm: alpha, transposed": (
        ROW, {"w": (4, 3)},
        "y = Gemm<alpha=4.0>(x, w)",
        "y = Gemm(x, w) transB=1",
    ),
    "gemm: transA": (
        [8, 8], {"w": (3, 8)},
        "y = Gemm<transA=1, transB=1>(x, w)",
        "y = Gemm(x, w) transA=1 transB=1",
    ),
    "gemm: computed weight": (
        [8, 4], {},
        "a = Neg(x); y = Gemm<transB=1>(x, a)",
        "a = Mul(x, a_scalar); y = Gemm(x, a) transB=1",
    ),
    "gemm: computed bias": (
        ROW, {"w": (4, 4)},
        "a = Neg(x); y = Gemm<transB=1>(x, w, a)",
        "a = Mul(x, a_scalar); y = Gemm(x, w, a) transB=1",
    ),
    "gemm: quantized": (
        ROW, Q | {"w": (4, 3), "c": (3,)},
        f"q = {QUANT}(w, s, z, b); y = Gemm(x, q, c)",
        "q_transposed = Quant(w, s, z, b) narrow=0 rounding_mode=ROUND signed=1; "
        "y = Gemm(x, q_transposed, y_bias) transB=1",
    ),
    "gemm: quantized and scaled": (
        ROW, Q | {"w": (4, 3)},
        f"q = {QUANT}(w, s, z, b); y = Gemm<alpha=2.0>(x, q)",
        "q_transposed = Quant(w, s, z, b) narrow=0 rounding_mode=ROUND signed=1; "
        "q_transposed_scaled = Mul(q_transposed, q_transposed_scaled_c); y = Gemm(x, q_transposed_scaled) transB=1",
    ),
    "gemm: quantized bias": (
        ROW, Q | {"w": (3, 4), "c": (3,)},
        f"q = {QUANT}(c, s, z, b); y = Gemm<transB=1>(x, w, q)",
        "q = Quant(c, s, z, b) narrow=0 rounding_mode=ROUND signed=1; y = Gemm(x, w, q) transB=1",
    ),
    "gemm: quantized row as bias": (
        ROW, Q | {"w": (4, 3), "c": (1, 3)},
        f"q = {QUANT}(c, s, z, b); y = Gemm(x, w, q)",
        "q_flat = Quant(c, s, z, b) narrow=0 rounding_mode=ROUND signed=1; y = Gemm(x, w, q_flat) transB=1",
    ),
    "gemm: quantized bias and beta": (
        ROW, Q | {"w": (3, 4), "c": (3,)},
        f"q = {QUANT}(c, s, z, b); y = Gemm<beta=2.0, transB=1>(x, w, q)",
        "q = Quant(c, s, z, b) narrow=0 rounding_mode=ROUND signed=1; y = Gemm(x, w, q) beta=2.0 transB=1",
    ),
    "bias: behind a matmul": (
        ROW, {"w": (4, 3), "c": (3,)},
        "a = MatMul(x, w); y = Add(a, c)",
        "y = Gemm(x, w, y_c_bias) transB=1",
    ),
    "bias: in front": (
        ROW, {"w": (4, 3), "c": 1.5},
        "a = MatMul(x, w); y = Add(c, a)",
        "y = Gemm(x, w, y_c_bias) transB=1",
    ),
    "bias: of a conv": (
        IMAGE, {"w": (3, 2, 2, 2), "c": (3, 1, 1)},
        "a = Conv<strides=[2,2]>(x, w); y = Add(a, c)",
        "y = Conv(x, w, y_c_bias) dilations=[1,1] group=1 kernel_shape=[2,2] pads=[0,0,0,0] strides=[2,2]",
    ),
    "bias: all of a conv": (
        IMAGE, {"w": (3, 2, 2, 2), "c": (1, 3, 1, 1)},
        "a = Conv(x, w); y = Add(a, c)",
        "y = Conv(x, w, y_c_bias) dilations=[1,1] group=1 kernel_shape=[2,2] pads=[0,0,0,0] strides=[1,1]",
    ),
    "bias: along a conv's columns": (
        IMAGE, {"w": (3, 2, 2, 2), "c": (5,)},
        "a = Conv(x, w); y = Add(a, c)",
        "a = Conv(x, w) dilations=[1,1] group=1 kernel_shape=[2,2] pads=[0,0,0,0] strides=[1,1]; "
        "y = Add(a, y_c)",
    ),
    "bias: of a layer that has one": (
        IMAGE, {"w": (3, 2, 2, 2), "c": (3, 1, 1), "d": (3,)},
        "a = Conv(x, w, d); y = Add(a, c)",
        "a = Conv(x, w, d) dilations=[1,1] group=1 kernel_shape=[2,2] pads=[0,0,0,0] strides=[1,1]; "
        "y = Add(a, y_c)",
    ),
    "bias: of sums read twice": (
        ROW, {"w": (4, 3), "c": (3,)},
        "a = MatMul(x, w); d = Add(a, c); y = Mul(a, d)",
        "a = Gemm(x, w) transB=1; d = Add(a, d_c); y = Mul(a, d)",
    ),
    "bias: computed": (
        ROW, {"w": (4, 3)},
        "a = MatMul(x, w); d = Relu(a); y = Add(d, a)",
        "a = Gemm(x, w) transB=1; d = Relu(a); y = Add(d, a)",
    ),
    "bias: quantized": (
        IMAGE, Q | {"w": (3, 2, 2, 2), "c": (3, 1, 1)},
        f"q = {QUANT}(c, s, z, b); a = Conv(x, w); y = Add(a, q)",
        "q_flat = Quant(c, s, z, b) narrow=0 rounding_mode=ROUND signed=1; "
        "y = Conv(x, w, q_flat) dilations=[1,1] group=1 kernel_shape=[2,2] pads=[0,0,0,0] strides=[1,1]",
    ),
    "bias: one quantized for all": (
        IMAGE, Q | {"w": (3, 2, 2, 2), "c": [0.7]},
        f"q = {QUANT}(c, s, z, b); a = Conv(x, w); y = Add(a, q)",
        "q = Quant(c, s, z, b) narrow=0 rounding_mode=ROUND signed=1; "
        "a = Conv(x, w) dilations=[1,1] group=1 kernel_shape=[2,2] pads=[0,0,0,0] strides=[1,1]; "
        "y = Add(a, q)",
    ),
    "bias: of an output that becomes three": (
        ROW, {"w": (1, 4), "c": (3,)},
        "a = Gemm<transB=1>(x, w); y = Add(a, c)",
        "a = Gemm(x, w) transB=1; y = Add(a, c)",
    ),
    "bias: of no layer": (
        ROW, {"c": (4,)},
        "a = Relu(x); y = Add(a, c)",
        "a = Relu(x); y = Add(a, y_c)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_canonical_form(name: str, count: Any) -> None:
    agrees(CASES[name], 20, count)
