"""What readers of shapes, rankings, quantizers and our own layers refuse, with the essential words."""

from __future__ import annotations

import numpy as np
import pytest

from onnx_lines import IMAGE, LINE, ROW, Constants, D, Q, X, assert_refused, q

CAP: Constants = {"c": [1.0, 2.0, 3.0, 4.0]}
SHIFTS = "exponent_min=-2, exponent_max=1, bias_frac=2"
STEPS: Constants = {"t": [[1]] * 4, "o": [0] * 4, "p": [1] * 4}
TERMS: Constants = {"g": np.ones((1, 2, 4), np.int8), "e": np.zeros((1, 2, 4), np.int8), "k": [0, 0]}

CASES: dict[str, tuple[list[object], str | None, Constants, str, str]] = {
    "flatten: of the first axes": (IMAGE, "s6.2", {}, "y = Flatten<axis=2>(x)", "axis = 2 is not handled; only 1 is"),
    "reshape: of samples to rows": (
        IMAGE,
        "s6.2",
        {"to": [-1, 16]},
        "a = Relu(x); y = Reshape(a, to)",
        r"a reshape of samples of shape \(2, 4, 4\) to \[-1, 16\] is not handled; keep the batch on axis 0, as in",
    ),
    "clip: of a row": (ROW, "s6.2", {"lo": (4,), "hi": 2.0}, "y = Clip(x, lo, hi)", "its bounds are no single numbers"),
    "clip: swapped": (
        ROW,
        "s6.2",
        {"lo": 2.0, "hi": 1.0},
        "y = Clip(x, lo, hi)",
        r"it clips to 2\.\.1, which holds nothing",
    ),
    "softmax: of the batch": (
        IMAGE,
        "s6.2",
        {},
        "a = Relu(x); y = Softmax<axis=0>(a)",
        "axis = 0 is the batch's, and samples know nothing of each other; name another axis",
    ),
    "argmax: last of equals": (
        ROW,
        "s6.2",
        {},
        "a = Relu(x); y = ArgMax<axis=1, select_last_index=1>(a)",
        "select_last_index = 1 is",
    ),
    "argmax: of the batch": (ROW, "s6.2", {}, "a = Relu(x); y = ArgMax(a)", "axis = 0 is the batch's"),
    "topk: of the smallest": (
        ROW,
        "s6.2",
        {"k": [2]},
        "a = Relu(x); j, y = TopK<axis=1, largest=0>(a, k)",
        "largest = 0 is not handled; only 1",
    ),
    "topk: of the batch": (
        ROW,
        "s6.2",
        {"k": [2]},
        "a = Relu(x); j, y = TopK<axis=0>(a, k)",
        "axis = 0 is the batch's, and samples know nothing of each other",
    ),
    "quant: too wide": (
        ROW,
        None,
        {"s": 0.5, "z": 0.0, "b": 33.0},
        q("x", "y"),
        "bitwidth 33 is not handled; give whole ones, .* 1 to 32",
    ),
    "quant: of no bits": (ROW, None, {"s": 0.5, "z": 0.0, "b": 0.0}, q("x", "y"), "bitwidth 0 is not handled"),
    "quant: of half bits": (ROW, None, {"s": 0.5, "z": 0.0, "b": 2.5}, q("x", "y"), "bitwidth 2.5 is not handled"),
    "quant: widths": (
        ROW,
        None,
        {"s": 0.5, "z": 0.0, "b": [2.0, 3.0, 2.0, 2.0]},
        q("x", "y"),
        r"its bitwidth has shape \(4,\); only one",
    ),
    "quant: signed of two": (ROW, None, Q, q("x", "y", signed=2), "signed = 2 is not handled; give 0 or 1"),
    "quant: narrow of two": (ROW, None, Q, q("x", "y", narrow=2), "narrow = 2 is not handled; give 0 or 1"),
    "quant: no mode": (
        ROW,
        None,
        Q,
        q("x", "y", rounding_mode='"ODD"'),
        "rounding_mode ODD is not handled; use ROUND, HALF_EVEN",
    ),
    "quant: channels in front": (
        ROW,
        None,
        Q | {"s": [0.5, 0.25, 1.0, 1.0]},
        q("x", "y"),
        "quantizer of the graph input has a scale for each",
    ),
    "quant: negative": (ROW, None, Q | {"s": -0.5}, q("x", "y"), "a scale of -0.5 is not positive"),
    "trunc: offset": (
        ROW,
        None,
        Q | {"o": 1.0, "t": 4.0},
        X + f"y = {D}Trunc(a, s, o, b, t)",
        "a Trunc of zeropt 1 is not handled",
    ),
    "trunc: no mode": (
        ROW,
        None,
        Q | {"t": 4.0},
        X + f'y = {D}Trunc<rounding_mode="ODD">(a, s, z, b, t)',
        "rounding_mode ODD",
    ),
    "trunc: a flag of the other": (
        ROW,
        None,
        Q | {"t": 4.0},
        X + f"y = {D}Trunc<narrow=0>(a, s, z, b, t)",
        "attribute narrow = 0 is not handled",
    ),
    "requantize: no rounding": (
        ROW,
        None,
        {},
        'y = shiftwire.Requantize<bits=3, frac=1, signed=1, rounding="up", overflow="wrap">(x)',
        "rounding = up is not handled; use floor",
    ),
    "requantize: no overflow": (
        ROW,
        None,
        {},
        'y = shiftwire.Requantize<bits=3, frac=1, signed=1, rounding="floor", overflow="up">(x)',
        "overflow = up is not handled; use saturate, wrap",
    ),
    "threshold: float": (
        ROW,
        "s6.2",
        STEPS | {"t": [[1.0]] * 4},
        "y = shiftwire.Threshold<threshold_frac=2, frac=0>(x, t, o, p)",
        r"type float32 and shape \(4, 1\), wanted integers",
    ),
    "threshold: a row": (
        ROW,
        "s6.2",
        STEPS | {"t": [1] * 4},
        "y = shiftwire.Threshold<threshold_frac=2, frac=0>(x, t, o, p)",
        r"type int64 and shape \(4,\), wanted integers",
    ),
    "dense: of an image": (
        ROW,
        "s6.2",
        TERMS | {"g": np.ones((1, 2, 4, 1), np.int8), "e": np.zeros((1, 2, 4, 1), np.int8)},
        f"y = shiftwire.ShiftDense<{SHIFTS}>(x, g, e, k)",
        r"shape \(2, 4, 1\) do not fit the input; give \(out, in\)",
    ),
    "conv: of a matrix": (
        LINE,
        "s6.2",
        TERMS,
        f"y = shiftwire.ShiftConv<{SHIFTS}>(x, g, e, k)",
        r"give \(out, channels / group, kernel",
    ),
    "dense: unlike terms": (
        ROW,
        "s6.2",
        TERMS | {"e": np.zeros((1, 2, 3), np.int8)},
        f"y = shiftwire.ShiftDense<{SHIFTS}>(x, g, e, k)",
        r"sign \(1, 2, 4\) and exponent \(1, 2, 3\) differ in shape",
    ),
    "dense: exponents below": (
        ROW,
        "s6.2",
        TERMS | {"e": np.full((1, 2, 4), -3, np.int8)},
        f"y = shiftwire.ShiftDense<{SHIFTS}>(x, g, e, k)",
        r"exponent -3 at \[0, 0, 0\] is outside the range -2\.\.1",
    ),
    "dense: a bias of another size": (
        ROW,
        "s6.2",
        TERMS | {"k": [0, 0, 0]},
        f"y = shiftwire.ShiftDense<{SHIFTS}>(x, g, e, k)",
        r"a bias of shape \(3,\) does not fit 2 outputs",
    ),
    "affine: of a vector": (
        ROW,
        "s6.2",
        {"g": np.ones((1, 1, 4), np.int8), "e": np.zeros((1, 1, 4), np.int8), "k": [0] * 4},
        f"y = shiftwire.Affine<{SHIFTS}>(x, g, e, k)",
        r"shape \(1, 1, 4\) do not fit the input; give \(terms, channels\)",
    ),
    "domain": (
        ROW,
        "s6.2",
        {},
        "y = shiftwire.Nothing(x)",
        r"the operation Nothing of domain shiftwire \(in 'y'\) is not supported: replace it by layers that are",
    ),
    "attribute": (
        ROW,
        "s6.2",
        {},
        "y = shiftwire.Affine<flavour=1>(x, x, x, x)",
        "its input 'sign' is computed in the graph",
    ),
    "a constant as a tensor": (
        ROW,
        "s6.2",
        CAP,
        "a = Relu(x); y = Max(a, c)",
        r"the operation Max \(in 'y'\) is not supported",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_reader_refuses(name: str) -> None:
    assert_refused(CASES[name])
