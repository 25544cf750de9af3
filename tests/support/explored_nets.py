"""Chains and residual blocks so small that all their folds can be tried."""

from __future__ import annotations

import numpy as np

from one_layer import S8, shift
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.ops.add import Add
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize

U4 = Fixed(4, 2, signed=False)


def quantized(name: str, x: str) -> Node:
    return Node(name, Requantize(U4, Rounding.FLOOR, Overflow.SATURATE), (x,))


def dense(rng: np.random.Generator, outputs: int, inputs: int) -> Dense:
    return Dense(shift((outputs, inputs), int(rng.integers(1, 3)), -2, 0, int(rng.integers(99))), Bias.none(outputs))


def conv(rng: np.random.Generator, outputs: int, inputs: int, side: int) -> Conv:
    weights = shift((outputs, side, side, inputs), int(rng.integers(1, 3)), -2, 0, int(rng.integers(99)))
    pad = (side // 2, side // 2)
    return Conv(weights, Bias.none(outputs), Window((side, side), (1, 1), pad, pad))


def chain(rng: np.random.Generator) -> Network:
    """Two layers of weights, what is between them and what is behind; the first may be large enough for block RAM."""
    inputs, middle, outputs = (int(rng.choice([2, 3, 4])) for _ in range(3))
    middle, inputs = (middle, inputs * 64) if rng.integers(3) else (6, inputs)  # 2 and 3 of 6 go by single lanes
    nodes = [Node("fc", dense(rng, middle, inputs), ("x",)), quantized("q", "fc"), Node("r", Relu(), ("q",))]
    nodes.append(Node("y", dense(rng, outputs, middle), ("r",)))
    return Network.of("x", Tensor((inputs,), S8), tuple(nodes), "y")


def residual(rng: np.random.Generator) -> Network:
    """A block with a shortcut, of the input itself or of a convolution's output."""
    channels, side = int(rng.choice([2, 3, 4])), int(rng.choice([2, 3, 4]))
    first = conv(rng, channels, channels, 1)
    nodes: list[Node] = [Node("stem", first, ("x",)), quantized("s", "stem")] if rng.integers(2) else []
    x = nodes[-1].name if nodes else "x"
    nodes += [Node("c", conv(rng, channels, channels, 1 if nodes else 3), (x,)), quantized("q", "c")]
    nodes += [Node("a", Add(), ("q", x)), Node("f", Flatten(in_stream_order=True), ("a",))]
    return Network.of("x", Tensor((side, side, channels), S8), tuple(nodes), "f")


def small(seed: int) -> Network:
    """Alternately a chain and a residual block."""
    return (chain, residual)[seed % 2](np.random.default_rng(seed))
