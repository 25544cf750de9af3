"""Networks that a user might bring, in small, and what a folder holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from one_layer import shift
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.add import Add
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.relu import Relu
from shiftwire.ops.weights.integer import Int
from single_layers import single_layers

CASES = single_layers()


def conv_net() -> Network:
    """A window, sums and a bias, then an activation."""
    alone = single_layers()["shift_conv"]
    return Network.of(
        "x", alone.input, (Node("conv", alone.nodes[0].op, ("x",)), Node("relu", Relu(), ("conv",))), "relu"
    )


def small_net() -> Network:
    """A convolution and a classifier: what a user brings, in small."""
    convolution = CASES["shift_conv"].nodes[0].op
    flat = CASES["shift_conv"].output.size
    rng = np.random.default_rng(3)
    nodes = (
        Node("conv", convolution, ("x",)),
        Node("relu", Relu(), ("conv",)),
        Node("flat", Flatten(), ("relu",)),
        Node("logits", Dense(Int(rng.integers(-3, 4, (3, flat)), 2), Bias.none(3)), ("flat",)),
    )
    return Network.of("x", Tensor((6, 5, 4), Fixed.parse("s8.4")), nodes, "logits")


def residual_net() -> Network:
    """x + conv(x), the smallest network whose branches have different delays."""
    same = Window((3, 3), (1, 1), (1, 1), (1, 1))
    conv = Conv(shift((4, 3, 3, 4), 2, -3, 0), Bias.none(4), same)
    nodes = (Node("conv", conv, ("x",)), Node("sum", Add(), ("x", "conv")))
    return Network.of("x", Tensor((8, 8, 4), Fixed(8, 4, signed=True)), nodes, "sum")


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
