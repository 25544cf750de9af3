"""PartialPool: its cases, its meaning, and the averages of ONNX that do not count all they pad."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import onnx
from layer_case import LayerCase
from one_layer import S8, U6, of_one
from onnx import TensorProto, helper
from shiftwire.errors import InputError
from shiftwire.ir.network import Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import codes_of, run_onnx
from shiftwire.ops.partial_pool import PartialPool

ROUND = Window((3, 3), (1, 1), (1, 1), (1, 1))
NETWORKS = {
    "partial_pool": of_one(PartialPool(ROUND, (0, 0), (0, 0)), (4, 5, 4)),
    "partial_pool_same": of_one(PartialPool(Window((2, 2), (2, 2), (0, 0), (1, 1)), (0, 0), (0, 0)), (5, 3, 2), U6),
    "partial_pool_rounded_up": of_one(PartialPool(Window((3, 2), (2, 2), (1, 0), (2, 1)), (1, 0), (1, 0)), (4, 5, 3)),
    "partial_pool_line": of_one(PartialPool(Window((5,), (2,), (2,), (2,)), (0,), (0,)), (7, 2)),
    "partial_pool_of_no_pads": of_one(PartialPool(Window((3, 1), (1, 1), (0, 0), (0, 0)), (0, 0), (0, 0)), (4, 3, 2)),
}


def definition(op: PartialPool, x: Any, y: Any) -> None:
    """The mean of the positions that count, times the least number that all their numbers divide, less its twos."""
    means, numbers = {}, []
    for pixel in itertools.product(*map(range, y.shape[:-1])):
        number, total = 0, np.array([Fraction()] * x.shape[-1])
        for offset in itertools.product(*map(range, op.window.kernel)):
            at = [p * s + o - b for p, s, o, b in zip(pixel, op.window.stride, offset, op.window.begin, strict=True)]
            number += all(-b <= i < n + e for i, n, b, e in zip(at, x.shape, op.begin, op.end, strict=False))
            if all(0 <= i < n for i, n in zip(at, x.shape, strict=False)):
                total = total + x[tuple(at)]
        means[pixel] = total / number
        numbers.append(number)
    divisor = math.lcm(*numbers)
    while divisor % 2 == 0:
        divisor //= 2
    for pixel, mean in means.items():
        y[pixel] = mean * divisor


def grow(rng: np.random.Generator, axes: int) -> PartialPool:
    kernel = tuple(int(k) for k in rng.integers(1, 4, axes))
    begin = tuple(int(rng.integers(0, k)) for k in kernel)
    end = tuple(k - 1 - before for k, before in zip(kernel, begin, strict=True))  # fits an image of one pixel
    counted = [tuple(int(rng.integers(0, pad + 1)) for pad in pads) for pads in (begin, end)]
    window = Window(kernel, tuple(int(s) for s in rng.integers(1, 3, axes)), begin, end)
    return PartialPool(window, counted[0], counted[1])


LAYER = LayerCase(
    PartialPool, NETWORKS, definition, grow, kernel_mutants=(), rtl_mutants=(), modules=frozenset({"sw_affine"})
)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_file_of_ours_says_the_same(name: str) -> None:
    """Written, run by onnxruntime, read back."""
    network = NETWORKS[name]
    model = to_onnx(network)
    x = network.input
    codes = np.random.default_rng(0).integers(x.format.lo, x.format.hi + 1, (5, *x.shape))
    codes[0], codes[1] = x.format.lo, x.format.hi
    expected = network.evaluate(codes)
    values = np.moveaxis(x.format.decode(codes), -1, 1)
    assert np.array_equal(codes_of(run_onnx(model, values), network.output.format), expected)
    again = network_from_model(model)
    assert again.output.format == network.output.format and np.array_equal(again.evaluate(codes), expected)


def average(spatial: tuple[int, ...], **attributes: Any) -> onnx.ModelProto:
    """A file that averages codes of s8.0, (N, 2, *spatial)."""
    node = helper.make_node("AveragePool", ["x"], ["y"], name="y", **attributes)
    graph = helper.make_graph(
        [node],
        "average",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 2, *spatial])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * (len(spatial) + 2))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    helper.set_model_props(model, {"shiftwire.input": "s8.0"})
    return model


SPELLINGS = {
    "same": {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER"},
    "same, two steps": {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "SAME_LOWER"},
    "pads on one side": {"kernel_shape": [3, 2], "pads": [2, 0, 0, 1]},
    "pads not counted, said so": {"kernel_shape": [2, 2], "pads": [1, 1, 1, 1], "count_include_pad": 0},
    "rounded up": {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    "rounded up, pads counted": {
        "kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1, "pads": [1, 1, 1, 1], "count_include_pad": 1
    },
    "rounded up, pads not counted": {"kernel_shape": [3, 3], "strides": [3, 2], "ceil_mode": 1, "pads": [1, 0, 1, 1]},
}  # fmt: skip


@pytest.mark.parametrize("spatial", [(6, 4), (7, 5)])
@pytest.mark.parametrize("name", SPELLINGS)
def test_averages_are_the_files_own(name: str, spatial: tuple[int, int]) -> None:
    """Values of the network are those of onnxruntime, but for the last bit of its division."""
    model = average(spatial, **SPELLINGS[name])
    network = network_from_model(model)
    codes = np.random.default_rng(1).integers(-128, 128, (9, *spatial, 2))
    codes[0], codes[1] = -128, 127
    right = run_onnx(model, np.moveaxis(codes, -1, 1).astype(np.float32))
    made = network.host_output.decode(network.evaluate(codes), network.output.format)
    assert right.shape == made.shape
    assert np.allclose(made, right, rtol=2e-7, atol=1e-6)


def test_numbers_of_positions_by_hand() -> None:
    """3 x 3 windows round 2 x 3 pixels hold 4 and 6 of them: a divisor of 12, of which 3 stays in the scale."""
    pool = PartialPool(ROUND, (0, 0), (0, 0))
    assert pool.counts((2, 3, 1)).tolist() == [[4, 6, 4], [4, 6, 4]]
    assert pool.divisor((2, 3, 1)) == 12 and pool.odd_divisor((2, 3, 1)) == 3
    x = Tensor((2, 3, 1), S8)
    assert pool.infer(x) == Tensor((2, 3, 1), Fixed.covering(-128 * 12, 127 * 12, S8.frac + 2))
    codes = np.arange(6).reshape(1, 2, 3, 1)
    assert pool.evaluate((x,), codes)[0, :, :, 0].tolist() == [[24, 30, 36], [24, 30, 36]]


def test_powers_of_two_need_no_scale() -> None:
    pool = PartialPool(Window((2, 2), (2, 2), (0, 0), (1, 1)), (0, 0), (0, 0))
    assert pool.odd_divisor((5, 3, 1)) == 1
    assert pool.infer(Tensor((5, 3, 1), U6)).format == Fixed(U6.bits + 2, U6.frac + 2, signed=False)


def test_windows_of_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="pad less"):
        PartialPool(Window((2,), (1,), (2,), (0,)), (0,), (0,)).infer(Tensor((4, 1), S8))
    with pytest.raises(InputError, match="average nothing"):
        PartialPool(Window((1,), (1,), (0,), (1,)), (0,), (0,)).divisor((3, 1))


def test_a_divisor_of_another_file_is_refused() -> None:
    model = to_onnx(NETWORKS["partial_pool"])
    (node,) = (node for node in model.graph.node if node.op_type == "PartialPool")
    next(entry for entry in node.attribute if entry.name == "divisor").i = 5
    with pytest.raises(InputError, match="its divisor is 5, and its windows ask for 9"):
        network_from_model(model)
