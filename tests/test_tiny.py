"""Start here: a network of two layers, made by hand, computed by hand."""

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.dense import Dense
from shiftwire.ops.relu import Relu
from shiftwire.ops.weights.shift import Shift


def tiny() -> Network:
    """y = relu(x0 / 2 - 2 * x1 + 3), x in steps of a quarter from -2 to 1.75."""
    weights = ShiftWeights(sign=np.array([[[1, -1]]], np.int8), exponent=np.array([[[-1, 1]]], np.int8))
    dense = Dense(Shift(weights), Bias(np.array([3]), frac=0))
    x = Tensor((2,), Fixed(bits=4, frac=2, signed=True))
    return Network.of("x", x, (Node("fc", dense, ("x",)), Node("y", Relu(), ("fc",))), "y")


def test_codes_are_integers_on_a_grid() -> None:
    network = tiny()
    codes = np.array([[7, 2], [-8, 7]])  # the values (1.75, 0.5) and (-2, 1.75)
    layers = network.evaluate_layers(codes)
    assert network.tensors["fc"].format == Fixed.parse("s7.3")  # an exponent of -1 makes the grid one bit finer
    assert layers["fc"].tolist() == [[23], [-12]]  # 2.875 and -1.5, in eighths
    assert layers["y"].tolist() == [[23], [0]]
    assert network.output.format.decode(layers["y"]).tolist() == [[2.875], [0.0]]


def test_widths_come_from_intervals() -> None:
    """The largest value is 1.75/2 + 2*2 + 3, the smallest -1 - 3.5 + 3: seven bits hold both in eighths."""
    fc = tiny().tensors["fc"].format
    assert (fc.lo <= -12) and (fc.hi >= 63)
    assert Fixed.covering(-12, 63, 3) == fc
