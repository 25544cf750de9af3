"""Passes change the network, never a code."""

from dataclasses import replace

import numpy as np
import pytest

from one_layer import S8, codes, frames, of_one
from random_networks import random_codes, random_network
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.shift import Shift
from shiftwire.passes.clip_adder_weights import clip_adder_weights
from shiftwire.passes.compact_terms import compact_terms
from shiftwire.passes.drop_idle import drop_idle_requantize, drop_unread
from shiftwire.passes.pipeline import PIPELINE, run_pipeline


@pytest.mark.parametrize("apply", PIPELINE, ids=lambda apply: apply.__name__)
@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_a_pass_keeps_every_code(apply, seed: int) -> None:
    network = random_network(seed)
    given = random_codes(network, seed)
    before, after = network.evaluate_layers(given), apply(network).evaluate_layers(given)
    assert apply(network).output == network.output
    for name in set(after) & set(before):
        assert np.array_equal(after[name], before[name]), name
    assert len(set(after) & set(before)) > 1


def test_unread_layers_go() -> None:
    network = of_one(Relu(), (3,))
    wider = replace(network, nodes=(*network.nodes, Node("dead", Relu(), ("y",)), Node("deader", Relu(), ("dead",))))
    assert drop_unread(wider).nodes == network.nodes


def test_idle_quantizers_go_unless_they_are_the_output() -> None:
    same = Requantize(S8, Rounding.FLOOR, Overflow.SATURATE)
    nodes = (Node("q", same, ("x",)), Node("r", Relu(), ("q",)), Node("relu", Relu(), ("r",)))
    network = Network.of("x", of_one(Relu(), (3,)).input, nodes, "relu")
    assert [(node.name, node.inputs) for node in drop_idle_requantize(network).nodes] == [
        ("r", ("x",)),
        ("relu", ("r",)),
    ]
    assert len(drop_idle_requantize(of_one(same, (3,))).nodes) == 1


def test_gaps_between_terms_do_not_count() -> None:
    """A filter whose first gate is closed and second open has k = 1, not 2."""
    sign = np.zeros((3, 2, 2), np.int8)
    sign[1, 0], sign[0, 1, 0], sign[2, 1, 1] = 1, -1, 1
    network = of_one(Dense(Shift(ShiftWeights(sign, codes(sign.shape, -3, 2).astype(np.int8))), Bias.none(2)), (2,))
    dense = compact_terms(network).nodes[0].op
    assert isinstance(dense, Dense) and isinstance(dense.weights, Shift)
    assert dense.weights.weights.terms_per_filter.tolist() == [1, 1]
    assert dense.weights.weights.terms == 1
    assert run_pipeline(network).nodes[0].op.terms == 1.0


def test_adder_weights_are_clipped_to_what_the_input_can_be() -> None:
    """Unsigned six-bit inputs against weights to both sides: the identity holds for every code, at the ends too."""
    x = Fixed(6, 3, signed=False)
    rows = codes((5, 3, 4), -90, 150)
    conv = Conv(Adder(rows, 3), Bias(codes((5,), -9, 9), 4), Window((3,), (2,), (1,), (1,)))
    network = of_one(conv, (9, 4), x)
    after = clip_adder_weights(network)
    assert after.output == network.output
    given = frames(network)
    assert np.array_equal(after.evaluate(given), network.evaluate(given))
    clipped = after.nodes[0].op
    assert isinstance(clipped, Conv) and isinstance(clipped.weights, Adder)
    assert (clipped.weights.codes.min(), clipped.weights.codes.max()) == (0, 63)
    assert clipped.weight_bits < conv.weight_bits
