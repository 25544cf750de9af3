"""What windows, quantizers and the last node are read as: layers and formats, and the values of onnxruntime."""

from __future__ import annotations

from typing import Any

import pytest

from onnx_lines import IMAGE, LINE, Q2, ROW, D, Q, Reading, X, is_read, q

CASES: dict[str, Reading] = {
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
    "average pool that counts no pads": (
        IMAGE, "s6.2", {},
        'y = AveragePool<kernel_shape=[2,2], strides=[2,2], pads=[1,1,1,1]>(x)',
        "s6.2[4x4x2]; y = PartialPool(x) s8.4[3x3x2]",
    ),
    "average pool of places, most of three": (
        IMAGE, None, Q | Q2,
        X + 'd = AveragePool<kernel_shape=[3,3], auto_pad="SAME_UPPER">(a); ' + q("d", "y", "s2", "z", "b2"),
        "s6.2[4x4x2]; d = PartialPool(x) s12.4[4x4x2]; y = Threshold(d) s3.1[4x4x2]",
    ),
    "average pool rounded up": (
        IMAGE, None, Q | Q2,
        X + "d = AveragePool<kernel_shape=[3,3], strides=[2,2], ceil_mode=1>(a); " + q("d", "y", "s2", "z", "b2"),
        "s6.2[4x4x2]; d = PartialPool(x) s12.4[2x2x2]; y = Threshold(d) s3.1[2x2x2]",
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


LEVELS = dict.fromkeys(("one bit", "one unsigned bit", "bipolar"), 2)
"""Different values of an output that has fewer than three."""
STEPS = {"softmax": ["softmax"], "argmax": ["largest"]}
"""What is left to the host behind the last layer."""


@pytest.mark.parametrize("name", CASES)
def test_what_a_file_is_read_as(name: str, count: Any) -> None:
    is_read(CASES[name], count, STEPS.get(name, ()), LEVELS.get(name, 3))
