"""Networks of one layer, their weights, and frames that reach their ends."""

from __future__ import annotations

import numpy as np

from shiftwire.ir.network import Network, Node, Op, Tensor
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.numbers.smart_exchange import Theta, decompose
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.weights.circulant import Circulant
from shiftwire.ops.weights.factored import Factored, FactoredAdder
from shiftwire.ops.weights.shift import Shift

S8 = Fixed(8, 4, signed=True)


U6 = Fixed(6, 3, signed=False)
U1 = Fixed(1, 1, signed=False)


def shift(shape: tuple[int, ...], terms: int, low: int, high: int, seed: int = 0) -> Shift:
    """Random shift weights; the last filter has one term fewer than the rest."""
    rng = np.random.default_rng(seed)
    sign = rng.integers(-1, 2, (terms, *shape)).astype(np.int8)
    sign[terms - 1, -1] = 0
    return Shift(ShiftWeights(sign, rng.integers(low, high + 1, sign.shape).astype(np.int8)))


def factored(shape: tuple[int, ...], seed: int = 0) -> Factored:
    """SmartExchange's factors of random weights (out, kernel..., channels), their last row empty."""
    weights = np.moveaxis(np.random.default_rng(seed).normal(0, 0.3, shape), -1, 1)
    weights.reshape(len(weights), -1)[:, -3:] = 0
    return Factored.of(decompose(weights, Theta(2e-2)), weights.shape[1:]).with_moved(0, -1)


def circulant(blocks: tuple[int, int], block: int, kernel: tuple[int, ...], terms: int, seed: int = 0) -> Circulant:
    """Random circulant blocks, channels last."""
    drawn = Circulant.of(shift((*blocks, block, *kernel), terms, -3, 2, seed).weights)
    return drawn.with_moved(0, -1) if kernel else drawn


def factored_adder(shape: tuple[int, ...], grid: int, seed: int = 0, spread: float = 3.0) -> FactoredAdder:
    """Templates (out, kernel..., channels) as factors, in steps of 2**-grid."""
    weights = np.moveaxis(np.random.default_rng(seed).normal(0, spread, shape), -1, 1)
    return FactoredAdder.of(decompose(weights, Theta(2e-2)), grid, weights.shape[1:]).with_moved(0, -1)


def codes(shape: tuple[int, ...], lo: int, hi: int, seed: int = 1) -> Codes:
    return np.random.default_rng(seed).integers(lo, hi + 1, shape)


def signs(shape: tuple[int, ...], seed: int = 2) -> Codes:
    """-1 and 1; the first output's are all -1, the second's all 1."""
    drawn = 2 * np.random.default_rng(seed).integers(0, 2, shape) - 1
    drawn[0], drawn[1] = -1, 1
    return drawn


def of_one(op: Op, shape: tuple[int, ...], held: Fixed = S8) -> Network:
    return Network.of("x", Tensor(shape, held), (Node("y", op, ("x",)),), "y")


def of_two(op: Op, shape: tuple[int, ...]) -> Network:
    """A fork: the second branch is on a coarser grid and unsigned."""
    coarse = Requantize(Fixed(5, 2, signed=False), Rounding.FLOOR, Overflow.SATURATE)
    nodes = (Node("coarse", coarse, ("x",)), Node("y", op, ("x", "coarse")))
    return Network.of("x", Tensor(shape, S8), nodes, "y")


def frames(network: Network, count: int = 24) -> Codes:
    """Extremes, a ramp over every code of the format, and random codes."""
    lo, hi = network.input.format.lo, network.input.format.hi
    drawn = np.random.default_rng(7).integers(lo, hi + 1, (count, *network.input.shape))
    drawn[0], drawn[1], drawn[2] = lo, hi, 0
    ramp = (np.arange(3 * network.input.size) * 7) % (hi - lo + 1) + lo
    drawn[3:6] = ramp.reshape(3, *network.input.shape)
    return drawn
