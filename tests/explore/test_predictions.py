"""Tables of predictions: many designs at once are each what they are alone, and what models say of their units."""

from __future__ import annotations

import numpy as np
import pytest

from shiftwire.costs.model import family_model, predicted
from shiftwire.explore.predictions import Predictions
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.ops.add import Add
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.schedule.design import folded
from shiftwire.schedule.lowering import rtl_network
from shiftwire_boards.catalog import load_board
from single_layers import single_layers

MODEL = family_model("xc7")

NEAR = 0.12
"""Of LUTs: tables know no buffers that times make deep."""


def behind(name: str) -> Network:
    """A layer, a rectifier and a narrower format, so that lanes differ between any two."""
    network = single_layers()[name]
    to = Requantize(Fixed(8, 4, signed=False), Rounding.HALF_UP, Overflow.SATURATE)
    last = network.output_name
    nodes = (*network.nodes, Node("kept", Relu(), (last,)), Node("narrow", to, ("kept",)))
    return Network.of(network.input_name, network.input, nodes, "narrow")


def branched() -> Network:
    """Two readers of one tensor."""
    nodes = (Node("kept", Relu(), ("x",)), Node("again", Relu(), ("kept",)), Node("both", Add(), ("kept", "again")))
    return Network.of("x", Tensor((4, 4, 8), Fixed(8, 4, signed=True)), nodes, "both")


NETWORKS = {
    "shift_conv": behind("shift_conv"),
    "adder_dense": behind("adder_dense"),
    "shift_conv_depthwise": behind("shift_conv_depthwise"),
    "branched": branched(),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_many_designs_are_each_what_they_are_alone(name: str) -> None:
    predictions = Predictions.of(NETWORKS[name], MODEL)
    picks = predictions.drawn(50, 1)
    many = predictions.designs(picks)
    for at in range(50):
        one = predictions.designs({layer: places[at : at + 1] for layer, places in picks.items()})
        assert (one.lut[0], one.bram36[0], one.dsp[0]) == (many.lut[at], many.bram36[at], many.dsp[at])
        assert one.cycles[0] == many.cycles[at]


@pytest.mark.parametrize("name", NETWORKS)
def test_they_are_what_models_say_of_the_units(name: str) -> None:
    network, board = NETWORKS[name], load_board("pynq-z2")
    predictions = Predictions.of(network, MODEL)
    picks = predictions.drawn(24, 2)
    figures = predictions.designs(picks)
    errors = []
    for at in range(24):
        folds = {layer: own[picks[layer][at]] for layer, own in predictions.folds.items()}
        design = folded(network, board, 10.0, folds)
        units = predicted(MODEL, rtl_network(design.pipeline)).whole.resources
        assert figures.cycles[at] == design.timing.interval
        assert figures.dsp[at] == units.dsp
        assert abs(figures.bram36[at] - units.bram36) <= 1
        errors.append(figures.lut[at] / units.lut - 1)
    assert np.abs(errors).mean() < NEAR or name == "branched"  # whose buffers beside the longer branch are most of it
