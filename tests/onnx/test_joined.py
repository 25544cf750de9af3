"""Sums of two branches whose scales are unlike: every pair of codes, against the file's own float32 run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import onnx
from foreign_files import File, agrees, decoded, executed, kinds
from shiftwire.errors import InputError
from shiftwire.ir.network import Network
from shiftwire.onnx.importer import network_from_model


def branches(left: tuple[float, int], right: tuple[float, int], out: tuple[float, int], *between: tuple[Any, ...],
             zero: int = 0, swapped: bool = False) -> onnx.ModelProto:  # fmt: skip
    """Two channels are the branches: each is taken out by a layer of weights 1 and 0, quantized anew, and both added.

    `left`, `right` and `out` are scale and bits; `between` operations behind the sum, each a kind and its constants.
    """
    file = File((2,))
    x = file.quant("x", np.float32(2.0**-6), 16)
    parts = []
    for at, (scale, bits) in enumerate((left, right)):
        pick = np.zeros((1, 2), np.float32)
        pick[0, at] = 1
        taken = file.add("Gemm", x, file.quant(pick, 1.0, 2), transB=1)
        parts.append(file.quant(taken, scale, bits))
    made = file.add("Add", *(parts[::-1] if swapped else parts))
    for kind, *constants in between:
        made = file.add(kind, made, *constants)
    file.quant(made, out[0], out[1], zero=zero, signed=int(not zero), out="y")
    return file.model()


def every_pair(left: tuple[float, int], right: tuple[float, int]) -> np.ndarray:
    """Values on the input's grid of 1/64 that make every pair of codes of both branches."""
    rows = [np.arange(-(1 << bits - 1), 1 << bits - 1) * np.float64(np.float32(scale)) for scale, bits in (left, right)]
    pairs = np.stack(np.meshgrid(*rows, indexing="ij"), axis=-1).reshape(-1, 2)
    return (np.round(pairs * 64) / 64).astype(np.float32)


def exact_pairs(network: Network, model: onnx.ModelProto, left: tuple[float, int], right: tuple[float, int]) -> int:
    """Outputs compared with onnxruntime's; every pair of codes was there."""
    x = every_pair(left, right)
    layers = network.evaluate_layers(network.host_input.encode(x, network.input.format))
    seen = {tensor: len(np.unique(codes)) for tensor, codes in layers.items()}
    add = next(node for node in network.nodes if node.kind == "Add")
    sizes = sorted(seen[name] for name in add.inputs)
    assert sizes == sorted([1 << left[1], 1 << right[1]])
    expected = executed(model, x)
    assert np.array_equal(decoded(network, x).astype(np.float32), expected)
    assert len(np.unique(expected)) >= 3
    return int(expected.size)


RNG = np.random.default_rng(31)
RANDOM = [tuple(float(each) for each in 2.0 ** RNG.uniform(-2, 1, 3)) for _ in range(10)]


@pytest.mark.parametrize("scales", RANDOM, ids=[f"{a / b:.3f}" for a, b, _ in RANDOM])
@pytest.mark.parametrize("swapped", [False, True])
def test_every_pair_of_codes_of_random_scales(scales: tuple[float, ...], swapped: bool, count: Any) -> None:
    (a, b, c), bits = scales, 5
    left, right = (a, bits), (b, bits)
    model = branches(left, right, (c * 2, 5), swapped=swapped)
    network = network_from_model(model)
    assert kinds(network)[-3:] == ["Affine", "Add", "Threshold"]
    count(pairs_of_codes=exact_pairs(network, model, left, right))


EXTREME = {
    "far": ((0.037, 4), (1.9, 4), (0.93, 4)),
    "further": ((1.7 * 2.0**-5, 3), (2.9, 5), (1.1, 6)),
    "nearly equal": ((0.5, 6), (0.5000001, 6), (0.71, 6)),
    "nearly twice": ((0.31, 5), (0.61999, 5), (0.43, 6)),
    "a third": ((0.25, 6), (0.75, 4), (0.5, 6)),
    "a fifth": ((1.0, 5), (0.2, 6), (0.43, 6)),
    "fine to coarse": ((0.11, 8), (0.23, 3), (3.3, 3)),
    "one level": ((0.7, 2), (0.3, 2), (0.4, 2)),
}


@pytest.mark.parametrize("name", EXTREME)
def test_every_pair_of_codes_of_extreme_ratios(name: str, count: Any) -> None:
    left, right, out = EXTREME[name]
    model = branches(left, right, out)
    count(pairs_of_codes=exact_pairs(network_from_model(model), model, left, right))


BETWEEN: dict[str, list[tuple[Any, ...]]] = {
    "relu": [("Relu",)],
    "clip": [("Clip", np.float32(-1.3), np.float32(2.1))],
    "a factor, an offset and a relu": [("Mul", 0.77), ("Add", 0.31), ("Relu",)],
    "a negative factor": [("Mul", -1.1)],
    "a sigmoid": [("Sigmoid",), ("Mul", 5.0)],
}


@pytest.mark.parametrize("zero", [0, 5])
@pytest.mark.parametrize("name", BETWEEN)
def test_operations_behind_the_sum(name: str, zero: int, count: Any) -> None:
    left, right = (0.317, 5), (0.541, 5)
    model = branches(left, right, (0.391, 5), *BETWEEN[name], zero=zero)
    count(pairs_of_codes=exact_pairs(network_from_model(model), model, left, right))


def residual(out: bool) -> File:
    """Three channels with offsets of their own behind the sum of an image and its convolution."""
    rng = np.random.default_rng(32)
    file = File((3, 4, 4))
    x = file.quant("x", 0.213, 5)
    w = file.quant(rng.normal(0, 0.3, (3, 3, 3, 3)), 0.11, 4)
    branch = file.quant(file.add("Conv", x, w, pads=[1] * 4), 0.371, 5)
    total = file.add("Add", branch, x, out="" if out else "y")
    if out:
        moved = file.add("Add", file.add("Mul", total, rng.uniform(0.5, 2, (3, 1, 1))), rng.normal(0, 1, (3, 1, 1)))
        file.quant(file.add("Relu", moved), 0.433, 4, signed=0, out="y")
    return file


def test_a_residual_block_with_offsets_by_channel(count: Any) -> None:
    x = np.random.default_rng(33).normal(0, 2, (64, 3, 4, 4)).astype(np.float32)
    network = agrees(residual(True).model(), x, count)
    assert kinds(network)[-3:] == ["Affine", "Add", "Threshold"]


def test_no_multiplier_and_few_terms() -> None:
    network = network_from_model(residual(True).model())
    for node in network.nodes:
        assert node.op.operations(network.sources(node), network.tensors[node.name]).multiplies == 0
    affine = next(node.op for node in network.nodes if node.kind == "Affine")
    assert affine.scale.terms <= 4  # type: ignore[attr-defined]


def without_quantizer(behind: str) -> onnx.ModelProto:
    file = residual(False)
    if behind:
        file.nodes[-1].output[0] = "sum"
    if behind == "layer":
        file.add("Conv", "sum", file.quant(np.ones((1, 3, 1, 1)), 1.0, 2), out="y")
    elif behind == "relu":
        file.add("Relu", "sum", out="y")
    return file.model()


@pytest.mark.parametrize("behind", ["", "layer", "relu"])
def test_no_quantizer_behind_the_sum_is_refused(behind: str) -> None:
    words = (
        r"the sum '(y|sum)' joins values of the scales 0\.37\d+ and 0\.213, which differ by more than a power of two; "
        r"share the quantizer's scale between the branches, or put a quantizer behind their sum"
    )
    with pytest.raises(InputError, match=words):
        network_from_model(without_quantizer(behind))


def test_more_pairs_than_are_tried_are_lines(count: Any) -> None:
    """Beside ties, which no pair of these samples is."""
    model = branches((0.3, 12), (0.7171, 12), (13.137, 8), ("Relu",), ("Mul", np.float32(1.3)))
    x = np.random.default_rng(34).uniform(-480, 480, (20000, 2)).astype(np.float32)
    network = agrees(model, x, count, levels=80)
    assert kinds(network)[-4:] == ["Affine", "Affine", "Add", "Requantize"]


def test_too_many_pairs_behind_a_curve_are_refused() -> None:
    words = r"put a quantizer behind their sum: 8388608 pairs of codes are too many to try"
    with pytest.raises(InputError, match=words):
        network_from_model(branches((0.3, 12), (0.7, 12), (0.1, 4), ("Sigmoid",)))


def test_ties_that_float32_decides_are_refused() -> None:
    """a + b / 5 in steps of 2 / 5: half of all sums are ties, and float32 rounds equal ones to either side."""
    left, right = (1.0, 5), (0.2, 6)
    model = branches(left, right, (0.4, 6))
    x = every_pair(left, right)
    fifths = np.rint(5.0 * np.rint(x[:, 0]) + np.rint(x[:, 1] * 5))
    codes = executed(model, x).ravel()
    assert any(len(np.unique(codes[fifths == each])) > 1 for each in np.unique(fifths))
    with pytest.raises(
        InputError, match="put a quantizer behind their sum; no sum of 10 powers of two stands for their"
    ):
        network_from_model(model)


def test_scales_by_channel_of_a_sum_are_refused() -> None:
    file = residual(False)
    file.nodes[-1].output[0] = "sum"
    file.quant("sum", np.array([0.1, 0.2, 0.3]).reshape(1, 3, 1, 1), 4, out="y")
    with pytest.raises(InputError, match="quantizes a sum of branches by a scale for each channel; use one for the"):
        network_from_model(file.model())
