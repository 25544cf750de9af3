"""A network of two convolutions of adders and one of shifts."""

from __future__ import annotations

from one_layer import codes, shift
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.ops.conv import Conv
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.weights.adder import Adder

S8 = Fixed(8, 4, signed=True)


def adder_network() -> Network:
    """Of 5x5 images of four channels."""
    near, point = Window((3, 3), (1, 1), (1, 1), (1, 1)), Window((1, 1), (1, 1), (0, 0), (0, 0))
    nodes = (
        Node("first", Conv(Adder(codes((8, 3, 3, 4), -100, 100), 4), Bias.none(8), near), ("x",)),
        Node("narrow", Requantize(S8, Rounding.HALF_UP, Overflow.SATURATE), ("first",)),
        Node("second", Conv(Adder(codes((4, 3, 3, 8), -100, 100), 4), Bias.none(4), near), ("narrow",)),
        Node("classes", Conv(shift((3, 1, 1, 4), 1, -3, 2), Bias.none(3), point), ("second",)),
    )
    return Network.of("x", Tensor((5, 5, 4), S8), nodes, "classes")
