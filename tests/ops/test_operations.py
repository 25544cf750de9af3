"""What a layer says of one inference: operations counted by its definition, and witnesses that explain a code."""

from __future__ import annotations

from dataclasses import astuple
from math import prod

import numpy as np
import pytest

from one_layer import frames
from shiftwire.ir.cfg import Element
from shiftwire.ir.network import Network, Operations
from shiftwire.numbers.alignment import Alignment
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.binary import Binary
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from single_layers import single_layers

CASES = single_layers()
WEIGHTED = [name for name, network in CASES.items() if isinstance(network.nodes[-1].op, Dense | Conv)]
IMAGE, WINDOWS, POOLED = 6 * 5 * 4, 3 * 5, 6 * 3 * 4
"""Codes of the image, positions of the wide window over it, codes that leave the square one."""

COUNTED = {
    "affine": Operations(shifts=8 * 30, adds=8 * 30 + IMAGE),  # 8 terms and 4 biases a pixel
    "threshold": Operations(compares=7 * IMAGE, adds=7 * IMAGE),
    "sign": Operations(compares=9, adds=9),
    "relu": Operations(compares=IMAGE),
    "max_pool": Operations(compares=3 * POOLED),
    "max_pool_line": Operations(compares=2 * 4 * 2),
    "average_pool": Operations(adds=3 * POOLED),
    "sum_pool": Operations(adds=5 * WINDOWS * 4),
    "pad": Operations(),
    "flatten": Operations(),
    "concat": Operations(),
    "add": Operations(adds=IMAGE),
    "multiply_gate": Operations(multiplies=3 * 4 * 6),
    "requantize_floor_saturate": Operations(compares=2 * 40),
    "requantize_floor_wrap": Operations(),
    "requantize_half_up_saturate": Operations(adds=40, compares=2 * 40),
    "requantize_half_even_wrap": Operations(adds=40),
    "requantize_finer": Operations(compares=2 * 40),  # nothing is rounded away
}


SHOWN = {
    "affine": ["input", "scale", "bias"],
    "threshold": ["input", "thresholds"],
    "sign": ["input", "thresholds"],
    "relu": ["input"],
    "requantize_half_even_wrap": ["input"],
    "add": ["left", "right"],
    "multiply": ["left", "right"],
}
"""What a witness of one place names."""


def counted(network: Network) -> Operations:
    node = network.nodes[-1]
    return node.op.operations(network.sources(node), network.tensors[node.name])


@pytest.mark.parametrize("name", COUNTED)
def test_operations_are_those_of_the_definition(name: str) -> None:
    found = counted(CASES[name])
    assert found == COUNTED[name]
    assert all(type(number) is int for number in astuple(found)), "design.json tells whole numbers"


@pytest.mark.parametrize("name", WEIGHTED)
def test_operations_of_weights(name: str) -> None:
    """Each term that is there shifts and adds, each distance takes two sums, each product one, each agreement one."""
    network = CASES[name]
    op = network.nodes[-1].op
    assert isinstance(op, Dense | Conv)
    uses = prod(network.output.shape[:-1])
    match op.weights:
        case Shift(weights):
            live = uses * int((weights.sign != 0).sum())
            expected = Operations(shifts=live, adds=live)
        case Adder(codes):
            expected = Operations(adds=2 * codes.size * uses)
        case Int(codes):
            expected = Operations(adds=codes.size * uses, multiplies=codes.size * uses)
        case Binary(codes):
            expected = Operations(adds=codes.size * uses, xnors=codes.size * uses)
    assert counted(network) == expected


@pytest.mark.parametrize("name", WEIGHTED)
def test_a_witness_of_weights_makes_the_code(name: str) -> None:
    """The inputs, weights and bias that are shown add up to the output, at every place of three samples."""
    network = CASES[name]
    op, codes = network.nodes[-1].op, frames(network)[3:6]
    assert isinstance(op, Dense | Conv)
    frac = op.weights.frac(network.input.format)
    grid = network.output.format.frac
    for sample, expected in zip(codes, network.evaluate(codes), strict=True):
        for index in np.ndindex(expected.shape):
            shown = dict(op.witness(index, sample))
            assert list(shown) == ["inputs", "weights", "bias"]
            x, w = shown["inputs"].tolist(), shown["weights"].tolist()
            pairs, of_distances = list(zip(x, w, strict=True)), op.weights.element is Element.ADDER
            total = sum(-abs(a - b) for a, b in pairs) if of_distances else sum(a * b for a, b in pairs)
            (bias,) = shown["bias"].tolist()
            at = op.bias.frac - grid
            assert (total << grid - frac) + (bias >> at if at > 0 else bias << -at) == expected[index]


@pytest.mark.parametrize("name", list(SHOWN))
def test_a_witness_of_one_place_makes_the_code(name: str) -> None:
    network = CASES[name]
    op, given = network.nodes[-1].op, frames(network)[3:6]
    node, layers = network.nodes[-1], network.evaluate_layers(given) | {"x": given}
    for sample in range(len(given)):
        inputs = [layers[source][sample] for source in node.inputs]
        for index in np.ndindex(network.output.shape):
            shown = dict(op.witness(index, *inputs))
            assert list(shown) == SHOWN[name]
            (x,) = next(iter(shown.values())).tolist()
            expected = layers["y"][sample][index]
            assert x == inputs[0][index]
            if name == "affine":
                (scale,), (bias,) = shown["scale"].tolist(), shown["bias"].tolist()
                frac = network.input.format.frac - op.scale.exponent_range[0]
                grid = network.output.format.frac
                at = op.bias.frac - grid
                assert (x * scale << grid - frac) + (bias >> at if at > 0 else bias << -at) == expected
            elif name == "add":
                (b,) = shown["right"].tolist()
                assert sum(Alignment.of(*(s.format for s in network.sources(node))).move(x, b)) == expected
            elif "thresholds" in shown:
                count = sum(x >= bound for bound in shown["thresholds"].tolist())
                assert op.base[index[-1]] + op.step[index[-1]] * count == expected


@pytest.mark.parametrize("name", ["upsample", "upsample_rows", "upsample_columns", "upsample_line"])
def test_a_witness_of_a_repeated_pixel_is_its_code(name: str) -> None:
    network = CASES[name]
    op, given = network.nodes[0].op, frames(network)[3]
    expected = network.evaluate(given[None])[0]
    for index in np.ndindex(expected.shape):
        ((what, shown),) = op.witness(index, given)
        assert what == "input" and shown.tolist() == [expected[index]]
