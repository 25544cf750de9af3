"""One small network for every kernel and every way it can be set up; fixed, so that failures repeat."""

from __future__ import annotations

import numpy as np

from layer_cases import LAYER_CASES
from one_layer import S8, U1, U6, circulant, codes, factored, factored_adder, of_one, of_two, shift, signs
from pruned import blocks, pruned
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.ops.add import Add
from shiftwire.ops.affine import Affine
from shiftwire.ops.concat import Concat
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.moves import Pad
from shiftwire.ops.pool import AveragePool, MaxPool, SumPool
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Threshold
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.binary import Binary
from shiftwire.ops.weights.integer import Int


def two_widths() -> Network:
    """Two layers, whose folds may ask for a unit that narrows beats and for one that widens them."""
    finer = Requantize(Fixed(6, 2, signed=True), Rounding.FLOOR, Overflow.SATURATE)
    return Network.of("x", Tensor((3, 3, 6), S8), (Node("finer", finer, ("x",)), Node("y", Relu(), ("finer",))), "y")


def two_and_one(shape: tuple[int, ...]) -> Network:
    """Twice the channels, then once."""
    coarse = Requantize(Fixed(5, 2, signed=False), Rounding.FLOOR, Overflow.SATURATE)
    nodes = (
        Node("coarse", coarse, ("x",)),
        Node("both", Concat(), ("coarse", "x")),
        Node("y", Concat(), ("both", "x")),
    )
    return Network.of("x", Tensor(shape, S8), nodes, "y")


def single_layers() -> dict[str, Network]:
    """Networks by name; each ends in the layer that its name tells."""
    wide = Window((3, 2), (2, 1), (1, 0), (1, 1))
    line = Window((3,), (2,), (1,), (1,))
    square = Window((2, 2), (1, 2), (1, 0), (0, 1))
    point, far = Window((1, 1), (1, 1), (0, 0), (0, 0)), Window((1, 1), (4, 3), (0, 0), (0, 0))
    image = (6, 5, 4)
    cases = {
        "shift_dense": of_one(Dense(shift((5, 9), 2, -3, 2), Bias(codes((5,), -40, 40), 6)), (9,)),
        "shift_dense_fine_bias": of_one(Dense(shift((3, 4), 1, 0, 0), Bias(np.array([1, -3, 5]), 9)), (4,)),
        "shift_dense_four_terms": of_one(Dense(shift((4, 6), 4, -7, 0), Bias.none(4)), (6,), U6),
        "adder_dense": of_one(Dense(Adder(codes((6, 7), -150, 150), 4), Bias(codes((6,), -9, 9), 4)), (7,)),
        "adder_dense_narrow": of_one(Dense(Adder(codes((3, 5), 0, 1), 3), Bias.none(3)), (5,), U6),
        "int_dense": of_one(Dense(Int(codes((4, 6), -128, 127), 7), Bias(codes((4,), -99, 99), 3)), (6,)),
        "shift_conv": of_one(Conv(shift((6, 3, 2, 4), 2, -2, 3), Bias(codes((6,), -9, 9), 4), wide), image),
        "shift_conv_grouped": of_one(Conv(shift((4, 3, 2, 2), 1, -4, 0), Bias.none(4), wide, 2), image),
        "shift_conv_depthwise": of_one(
            Conv(shift((4, 3, 2, 1), 3, -1, 1), Bias(codes((4,), -9, 9), 4), wide, 4), image, U6
        ),
        "shift_conv_line": of_one(Conv(shift((3, 3, 2), 2, 0, 4), Bias.none(3), line), (7, 2)),
        "adder_conv": of_one(Conv(Adder(codes((5, 3, 2, 4), -140, 140), 4), Bias.none(5), wide), image),
        "adder_conv_depthwise": of_one(Conv(Adder(codes((4, 3, 2, 1), -90, 90), 4), Bias.none(4), wide, 4), image),
        "int_conv": of_one(Conv(Int(codes((3, 3, 2, 4), -8, 7), 3), Bias.none(3), wide), image),
        "binary_dense": of_one(Dense(Binary(signs((6, 14)), 0), Bias(codes((6,), -9, 9), 2)), (14,), U1),
        "binary_conv": of_one(Conv(Binary(signs((6, 3, 2, 4)), 1), Bias(codes((6,), -9, 9), 1), wide), image, U1),
        "binary_conv_grouped": of_one(Conv(Binary(signs((4, 3, 2, 2)), -1), Bias.none(4), wide, 2), image, U1),
        "binary_conv_depthwise": of_one(Conv(Binary(signs((4, 3, 2, 1)), 0), Bias.none(4), wide, 4), image, U1),
        "affine": of_one(Affine(shift((4,), 3, -5, 1).weights, Bias(codes((4,), -70, 70), 5)), image),
        "threshold": of_one(
            Threshold(np.sort(codes((4, 7), -130, 130), 1), codes((4,), -4, 4), np.array([1, -1, 2, 3]), 4, 1), image
        ),
        "sign": of_one(Threshold(np.zeros((9, 1), np.int64), np.full(9, -1), np.full(9, 2), 4, 0), (9,)),
        "relu": of_one(Relu(), image),
        "max_pool": of_one(MaxPool(square), image),
        "max_pool_line": of_one(MaxPool(line), (7, 2)),
        "average_pool": of_one(AveragePool(square), image),
        "sum_pool": of_one(SumPool(wide), image),
        "pad": of_one(Pad((1, 0), (0, 2)), image),
        "flatten": of_one(Flatten(), image),
        "shift_conv_pointwise": of_one(Conv(shift((4, 1, 1, 4), 3, -2, 0), Bias.none(4), point), image),
        "shift_conv_multiplied": of_one(Conv(shift((8, 3, 2, 1), 3, -1, 1), Bias.none(8), wide, 4), image, U6),
        "strides_beyond_the_kernel": of_one(Conv(shift((2, 1, 1, 4), 1, -2, 0), Bias.none(2), far), image),
        "add": of_two(Add(), image),
        "concat": of_two(Concat(), image),
    }
    for rounding in Rounding:
        for overflow in Overflow:
            name = f"requantize_{rounding.value}_{overflow.value}"
            cases[name] = of_one(Requantize(Fixed(4, 1, signed=True), rounding, overflow), (40,))
    cases["requantize_finer"] = of_one(
        Requantize(Fixed(6, 6, signed=False), Rounding.HALF_EVEN, Overflow.SATURATE), (40,)
    )
    cases["requantize_far"] = of_one(Requantize(Fixed(3, -9, signed=True), Rounding.FLOOR, Overflow.WRAP), (40,))
    counted = Threshold(np.sort(codes((4, 5), -130, 130), 1), np.full(4, -20), np.ones(4, np.int64), 4, 1)
    cases["threshold_counted"] = of_one(counted, image)
    cases["concat_unequal"] = two_and_one(image)
    parts = Window((4,), (3,), (1,), (2,))
    cases["max_pool_parts"] = of_one(MaxPool(parts), (10, 2))  # two of a window's four taps may leave at a time
    lanes = Threshold(np.sort(codes((12, 3), -130, 130), 1), codes((12,), -9, 9), codes((12,), -3, 3), 4, 1)
    cases["threshold_lanes"] = of_one(lanes, (3, 12))
    three = Window((3, 3), (1, 1), (1, 1), (1, 1))
    cases["factored_dense"] = of_one(Dense(factored((4, 7), 5), Bias(codes((4,), -90, 90), 5)), (7,))
    cases["factored_conv"] = of_one(Conv(factored((3, 3, 3, 4), 6), Bias(codes((3,), -90, 90), 6), three), image)
    cases["circulant_dense"] = of_one(Dense(circulant((2, 3), 3, (), 2), Bias(codes((6,), -90, 90), 5)), (9,))
    cases["circulant_conv"] = of_one(Conv(circulant((2, 1), 4, (3, 2), 1), Bias.none(8), wide), image, U6)
    cases["circulant_conv_grouped"] = of_one(Conv(circulant((4, 1), 2, (2, 2), 2), Bias.none(8), square, 2), image)
    of_all = np.tile(np.arange(3), 4)
    uneven, plain = shift((3, 3, 2, 1), 2, -2, 1), Int(codes((3, 3, 2, 1), -128, 127), 3)
    for name, weights in (("shift_conv_shared", uneven), ("int_conv_shared", plain)):  # by all groups of four channels
        bias = Bias(codes((3,), -90, 90)[of_all], 5)
        cases[name] = of_one(Conv(weights.with_rows(of_all), bias, wide, 4), image)
    cases["factored_adder_dense"] = of_one(Dense(factored_adder((4, 7), 4, 3), Bias.none(4)), (7,))
    cases["factored_adder_conv"] = of_one(Conv(factored_adder((3, 3, 3, 4), 4, 4), Bias.none(3), three), (5, 4, 4))
    for layer in LAYER_CASES:
        cases |= layer.networks
    return cases | pruned_layers()


def pruned_layers() -> dict[str, Network]:
    """Most of their weights are zeros in blocks, so that folds of them are left out."""
    stay = blocks((12, 16), (2, 4), 0.3, np.random.default_rng(3))
    stay[6:8] = False
    mixed = stay[np.random.default_rng(4).permutation(12)]
    two = shift((12, 16), 2, -2, 1)
    # in blocks whose filters have the second term elsewhere
    two.weights.sign[1] *= blocks((12, 16), (2, 8), 0.5, np.random.default_rng(5))
    wide = Window((3, 2), (2, 1), (1, 0), (1, 1))
    grouped = Conv(pruned(shift((8, 3, 2, 2), 1, 0, 0), blocks((8, 3, 2, 2), (1, 4), 0.3, np.random.default_rng(6))),
                   Bias.none(8), wide, 2)  # fmt: skip
    bias = Bias(codes((12,), -40, 40), 6)
    return {
        "shift_dense_pruned": of_one(Dense(pruned(shift((12, 16), 1, -3, 2), stay), bias), (16,)),
        "shift_dense_pruned_in_any_order": of_one(Dense(pruned(shift((12, 16), 1, -3, 2), mixed), bias), (16,)),
        "shift_dense_pruned_two_terms": of_one(Dense(pruned(two, stay), bias), (16,)),
        "int_dense_pruned": of_one(Dense(pruned(Int(codes((12, 16), -128, 127), 7), stay), bias), (16,)),
        "shift_conv_pruned_grouped": of_one(grouped, (6, 5, 4)),
    }
