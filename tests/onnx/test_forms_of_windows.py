"""Windows, means and pads: their canonical form, with the same values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from onnx_lines import Case, Constants, agrees

IMAGE: list[object] = ["N", 2, 5, 6]
W: Constants = {"w": (3, 2, 3, 2)}

CASES: dict[str, Case] = {
    "conv: everything said": (
        IMAGE, W,
        "y = Conv<kernel_shape=[3,2], strides=[2,1], pads=[1,0,2,1], dilations=[1,2], group=1>(x, w)",
        "y = Conv(x, w) dilations=[1,1] group=1 kernel_shape=[3,3] pads=[1,0,2,1] strides=[2,1]",
    ),
    "conv: nothing said": (
        IMAGE, W,
        "y = Conv(x, w)",
        "y = Conv(x, w) dilations=[1,1] group=1 kernel_shape=[3,2] pads=[0,0,0,0] strides=[1,1]",
    ),
    "conv: same upper": (
        IMAGE, W,
        'y = Conv<auto_pad="SAME_UPPER", strides=[2,1], dilations=[1,1]>(x, w)',
        "y = Conv(x, w) dilations=[1,1] group=1 kernel_shape=[3,2] pads=[1,0,1,1] strides=[2,1]",
    ),
    "conv: same lower": (
        IMAGE, {"w": (3, 2, 4, 2)},
        'y = Conv<auto_pad="SAME_LOWER", strides=[1,4]>(x, w)',
        "y = Conv(x, w) dilations=[1,1] group=1 kernel_shape=[4,2] pads=[2,0,1,0] strides=[1,4]",
    ),
    "conv: valid": (
        IMAGE, W,
        'y = Conv<auto_pad="VALID", strides=[3,2]>(x, w)',
        "y = Conv(x, w) dilations=[1,1] group=1 kernel_shape=[3,2] pads=[0,0,0,0] strides=[3,2]",
    ),
    "conv: groups": (
        IMAGE, {"w": (4, 1, 2, 2)},
        "y = Conv<group=2>(x, w)",
        "y = Conv(x, w) dilations=[1,1] group=2 kernel_shape=[2,2] pads=[0,0,0,0] strides=[1,1]",
    ),
    "conv: a line": (
        ["N", 2, 7], {"w": (3, 2, 3)},
        "y = Conv<strides=[2], pads=[0,1]>(x, w)",
        "y = Conv(x, w) dilations=[1] group=1 kernel_shape=[3] pads=[0,1] strides=[2]",
    ),
    "max pool: ceil that changes nothing": (
        IMAGE, {},
        "y = MaxPool<kernel_shape=[3,2], strides=[2,2], ceil_mode=1>(x)",
        "y = MaxPool(x) dilations=[1,1] kernel_shape=[3,2] pads=[0,0,0,0] strides=[2,2]",
    ),
    "max pool: ceil of rows": (
        IMAGE, {},
        "y = MaxPool<kernel_shape=[2,2], strides=[2,2], ceil_mode=1>(x)",
        "y = MaxPool(x) dilations=[1,1] kernel_shape=[2,2] pads=[0,0,1,0] strides=[2,2]",
    ),
    "max pool: ceil of padded columns": (
        IMAGE, {},
        "y = MaxPool<kernel_shape=[3,2], strides=[2,2], pads=[0,0,0,1], ceil_mode=1>(x)",
        "y = MaxPool(x) dilations=[1,1] kernel_shape=[3,2] pads=[0,0,0,1] strides=[2,2]",
    ),
    "max pool: dilated": (
        IMAGE, {},
        "y = MaxPool<kernel_shape=[2,2], dilations=[3,2], strides=[1,2], ceil_mode=1>(x)",
        "y = MaxPool(x) dilations=[3,2] kernel_shape=[2,2] pads=[0,0,0,1] strides=[1,2]",
    ),
    "average pool: counts": (
        IMAGE, {},
        "y = AveragePool<kernel_shape=[2,2], pads=[1,0,0,1], count_include_pad=1>(x)",
        "y = AveragePool(x) count_include_pad=1 dilations=[1,1] kernel_shape=[2,2] pads=[1,0,0,1] strides=[1,1]",
    ),
    "average pool: same upper": (
        IMAGE, {},
        'y = AveragePool<kernel_shape=[2,4], auto_pad="SAME_UPPER">(x)',
        "y = AveragePool(x) dilations=[1,1] kernel_shape=[2,4] pads=[0,1,1,2] strides=[1,1]",
    ),
    "average pool of the whole image": (
        IMAGE, {},
        "y = AveragePool<kernel_shape=[5,6]>(x)",
        "y = GlobalAveragePool(x)",
    ),
    "average pool of the padded image": (
        IMAGE, {},
        "y = AveragePool<kernel_shape=[5,6], pads=[0,0,1,0], count_include_pad=1>(x)",
        "y = AveragePool(x) count_include_pad=1 dilations=[1,1] kernel_shape=[5,6] pads=[0,0,1,0] strides=[1,1]",
    ),
    "average pool of the image's height": (
        IMAGE, {},
        "y = AveragePool<kernel_shape=[5,2]>(x)",
        "y = AveragePool(x) dilations=[1,1] kernel_shape=[5,2] pads=[0,0,0,0] strides=[1,1]",
    ),
    "mean of the image": (
        IMAGE, {"axes": [3, -2]},
        "y = ReduceMean(x, axes)",
        "y = GlobalAveragePool(x)",
    ),
    "mean that drops its axes": (
        IMAGE, {"axes": [2, 3]},
        "y = ReduceMean<keepdims=0>(x, axes)",
        "y_mean = GlobalAveragePool(x); y = Flatten(y_mean) axis=1",
    ),
    "mean by an attribute": (
        IMAGE, {},
        "y = ReduceMean<axes=[-1,-2], keepdims=1>(x)",
        "y = GlobalAveragePool(x)",
    ),
    "mean of a line": (
        ["N", 3, 8], {},
        "y = ReduceMean<axes=[2], keepdims=0>(x)",
        "y_mean = GlobalAveragePool(x); y = Flatten(y_mean) axis=1",
    ),
    "maximum of the image": (
        ["N", 4, 1, 2], {"axes": [3, -2]},
        "y = ReduceMax(x, axes)",
        "y = MaxPool(x) kernel_shape=[1,2] pads=[0,0,0,0] strides=[1,1]",
    ),
    "maximum that drops its axes": (
        ["N", 3, 8], {"axes": [2]},
        "y = ReduceMax<keepdims=0>(x, axes)",
        "y_maximum = MaxPool(x) kernel_shape=[8] pads=[0,0] strides=[1]; y = Flatten(y_maximum) axis=1",
    ),
    "maximum of rows alone": (
        IMAGE, {"axes": [2]},
        "y = ReduceMax(x, axes)",
        "y = ReduceMax(x, axes)",
    ),
    "mean of rows alone": (
        IMAGE, {"axes": [2]},
        "y = ReduceMean(x, axes)",
        "y = ReduceMean(x, axes)",
    ),
    "mean of the channels too": (
        IMAGE, {"axes": [1, 2, 3]},
        "y = ReduceMean(x, axes)",
        "y = ReduceMean(x, axes)",
    ),
    "mean of everything": (
        IMAGE, {},
        "m = ReduceMean(x); y = Mul(x, m)",
        "m = ReduceMean(x); y = Mul(x, m)",
    ),
    "mean of a vector": (
        ["N", 8], {"axes": [1]},
        "y = ReduceMean(x, axes)",
        "y = ReduceMean(x, axes)",
    ),
    "pad: into a conv that has pads": (
        IMAGE, W | {"p": [0, 0, 1, 2, 0, 0, 3, 0]},
        "a = Pad(x, p); y = Conv<pads=[1,0,0,2], strides=[2,1]>(a, w)",
        "y = Conv(x, w) dilations=[1,1] group=1 kernel_shape=[3,2] pads=[2,2,3,2] strides=[2,1]",
    ),
    "pad: of named axes into a conv": (
        IMAGE, W | {"p": [1, 2, 3, 4], "axes": [-1, 2], "zero": 0.0},
        "a = Pad(x, p, zero, axes); y = Conv(a, w)",
        "y = Conv(x, w) dilations=[1,1] group=1 kernel_shape=[3,2] pads=[2,1,4,3] strides=[1,1]",
    ),
    "pad: by another value": (
        IMAGE, W | {"p": [0, 0, 1, 2, 0, 0, 3, 0], "one": 1.0},
        "a = Pad(x, p, one); y = Conv(a, w)",
        "a = Pad(x, p, one); "
        "y = Conv(a, w) dilations=[1,1] group=1 kernel_shape=[3,2] pads=[0,0,0,0] strides=[1,1]",
    ),
    "pad: of the edge": (
        IMAGE, W | {"p": [0, 0, 1, 2, 0, 0, 3, 0]},
        'a = Pad<mode="edge">(x, p); y = Conv(a, w)',
        "a = Pad(x, p) mode=edge; "
        "y = Conv(a, w) dilations=[1,1] group=1 kernel_shape=[3,2] pads=[0,0,0,0] strides=[1,1]",
    ),
    "pad: of less than nothing": (
        IMAGE, W | {"p": [0, 0, 1, 0, 0, 0, -1, 0]},
        "a = Pad(x, p); y = Conv(a, w)",
        "a = Pad(x, p); "
        "y = Conv(a, w) dilations=[1,1] group=1 kernel_shape=[3,2] pads=[0,0,0,0] strides=[1,1]",
    ),
    "pad: of channels": (
        IMAGE, {"w": (3, 3, 2, 2), "p": [0, 0, 0, 0, 0, 1, 0, 0]},
        "a = Pad(x, p); y = Conv(a, w)",
        "a = Pad(x, p); "
        "y = Conv(a, w) dilations=[1,1] group=1 kernel_shape=[2,2] pads=[0,0,0,0] strides=[1,1]",
    ),
    "pad: read twice": (
        IMAGE, W | {"p": [0, 0, 1, 1, 0, 0, 1, 1]},
        "a = Pad(x, p); b = Conv(a, w); c = Conv(a, w); y = Add(b, c)",
        "b = Conv(x, w) dilations=[1,1] group=1 kernel_shape=[3,2] pads=[1,1,1,1] strides=[1,1]; "
        "c = Conv(x, w) dilations=[1,1] group=1 kernel_shape=[3,2] pads=[1,1,1,1] strides=[1,1]; "
        "y = Add(b, c)",
    ),
    "pad: into an average": (
        IMAGE, {"p": [0, 0, 1, 0, 0, 0, 1, 2]},
        "a = Pad(x, p); y = AveragePool<kernel_shape=[2,3]>(a)",
        "y = AveragePool(x) count_include_pad=1 dilations=[1,1] kernel_shape=[2,3] pads=[1,0,1,2] strides=[1,1]",
    ),
    "pad: an average that counts its own": (
        IMAGE, {"p": [0, 0, 1, 1, 0, 0, 1, 2]},
        "a = Pad(x, p); y = AveragePool<kernel_shape=[3,3], pads=[0,1,0,0], count_include_pad=1>(a)",
        "y = AveragePool(x) count_include_pad=1 dilations=[1,1] kernel_shape=[3,3] pads=[1,2,1,2] strides=[1,1]",
    ),
    "pad: an average that leaves out its own": (
        IMAGE, {"p": [0, 0, 1, 1, 0, 0, 1, 1]},
        "a = Pad(x, p); y = AveragePool<kernel_shape=[3,3], pads=[0,1,0,0]>(a)",
        "a = Pad(x, p); y = AveragePool(a) dilations=[1,1] kernel_shape=[3,3] pads=[0,1,0,0] strides=[1,1]",
    ),
    "pad: as wide as an average": (
        IMAGE, {"p": [0, 0, 0, 0, 0, 0, 0, 2]},
        "a = Pad(x, p); y = AveragePool<kernel_shape=[2,2]>(a)",
        "a = Pad(x, p); y = AveragePool(a) dilations=[1,1] kernel_shape=[2,2] pads=[0,0,0,0] strides=[1,1]",
    ),
    "pad: of the lowest into a maximum": (
        IMAGE, {"p": [0, 0, 1, 0, 0, 0, 0, 2], "low": float(np.finfo(np.float32).min)},
        "a = Pad(x, p, low); y = MaxPool<kernel_shape=[2,3], pads=[0,1,0,0]>(a)",
        "y = MaxPool(x) dilations=[1,1] kernel_shape=[2,3] pads=[1,1,0,2] strides=[1,1]",
    ),
    "pad: of zeros in front of a maximum": (
        IMAGE, {"p": [0, 0, 1, 0, 0, 0, 0, 2]},
        "a = Pad(x, p); y = MaxPool<kernel_shape=[2,3]>(a)",
        "a = Pad(x, p); y = MaxPool(a) dilations=[1,1] kernel_shape=[2,3] pads=[0,0,0,0] strides=[1,1]",
    ),
    "pad: a conv that pads itself": (
        IMAGE, W | {"p": [0, 0, 1, 2, 0, 0, 3, 0]},
        'a = Pad(x, p); y = Conv<auto_pad="SAME_UPPER">(a, w)',
        "y = Conv(x, w) dilations=[1,1] group=1 kernel_shape=[3,2] pads=[2,2,4,1] strides=[1,1]",
    ),
    "pad: of nothing": (
        IMAGE, {"p": [0] * 8},
        "a = Pad(x, p); y = Relu(a)",
        "y = Relu(x)",
    ),
    "pad: of nothing by an attribute": (
        IMAGE, {},
        "a = Pad<pads=[0,0,0,0,0,0,0,0]>(x); y = Relu(a)",
        "y = Relu(x)",
    ),
    "pad: that moves": (
        IMAGE, {"p": [0, 0, 1, 0, 0, 0, -1, 0]},
        "a = Pad(x, p); y = Relu(a)",
        "a = Pad(x, p); y = Relu(a)",
    ),
}  # fmt: skip

OPSETS = {
    "conv: a line": 11,
    "mean by an attribute": 13,
    "mean of a line": 13,
    "pad: of nothing by an attribute": 10,
}
"""Of files of another opset than 20."""


@pytest.mark.parametrize("name", CASES)
def test_the_canonical_form(name: str, count: Any) -> None:
    agrees(CASES[name], OPSETS.get(name, 20), count)
