"""Seeded random networks whose layers are mostly signs and weights of -1 and 1, with pads of either kind."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Op, Tensor
from shiftwire.ir.weights import Weights
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.affine import Affine
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.moves import Pad
from shiftwire.ops.pool import MaxPool
from shiftwire.ops.threshold import Threshold
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift

LEVELS = ((-1, 1), (-1, 1), (0, 1), (-2, 2), (3, 4))
"""What a Threshold gives: signs, bits, and other pairs a power of two apart."""


@dataclass
class Maker:
    """Grows one network; every choice comes from `rng`."""

    rng: np.random.Generator
    input: Tensor
    nodes: list[Node] = field(default_factory=list)

    @property
    def last(self) -> str:
        return self.nodes[-1].name if self.nodes else "x"

    @property
    def tensor(self) -> Tensor:
        return Network.of("x", self.input, tuple(self.nodes), self.last).output if self.nodes else self.input

    def add(self, *ops: Op) -> None:
        for op in ops:
            self.nodes.append(Node(f"n{len(self.nodes)}_{op.kind.lower()}", op, (self.last,)))

    def binarise(self) -> None:
        """Two levels, rising in some channels and falling in others; some channels never change."""
        rng, x = self.rng, self.tensor
        channels = x.shape[-1]
        lo, hi = LEVELS[rng.integers(len(LEVELS))]
        falls, several = rng.integers(0, 2, channels).astype(bool), int(rng.choice([1, hi - lo]))
        step = (hi - lo) // several
        middle = rng.integers(x.format.lo // 3, x.format.hi // 3 + 2, (channels, 1))
        steps = np.where(falls, -step, step)
        if rng.integers(3) == 0:
            steps[-1] = 0
        rows = np.repeat(middle, several, axis=1)
        self.add(Threshold(rows, np.where(falls, hi, lo), steps, x.format.frac, int(rng.integers(-1, 3))))

    def lowest(self) -> int:
        """The lower level of the Threshold before."""
        op = self.nodes[-1].op
        assert isinstance(op, Threshold)
        return int(min(op.base.min(), (op.base + op.step * op.thresholds.shape[1]).min()))

    def padded(self) -> None:
        """An image with the lower level around it, as the reader of Pad makes it."""
        x, code = self.tensor, self.lowest()
        begin, end = (tuple(int(n) for n in self.rng.integers(0, 2, 2)) for _ in range(2))
        self.add(plus(x, -code), Pad(begin, end), plus(x, code))

    def weights(self, shape: tuple[int, ...]) -> Weights:
        sign = (2 * self.rng.integers(0, 2, shape) - 1).astype(np.int8)
        exponent = int(self.rng.integers(-3, 3))
        if self.rng.integers(2):
            return Shift(ShiftWeights(sign[None], np.full((1, *shape), exponent, np.int8)))
        return Int(sign.astype(np.int64) << max(exponent, 0), 2)

    def bias(self, outputs: int) -> Bias:
        drawn = Bias(self.rng.integers(-9, 10, outputs), int(self.rng.integers(0, 4)))
        return drawn if self.rng.integers(2) else Bias.none(outputs)

    def conv(self) -> None:
        rng, (height, width, channels) = self.rng, self.tensor.shape
        kernel = tuple(min(int(k), n) for k, n in zip(rng.integers(1, 4, 2), (height, width), strict=True))
        groups = channels if rng.integers(4) == 0 else 1
        filters = int(rng.integers(2, 10)) if groups == 1 else channels
        pads = tuple(int(rng.integers(0, k)) if rng.integers(3) == 0 else 0 for k in kernel)
        window = Window(kernel, (1, int(rng.integers(1, 3))), pads, pads)
        self.add(Conv(self.weights((filters, *kernel, channels // groups)), self.bias(filters), window, groups))

    def dense(self) -> None:
        outputs = int(self.rng.integers(2, 12))
        self.add(Dense(self.weights((outputs, self.tensor.size)), self.bias(outputs)))


def plus(x: Tensor, code: int) -> Affine:
    one = np.ones((1, x.shape[-1]), np.int8)
    return Affine(ShiftWeights(one, np.zeros_like(one)), Bias(np.full(x.shape[-1], code), x.format.frac))


def random_binary(seed: int) -> Network:
    """Two convolutions with what stands between them, and two dense layers; the last one often behind a Threshold."""
    rng = np.random.default_rng(seed)
    maker = Maker(rng, Tensor((int(rng.integers(4, 7)), int(rng.integers(4, 7)), int(rng.integers(1, 7))), IMAGE))
    maker.binarise()
    for _ in range(2):
        if rng.integers(2):
            maker.padded()
        maker.conv()
        maker.binarise()
    if min(maker.tensor.shape[:2]) > 1 and rng.integers(2):
        maker.add(MaxPool(Window((2, 2), (1, 2), (0, 0), (0, 0))))
    maker.add(Flatten())
    maker.dense()
    if rng.integers(2):
        maker.binarise()
        maker.dense()
    return Network.of("x", maker.input, tuple(maker.nodes), maker.last)


IMAGE = Fixed(5, 2, signed=True)
