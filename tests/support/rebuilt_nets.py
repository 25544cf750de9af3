"""Networks of one layer whose weights may be rebuilt, and all folds that do so."""

from __future__ import annotations

import numpy as np

from one_layer import U6, codes, factored, factored_adder, of_one
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network
from shiftwire.ir.window import Window
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense

SAME = Window((3, 3), (1, 1), (1, 1), (1, 1))
HALF = Window((3, 3), (2, 2), (1, 1), (1, 1))
POINT = Window((1, 1), (1, 1), (0, 0), (0, 0))


def rebuilt_nets() -> dict[str, Network]:
    """By name; images whose rows 1, 2, 4 and 8 positions divide, several matrices a filter, rows that are not whole."""
    return {
        "dense": of_one(Dense(factored((4, 7), 5), Bias(codes((4,), -90, 90), 5)), (7,)),
        "conv": of_one(Conv(factored((6, 3, 3, 4), 6), Bias(codes((6,), -90, 90), 6), SAME), (3, 8, 4)),
        "conv_strided": of_one(Conv(factored((3, 3, 3, 2), 7), Bias.none(3), HALF), (5, 8, 2), U6),
        "pointwise": of_one(Conv(factored((4, 1, 1, 9), 8), Bias.none(4), POINT), (2, 4, 9)),
        "adder_dense": of_one(Dense(factored_adder((6, 8), 4, 1), Bias(codes((6,), -9, 9), 4)), (8,)),
        "adder_conv": of_one(Conv(factored_adder((6, 3, 3, 4), 4, 2), Bias.none(6), SAME), (3, 8, 4)),
        "adder_conv_unsigned": of_one(Conv(factored_adder((4, 3, 3, 2), 3, 3), Bias.none(4), HALF), (5, 8, 2), U6),
        "pieces": of_one(Conv(factored((2, 3, 3, 128), 9), Bias.none(2), SAME), (1, 2, 128), U6),
    }


def rebuilt_folds(network: Network) -> list[Fold]:
    """Every fold of its layer whose weights are rebuilt."""
    (node,) = network.nodes
    return [fold for fold in node.op.folds(network.sources(node), network.output) if fold.turns]


def some_rebuilt(network: Network, count: int, seed: int = 0) -> list[Fold]:
    """So many of them, those of most and of fewest turns first."""
    folds = rebuilt_folds(network)
    ends = [max(folds, key=lambda f: (f.turns, f.simd, f.pe)), min(folds, key=lambda f: (f.turns, f.simd, f.pe))]
    drawn = np.random.default_rng(seed).permutation(len(folds))
    return (ends + [folds[at] for at in drawn])[:count]
