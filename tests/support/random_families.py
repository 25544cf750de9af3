"""Seeded random networks that mix every weight scheme: each layer is of another family than the one before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import random_binary
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Tensor
from shiftwire.ir.weights import Weights
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.numbers.smart_exchange import Theta, decompose
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Threshold
from shiftwire.ops.upsample import Upsample
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.binary import Binary
from shiftwire.ops.weights.circulant import Circulant
from shiftwire.ops.weights.factored import Factored
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift

CODES = Fixed(6, 3, signed=True)
"""Between layers."""
SIDES = (4, 8)
"""Channels: whole blocks of two and of four."""
POINT = Window((1, 1), (1, 1), (0, 0), (0, 0))


class Maker(random_binary.Maker):
    """Grows one network; every choice comes from `rng`."""

    def narrow(self) -> None:
        """Six bits near the top of what the tensor has."""
        x = self.tensor.format
        to = Fixed(6, x.frac - max(x.bits - 6 - int(self.rng.integers(0, 3)), 0), signed=x.signed)
        self.add(Requantize(to, Rounding.HALF_EVEN, Overflow.SATURATE))

    def window(self) -> Window:
        """3x3 as a rule, and what else an image allows."""
        height, width, _ = self.tensor.shape
        kernel = (3, 3) if min(height, width) > 2 and self.rng.integers(3) else (1, 1)
        pad = int(self.rng.integers(0, 2)) if kernel == (3, 3) and min(height, width) > 3 else kernel[0] // 2
        return Window(kernel, (1, int(self.rng.integers(1, 3))), (pad, pad), (pad, pad))

    def bias(self, outputs: int) -> Bias:
        drawn = Bias(self.rng.integers(-99, 100, outputs), int(self.rng.integers(0, 6)))
        return drawn if self.rng.integers(2) else Bias.none(outputs)

    def conv(self, weights: Callable[[tuple[int, ...]], Weights], filters: int, has_bias: bool = True) -> None:
        """A convolution of weights drawn for (out, kernel..., channels)."""
        window = self.window()
        drawn = weights((filters, *window.kernel, self.tensor.shape[-1]))
        self.add(Conv(drawn, self.bias(filters) if has_bias else Bias.none(filters), window))


def shifts(rng: np.random.Generator, shape: tuple[int, ...], terms: int = 0) -> ShiftWeights:
    terms = terms or int(rng.integers(1, 4))
    sign = rng.integers(-1, 2, (terms, *shape)).astype(np.int8)
    return ShiftWeights(sign, rng.integers(-3, 2, sign.shape).astype(np.int8))


def _shift(maker: Maker) -> None:
    maker.conv(lambda shape: Shift(shifts(maker.rng, shape)), int(maker.rng.choice(SIDES)))


def _pruned(maker: Maker) -> None:
    """Most channels of most filters are 0."""
    rng = maker.rng

    def weights(shape: tuple[int, ...]) -> Weights:
        keep = rng.random((shape[0] // 2, 1, 1, shape[-1])) < 0.3
        if rng.integers(2):
            return Int(rng.integers(-9, 10, shape) * np.repeat(keep, 2, axis=0), 3)
        drawn = shifts(rng, shape)
        return Shift(ShiftWeights(drawn.sign * np.repeat(keep, 2, axis=0).astype(np.int8), drawn.exponent))

    maker.conv(weights, int(rng.choice(SIDES)))


def _adder(maker: Maker) -> None:
    rng, x = maker.rng, maker.tensor.format
    maker.conv(lambda shape: Adder(rng.integers(x.lo - 2, x.hi + 3, shape), x.frac), int(rng.choice(SIDES)), False)


def _int(maker: Maker) -> None:
    maker.conv(lambda shape: Int(maker.rng.integers(-8, 8, shape), 3), int(maker.rng.choice(SIDES)))


def _factored(maker: Maker) -> None:
    rng = maker.rng

    def weights(shape: tuple[int, ...]) -> Weights:
        wanted = np.moveaxis(rng.normal(0, 0.3, shape), -1, 1)
        return Factored.of(decompose(wanted, Theta(2e-2)), wanted.shape[1:]).with_moved(0, -1)

    maker.conv(weights, int(rng.choice(SIDES)))


def _circulant(maker: Maker) -> None:
    rng, filters = maker.rng, int(maker.rng.choice(SIDES))
    block = int(rng.choice([2, 4]))

    def weights(shape: tuple[int, ...]) -> Weights:
        out, *kernel, channels = shape
        vectors = shifts(rng, (out // block, channels // block, block, *kernel))
        return Circulant.of(vectors).with_moved(0, -1)

    maker.conv(weights, filters)


def _escalate(maker: Maker) -> None:
    """The same bases on every channel, and ternary sums of what they make."""
    rng, channels = maker.rng, maker.tensor.shape[-1]
    bases, filters, window = int(rng.integers(2, 4)), int(rng.choice(SIDES)), maker.window()
    own = rng.integers(-99, 100, (bases, *window.kernel, 1))
    maker.add(Conv(Int(np.tile(own, (channels, 1, 1, 1)), 6), Bias.none(bases * channels), window, channels))
    sign = rng.integers(-1, 2, (1, filters, 1, 1, bases * channels)).astype(np.int8)
    maker.add(Conv(Shift(ShiftWeights(sign, np.zeros_like(sign))), maker.bias(filters), POINT))


def _binary(maker: Maker) -> None:
    """Bits by a threshold a channel, then weights of -1 and 1."""
    rng, x = maker.rng, maker.tensor
    rows = rng.integers(x.format.lo // 3, x.format.hi // 3 + 2, (x.shape[-1], 1))
    ones = np.ones(x.shape[-1], np.int64)
    maker.add(Threshold(rows, 0 * ones, ones, x.format.frac, 0))
    maker.conv(lambda shape: Binary(2 * rng.integers(0, 2, shape) - 1, 1), int(rng.choice(SIDES)))


def _pooled(maker: Maker) -> None:
    """A convolution at every other place, and what stands between: copies, and means of two and of four."""
    filters = int(maker.rng.choice(SIDES))
    maker.add(Conv(Shift(shifts(maker.rng, (filters, 3, 3, maker.tensor.shape[-1]), 1)), maker.bias(filters),
                   Window((3, 3), (2, 2), (1, 1), (1, 1))), Relu())  # fmt: skip
    maker.narrow()
    quarter = np.ones((1, filters, 2, 2, 1), np.int8)
    mean = Conv(Shift(ShiftWeights(quarter, np.full_like(quarter, -2))), Bias.none(filters),
                Window((2, 2), (1, 1), (0, 0), (0, 0)), filters)  # fmt: skip
    maker.add(Upsample((2, 2), (0, 0), (1, 1)), mean)


FAMILIES: tuple[Callable[[Maker], None], ...] = (
    _shift, _pruned, _adder, _int, _factored, _circulant, _escalate, _binary, _pooled,
)  # fmt: skip


def random_families(seed: int) -> Network:
    """Three layers of three families on an image, and a dense layer of a fourth kind of weights behind them."""
    rng = np.random.default_rng((seed, len(FAMILIES)))
    maker = Maker(rng, Tensor((int(rng.integers(4, 7)), int(rng.integers(4, 7)), int(rng.choice(SIDES))), CODES))
    for at in rng.permutation(len(FAMILIES))[:3]:
        FAMILIES[at](maker)
        maker.narrow()
    maker.add(Flatten())
    inputs = maker.tensor.size
    match int(rng.integers(3)):
        case 0:
            weights: Weights = Circulant.of(shifts(rng, (2, inputs // 4, 4))) if inputs % 4 == 0 else Int(
                rng.integers(-8, 8, (8, inputs)), 2)  # fmt: skip
        case 1:
            weights = Factored.of(decompose(rng.normal(0, 0.3, (5, inputs)), Theta(2e-2)), (inputs,))
        case _:
            weights = Shift(shifts(rng, (6, inputs)))
    maker.add(Dense(weights, maker.bias(weights.shape[0])))
    return Network.of("x", maker.input, tuple(maker.nodes), maker.last)
