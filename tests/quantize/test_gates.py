"""Squeeze and excite: an image and what gates its channels, whatever activation and spelling either has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from float_texts import drawn, float_model, is_repeated, quantized_text
from shiftwire.ops.add import Multiply

IMAGE = {"x": (3, 6, 6)}
SHAPES = {"w": (8, 3, 3, 3), "v": (4, 8, 1, 1), "u": (8, 8, 3, 3), "f": (4, 8), "e": (8, 4)}
MATRICES = drawn(**SHAPES)
KERNELS = {"f": MATRICES["f"].reshape(4, 8, 1, 1), "e": MATRICES["e"].reshape(8, 4, 1, 1)}
SHAPE = {"axes": np.array([2, 3]), "rows": np.array([-1, 8, 1, 1])}

TRUNKS = {
    "HardSwish": "t = HardSwish(h)",
    "HardSwish in two": "c = HardSigmoid<alpha=0.16666667>(h); t = Mul(h, c)",
    "SiLU": "c = Sigmoid(h); t = Mul(h, c)",
    "Elu": "t = Elu(h)",
    "Relu": "t = Relu(h)",
    "a residual": "c = HardSwish(h); d = Conv<pads=[1,1,1,1]>(c, u); t = Add(d, c)",
}
SQUEEZES = {
    "kernels": ("g = GlobalAveragePool(t); p = Conv(g, f); q = Relu(p); s = Conv(q, e)", "", "m = Mul(t, k)"),
    "a mean that keeps its axes": (
        "g = ReduceMean<axes=[2,3],keepdims=1>(t); p = Conv(g, f); q = HardSwish(p); s = Conv(q, e)",
        "",
        "m = Mul(k, t)",
    ),
    "a mean and Unsqueeze": (
        "g = ReduceMean<axes=[2,3],keepdims=0>(t); p = Gemm<transB=1>(g, f); q = Relu(p); s = Gemm<transB=1>(q, e)",
        "r = Unsqueeze(k, axes); ",
        "m = Mul(t, r)",
    ),
    "a pool and Reshape": (
        "o = GlobalAveragePool(t); g = Flatten(o); p = Gemm<transB=1>(g, f); q = Relu(p); s = Gemm<transB=1>(q, e)",
        "r = Reshape(k, rows); ",
        "m = Mul(r, t)",
    ),
}
GATES = {"HardSigmoid": "k = HardSigmoid<alpha=0.16666667>(s)", "Sigmoid": "k = Sigmoid(s)"}
CASES = [(trunk, squeeze, "HardSigmoid") for trunk in TRUNKS for squeeze in SQUEEZES]
CASES += [(trunk, "kernels", "Sigmoid") for trunk in TRUNKS]


@pytest.mark.parametrize(("trunk", "squeeze", "gate"), CASES)
def test_an_image_times_its_gate(trunk: str, squeeze: str, gate: str, tmp_path: Path, count: Any) -> None:
    """One product, near the float network, which onnxruntime repeats."""
    front, moved, product = SQUEEZES[squeeze]
    lines = f"h = Conv<pads=[1,1,1,1]>(x, w); {TRUNKS[trunk]}; {front}; {GATES[gate]}; {moved}{product}; y = Conv(m, v)"
    weights = MATRICES | SHAPE | (KERNELS if "Gemm" not in front else {})
    read = {name: value for name, value in weights.items() if f", {name})" in lines}
    made = quantized_text(float_model(IMAGE, {"y": 4}, lines, read), IMAGE, tmp_path)
    assert sum(isinstance(node.op, Multiply) for node in made.network.nodes) == 1
    assert made.report.answers.error.relative_error < 0.06
    count(repeated_outputs=is_repeated(made, IMAGE))
