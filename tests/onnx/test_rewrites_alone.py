"""One rewrite at a time, on graphs that no other rewrite has touched: defaults of attributes, and what stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from onnx_lines import INF, Constants, lines_of, model_of_lines
from shiftwire.onnx.canonical.constants import fold_constants
from shiftwire.onnx.canonical.draft import Draft
from shiftwire.onnx.canonical.flatten import unify_flattens
from shiftwire.onnx.canonical.idle import drop_idle
from shiftwire.onnx.canonical.layers import merge_biases, unify_gemms
from shiftwire.onnx.canonical.layout import cancel_transposes
from shiftwire.onnx.canonical.ranges import unify_clips
from shiftwire.onnx.canonical.scales import unify_scales
from shiftwire.onnx.canonical.windows import merge_pads, unify_means, unify_windows

IMAGE: list[object] = ["N", 2, 5, 6]
ROW: list[object] = ["N", 4]
P: Constants = {"p": [0, 0, 1, 1, 0, 0, 1, 0], "w": (3, 2, 3, 2)}

CASES: dict[str, tuple[Callable[[Draft], None], list[object], Constants, str, str]] = {
    "pads of a bare conv": (merge_pads, IMAGE, P, "a = Pad(x, p); y = Conv(a, w)", "y = Conv(x, w) pads=[1,1,1,0]"),
    "pads of a conv": (
        merge_pads,
        IMAGE,
        P,
        "a = Pad(x, p); y = Conv<pads=[0,1,0,2], strides=[2,1]>(a, w)",
        "y = Conv(x, w) pads=[1,2,1,2] strides=[2,1]",
    ),
    "pads of a conv that says so": (
        merge_pads,
        IMAGE,
        P,
        'a = Pad(x, p); y = Conv<auto_pad="NOTSET">(a, w)',
        "y = Conv(x, w) auto_pad=NOTSET pads=[1,1,1,0]",
    ),
    "pads of a conv that pads itself": (
        merge_pads,
        IMAGE,
        P,
        'a = Pad(x, p); y = Conv<auto_pad="VALID">(a, w)',
        "a = Pad(x, p); y = Conv(a, w) auto_pad=VALID",
    ),
    "pads of a bare average": (
        merge_pads,
        IMAGE,
        P,
        "a = Pad(x, p); y = AveragePool<kernel_shape=[2,2]>(a)",
        "y = AveragePool(x) count_include_pad=1 kernel_shape=[2,2] pads=[1,1,1,0]",
    ),
    "pads of an average that leaves its own out": (
        merge_pads,
        IMAGE,
        P,
        "a = Pad(x, p); y = AveragePool<kernel_shape=[3,3], pads=[1,0,0,0], count_include_pad=0>(a)",
        "a = Pad(x, p); y = AveragePool(a) count_include_pad=0 kernel_shape=[3,3] pads=[1,0,0,0]",
    ),
    "pads of a maximum": (
        merge_pads,
        IMAGE,
        P | {"low": -INF},
        "a = Pad(x, p, low); y = MaxPool<kernel_shape=[2,2]>(a)",
        "y = MaxPool(x) kernel_shape=[2,2] pads=[1,1,1,0]",
    ),
    "pads by a computed number": (
        merge_pads,
        IMAGE,
        P,
        "m = ReduceMax<keepdims=0>(x); a = Pad(x, p, m); y = Conv(a, w)",
        "m = ReduceMax(x) keepdims=0; a = Pad(x, p, m); y = Conv(a, w)",
    ),
    "pads of computed axes": (
        merge_pads,
        IMAGE,
        P,
        "s = Shape(x); i = Size(s); a = Pad(x, p, , s); y = Conv(a, w)",
        "s = Shape(x); a = Pad(x, p, , s); y = Conv(a, w)",
    ),
    "what is no pad": (merge_pads, IMAGE, P, "a = Relu(x); y = Conv(a, w)", "a = Relu(x); y = Conv(a, w)"),
    "means": (
        unify_means,
        IMAGE,
        {"axes": [2, 3]},
        "y = ReduceMean<keepdims=0>(x, axes)",
        "y_mean = GlobalAveragePool(x); y = Flatten(y_mean) axis=1",
    ),
    "a pool without pads": (
        unify_means,
        IMAGE,
        {},
        "y = AveragePool<kernel_shape=[5,6]>(x)",
        "y = GlobalAveragePool(x)",
    ),
    "a pool of pads of none": (
        unify_means,
        IMAGE,
        {},
        "y = AveragePool<kernel_shape=[5,6], pads=[0,0,0,0]>(x)",
        "y = GlobalAveragePool(x)",
    ),
    "a pool of the last row": (
        unify_means,
        ["N", 6, 5, 6],
        {},
        "y = AveragePool<kernel_shape=[6,5]>(x)",
        "y = AveragePool(x) kernel_shape=[6,5]",
    ),
    "a mean of computed axes": (
        unify_means,
        IMAGE,
        {},
        "s = Shape(x); y = ReduceMean(x, s)",
        "s = Shape(x); y = ReduceMean(x, s)",
    ),
    "windows": (
        unify_windows,
        IMAGE,
        P,
        "y = Conv(x, w)",
        "y = Conv(x, w) dilations=[1,1] group=1 kernel_shape=[3,2] pads=[0,0,0,0] strides=[1,1]",
    ),
    "windows of another rank": (
        unify_windows,
        IMAGE,
        {},
        "y = MaxPool<kernel_shape=[2]>(x)",
        "y = MaxPool(x) kernel_shape=[2]",
    ),
    "windows of too few strides": (
        unify_windows,
        IMAGE,
        {},
        "y = MaxPool<kernel_shape=[2,2], strides=[2]>(x)",
        "y = MaxPool(x) kernel_shape=[2,2] strides=[2]",
    ),
    "windows of too few pads": (
        unify_windows,
        IMAGE,
        {},
        "y = MaxPool<kernel_shape=[2,2], pads=[1,1]>(x)",
        "y = MaxPool(x) kernel_shape=[2,2] pads=[1,1]",
    ),
    "windows of a number": (
        unify_windows,
        IMAGE,
        {},
        "y = MaxPool<kernel_shape=[2,2], dilations=2>(x)",
        "y = MaxPool(x) dilations=2 kernel_shape=[2,2]",
    ),
    "clips": (unify_clips, ROW, {"zero": 0.0}, "y = Max(x, zero)", "y = Relu(x)"),
    "a clip by two numbers": (
        unify_clips,
        ROW,
        {"one": [[1.0, 1.0, 1.0, 1.0]]},
        "y = Clip(x, one)",
        "y = Clip(x, one)",
    ),
    "the larger of constants": (unify_clips, ROW, {"c": 1.0, "d": 2.0}, "y = Max(c, d)", "y = Max(c, d)"),
    "scales": (unify_scales, ROW, {"c": (4,)}, "y = Sub(x, c)", "y = Add(x, y_c)"),
    "a sum of constants": (
        unify_scales,
        ROW,
        {"c": (4,), "d": (4,)},
        "a = Mul(c, d); y = Sub(x, a)",
        "a = Mul(c, a_c); y_negative = Mul(a, y_scalar); y = Add(x, y_negative)",
    ),
    "a sum of whole numbers": (
        unify_scales,
        ROW,
        {"i": [1, 2, 3, 4]},
        "s = Shape(x); y = Add(s, i)",
        "s = Shape(x); y = Add(s, i)",
    ),
    "gemms": (
        unify_gemms,
        ROW,
        {"w": (4, 3), "c": (3,)},
        "y = Gemm(x, w, c)",
        "y = Gemm(x, w_transposed, y_bias) transB=1",
    ),
    "a scaled gemm": (
        unify_gemms,
        ROW,
        {"w": (4, 3)},
        "y = Gemm<alpha=2.0>(x, w)",
        "y = Gemm(x, w_transposed_scaled) transB=1",
    ),
    "biases": (
        merge_biases,
        ROW,
        {"w": (3, 4), "c": (3,)},
        "a = Gemm<transB=1>(x, w); y = Add(c, a)",
        "y = Gemm(x, w, c_bias) transB=1",
    ),
    "a bias of a gemm of another form": (
        merge_biases,
        ROW,
        {"w": (4, 3), "c": (3,)},
        "a = Gemm(x, w); y = Add(a, c)",
        "a = Gemm(x, w); y = Add(a, c)",
    ),
    "a bias left out": (
        merge_biases,
        ROW,
        {"w": (3, 4), "c": (1, 3)},
        "a = Gemm<transB=1>(x, w, ); y = Add(a, c)",
        "y = Gemm(x, w, c_bias) transB=1",
    ),
    "a bias that grows": (
        merge_biases,
        ROW,
        {"w": (3, 4), "c": (1, 1, 3)},
        "a = Gemm<transB=1>(x, w); y = Add(a, c)",
        "a = Gemm(x, w) transB=1; y = Add(a, c)",
    ),
    "flattens": (unify_flattens, IMAGE, {}, "y = Flatten(x)", "y = Flatten(x) axis=1"),
    "a chain of reshapes": (
        unify_flattens,
        IMAGE,
        {"a1": [0, 2, 30], "b1": [0, 0, 5, 6]},
        "a = Reshape(x, a1); b = Reshape(a, b1); y = Relu(b)",
        "y = Relu(x)",
    ),
    "idle": (drop_idle, ROW, {}, "a = Identity(x); y = Neg(a)", "y = Neg(x)"),
    "a cast of another type": (
        drop_idle,
        ROW,
        {},
        "a = Cast<to=11>(x); b = Cast<to=11>(a); y = Cast<to=1>(b)",
        "a = Cast(x) to=11; b = Cast(a) to=11; y = Cast(b) to=1",
    ),
    "a pad of unknown sizes": (drop_idle, ROW, {}, "s = Shape(x); y = Pad(x, s)", "s = Shape(x); y = Pad(x, s)"),
    "a dropout whose mask is an output": (drop_idle, ROW, {}, "a, y = Dropout(x)", "a, y = Dropout(x)"),
    "statistics that nobody reads": (
        drop_idle,
        IMAGE,
        {n: [1.0, 2.0] for n in "gomv"},
        "y, i, j = BatchNormalization<training_mode=1>(x, g, o, m, v)",
        "y = BatchNormalization(x, g, o, m, v) training_mode=1",
    ),
    "folded": (fold_constants, ROW, {"c": (4,)}, "a = Neg(c); y = Add(x, a)", "y = Add(x, a)"),
    "of another domain": (
        fold_constants,
        ROW,
        {"c": (4,)},
        "a = shiftwire.Neg(c); y = Add(x, a)",
        "a = Neg(c); y = Add(x, a)",
    ),
    "drawn": (fold_constants, ROW, {"c": (4,)}, "a = Bernoulli(c); y = Add(x, a)", "a = Bernoulli(c); y = Add(x, a)"),
    "of no input": (
        fold_constants,
        ROW,
        {},
        "a = RandomNormal<shape=[4]>(); y = Add(x, a)",
        "a = RandomNormal() shape=[4]; y = Add(x, a)",
    ),
    "idle transposes": (
        cancel_transposes,
        IMAGE,
        {},
        "a = Transpose<perm=[0,1,2,3]>(x); b = Dropout(a); y = Relu(b)",
        "b = Dropout(x); y = Relu(b)",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_one_rewrite(name: str) -> None:
    rewrite, shape, constants, lines, wanted = CASES[name]
    model = model_of_lines(lines, shape, constants, 20)
    draft = Draft.of(model)
    draft.infer()
    rewrite(draft)
    draft.sweep()
    del model.graph.node[:]
    model.graph.node.extend(draft.nodes)
    assert lines_of(model) == wanted.split("; ")
