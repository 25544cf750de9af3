"""Layers with weights against the plain way in int64: single layers, random networks, and the ends of formats."""

from __future__ import annotations

import numpy as np
import pytest

from one_layer import of_one, shift
from plain_sums import plain_codes
from random_networks import random_codes, random_network
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network
from shiftwire.ir.weights import Weighted
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from single_layers import single_layers

NETWORKS = 300
SQUARE = Window((3, 3), (1, 1), (1, 1), (1, 1))


def compared(network: Network, codes: Codes) -> int:
    """How many codes of layers with weights were compared, all equal."""
    known, count = network.evaluate_layers(codes), 0
    for node in network.nodes:
        if isinstance(node.op, Weighted):
            wanted = plain_codes(network, node, known)
            assert known[node.name].dtype == np.int64
            assert np.array_equal(known[node.name], wanted), node.name
            count += wanted.size
    return count


def extremes(network: Network, rng: np.random.Generator, count: int = 6) -> Codes:
    """All lowest, all highest, and both mixed, beside random codes."""
    x = network.input
    lo, hi, shape = x.format.lo, x.format.hi, (count, *x.shape)
    ends = np.where(rng.random(shape) < 0.5, lo, hi)
    lowest, highest = np.full((1, *x.shape), lo), np.full((1, *x.shape), hi)
    inside = rng.integers(lo, hi, shape, endpoint=True)
    return np.concatenate([lowest, highest, ends, inside, np.zeros_like(lowest)])


def test_single_layers() -> None:
    counts = [
        compared(net, extremes(net, np.random.default_rng(0))) for net in single_layers().values() if net.is_framed
    ]
    assert sum(count > 0 for count in counts) == 34


def test_random_networks() -> None:
    counts = [compared(net, random_codes(net, seed)) for seed in range(NETWORKS) for net in [random_network(seed)]]
    assert sum(counts) > 50_000 and sum(count > 0 for count in counts) > 150


def wide(bits: int, *, signed: bool) -> dict[str, Network]:
    """Layers of codes of so many bits; weights on either side of them, at their ends and between."""
    rng = np.random.default_rng(bits + signed)
    x = Fixed(bits, 4, signed=signed)
    weights = rng.integers(2 * x.lo - 5, 2 * x.hi + 5, (17, 3, 3, 6), endpoint=True)
    picked = rng.integers(0, 5, weights.shape)
    for at, end in enumerate((x.lo, x.hi, 0)):
        weights[picked == at] = end
    small = rng.integers(-128, 127, (17, 3, 3, 6))
    return {
        "adder_conv": of_one(Conv(Adder(weights, 4), Bias.none(17), SQUARE), (5, 4, 6), x),
        "adder_groups": of_one(Conv(Adder(weights[:16, ..., :3], 4), Bias.none(16), SQUARE, 2), (5, 4, 6), x),
        "adder_dense": of_one(Dense(Adder(weights.reshape(17, -1), 4), Bias.none(17)), (54,), x),
        "int_conv": of_one(Conv(Int(small, 4), Bias.none(17), SQUARE), (5, 4, 6), x),
        "shift_conv": of_one(Conv(shift((17, 3, 3, 6), 2, -3, 2), Bias.none(17), SQUARE), (5, 4, 6), x),
    }


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 8, 11, 12, 13, 15, 16, 17, 23, 27, 28, 29, 31, 32, 33, 44, 46])
def test_codes_of_every_width(bits: int, signed: bool) -> None:
    """In 16, 32 and 64 bits, at the borders of each, and where float32 and float64 end."""
    for network in wide(bits, signed=signed).values():
        assert compared(network, extremes(network, np.random.default_rng(bits)))


@pytest.mark.parametrize("count", [1, 3, 700])
def test_batches_of_every_size(count: int) -> None:
    """So many samples that they are summed in several blocks."""
    for network in wide(8, signed=False).values():
        codes = np.random.default_rng(count).integers(0, 255, (count, *network.input.shape), endpoint=True)
        assert compared(network, codes)


def test_no_samples() -> None:
    for network in wide(8, signed=True).values():
        assert network.evaluate(np.zeros((0, *network.input.shape), np.int64)).shape == (0, *network.output.shape)
