"""Bit operations by hand, and of networks whose layers differ in nothing but their weights."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest

from one_layer import S8, U1, codes, of_one, signs
from shiftwire.costs.bit_operations import layer_bits, network_bits, tap_bits
from shiftwire.ir.bias import Bias
from shiftwire.ir.cfg import Element
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.relu import Relu
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.binary import Binary
from shiftwire.ops.weights.integer import Int
from single_layers import single_layers


@pytest.mark.parametrize(
    ("element", "x_bits", "weight_bits", "terms", "taps", "wanted"),
    [
        (Element.INT, 32, 32, 1, 2048, 32 * 32 + 64 + 11),  # of ResNet-18 in floats, about 1,099 a product
        (Element.INT, 8, 8, 1, 256, 64 + 16 + 8),
        (Element.SHIFT, 8, 4, 1, 16, 8 + 12 + 4),
        (Element.SHIFT, 8, 4, 2, 16, 16 + 12 + 4),
        (Element.ADDER, 8, 8, 1, 4, 16 + 16 + 2),
        (Element.XNOR, 1, 1, 1, 64, 1 + 2 + 6),
        (Element.INT, 4, 4, 1, 1, 16 + 8),
    ],
)
def test_of_a_tap(element: Element, x_bits: int, weight_bits: int, terms: int, taps: int, wanted: float) -> None:  # noqa: PLR0917
    assert tap_bits(element, x_bits, weight_bits, terms, taps) == wanted


def test_of_layers() -> None:
    """Six sums of nine taps each."""
    shape = (6, 9)
    whole = {
        "int": (Int(codes(shape, -8, 7), 3), S8, 8 * 4 + 8 + 4),
        "adder": (Adder(codes(shape, -128, 127), 4), S8, 2 * (8 + 8)),
        "binary": (Binary(signs(shape), 0), U1, 1 + 1 + 1),
    }
    for name, (weights, x, bits) in whole.items():
        network = of_one(Dense(weights, Bias.none(6)), (9,), x)
        assert weights.rom_type.bits == {"int": 4, "adder": 8, "binary": 1}[name]
        assert network_bits(network) == round(6 * 9 * (bits + log2(9))), name


def test_a_convolution_counts_its_positions_and_other_layers_count_nothing() -> None:
    network = single_layers()["shift_conv"]
    (node,) = (node for node in network.nodes if isinstance(node.op, Conv))
    output, weights = network.tensors[node.name], node.op.weights
    taps = int(np.prod(weights.shape[1:]))
    own = tap_bits(Element.SHIFT, S8.bits, weights.rom_type.bits, weights.terms, taps)
    assert layer_bits(network, node) == round(output.size * taps * own)
    others = [
        layer_bits(net, node) for net in single_layers().values() for node in net.nodes if isinstance(node.op, Relu)
    ]
    assert others
    assert not any(others)
