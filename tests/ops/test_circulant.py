"""Circulant blocks against loops of their equation: weights, files, and words that a unit stores."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from one_layer import circulant, of_one
from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import codes_of, run_onnx
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.circulant import Circulant
from shiftwire.ops.weights.shift import Shift
from shiftwire.passes.compact_terms import compact_terms
from shiftwire.units.sums.matrix import MatrixUnit
from single_layers import single_layers

NAMES = ("circulant_dense", "circulant_conv", "circulant_conv_grouped")
BLOCKS = [(2, 3, 4, ()), (1, 2, 5, (3,)), (3, 1, 2, (2, 3)), (2, 2, 1, (1, 1))]


def dense_form(vectors: ShiftWeights) -> Codes:
    """w[o, i, ...] = v[o // b, i // b, (i - o) mod b, ...], a number at a time."""
    numbers = vectors.integers
    outputs, inputs, block, *kernel = numbers.shape
    whole = np.zeros((outputs * block, inputs * block, *kernel), np.int64)
    for o, i in itertools.product(range(outputs * block), range(inputs * block)):
        whole[o, i] = numbers[o // block, i // block, (i - o) % block]
    return whole


@pytest.mark.parametrize(("outputs", "inputs", "block", "kernel"), BLOCKS)
def test_blocks_are_circulant(outputs: int, inputs: int, block: int, kernel: tuple[int, ...]) -> None:
    rng = np.random.default_rng(block)
    sign = rng.integers(-1, 2, (2, outputs, inputs, block, *kernel)).astype(np.int8)
    weights = Circulant.of(ShiftWeights(sign, rng.integers(-4, 3, sign.shape).astype(np.int8)))
    expected = dense_form(weights.vectors)
    assert np.array_equal(weights.weights.integers, expected)
    assert weights.shape == expected.shape and weights.circle == block and weights.is_in_order
    rows, taps = rng.permutation(len(expected)), rng.permutation(expected.shape[1])
    assert np.array_equal(weights.with_rows(rows).with_taps(taps).weights.integers, expected[rows][:, taps])
    assert not weights.with_rows(np.arange(len(expected))[::-1]).is_in_order or len(expected) == 1
    assert weights.bits == weights.vectors.weight_bits


def test_vectors_without_a_place_are_refused() -> None:
    flat = np.ones((1, 2, 3), np.int8)
    with pytest.raises(InputError, match=r"give \(terms, out / b, in / b, b, \.\.\.\)"):
        Circulant.of(ShiftWeights(flat, flat))


@pytest.mark.parametrize("name", NAMES)
def test_a_file_keeps_the_vectors(name: str) -> None:
    network = single_layers()[name]
    model = to_onnx(network)
    again = network_from_model(model)
    (op,) = (node.op for node in again.nodes)
    assert isinstance(op, Dense | Conv) and isinstance(op.weights, Circulant)
    held = network.input.format
    x = np.random.default_rng(3).integers(held.lo, held.hi + 1, (9, *network.input.shape))
    expected = network.evaluate(x)
    assert np.array_equal(again.evaluate(x), expected)
    values = run_onnx(model, np.moveaxis(held.decode(x), -1, 1))
    assert np.array_equal(codes_of(values, network.output.format), expected)
    assert np.unique(expected).size > 20


def test_permuted_blocks_leave_as_powers_of_two() -> None:
    weights = circulant((2, 3), 4, (), 2).with_rows(np.arange(8)[::-1])
    network = of_one(Dense(weights, Bias.none(8)), (12,))
    again = network_from_model(to_onnx(network))
    op = again.nodes[0].op
    assert isinstance(op, Dense) and type(op.weights) is Shift
    x = np.random.default_rng(3).integers(-128, 128, (5, 12))
    assert np.array_equal(again.evaluate(x), network.evaluate(x))


def test_unused_terms_go() -> None:
    weights = circulant((2, 3), 4, (), 2)
    gap = ShiftWeights(*(np.insert(part, 1, 0, axis=0) for part in (weights.vectors.sign, weights.vectors.exponent)))
    network = of_one(Dense(Circulant.of(gap), Bias.none(8)), (12,))
    op = compact_terms(network).nodes[0].op
    assert isinstance(op, Dense) and isinstance(op.weights, Circulant) and op.weights.vectors.terms == 2


def unit(network: Network, fold: Fold) -> MatrixUnit:
    (node,) = network.nodes
    units = node.op.units(network.sources(node), network.tensors[node.name], fold)
    return next(unit for unit in units if isinstance(unit, MatrixUnit))


@pytest.mark.parametrize(
    ("pe", "simd", "lanes_a_weight"), [(4, 4, 4), (8, 12, 4), (4, 12, 4), (8, 3, 1), (2, 4, 1), (1, 12, 1)]
)
def test_a_word_has_the_first_row_of_each_block(pe: int, simd: int, lanes_a_weight: int) -> None:
    network = of_one(Dense(circulant((2, 3), 4, (), 1), Bias.none(8)), (12,))
    made = unit(network, Fold(pe, simd))
    plain = unit(of_one(Dense(Shift(circulant((2, 3), 4, (), 1).weights), Bias.none(8)), (12,)), Fold(pe, simd))
    assert made.circle == lanes_a_weight
    words, whole = (next(t for t in u.cfg.tables if t.name == "weight").codes for u in (made, plain))
    assert words.shape == (len(whole), pe * simd // lanes_a_weight)
    for p, s in itertools.product(range(pe), range(simd)):
        b = lanes_a_weight
        place = (p // b * (simd // b) + s // b) * b + (s - p) % b
        assert np.array_equal(words[:, place], whole[:, p * simd + s])
    assert made.iterations == plain.iterations
