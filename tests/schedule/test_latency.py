"""The latency that a design foresees, against a walk through its loops cycle by cycle and against sums by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from netlib import some_folds
from one_layer import S8, of_one, shift
from random_networks import random_network
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.pipeline import Pipeline
from shiftwire.ops.dense import Dense
from shiftwire.ops.relu import Relu
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.timing import timing
from single_layers import single_layers

CASES = single_layers()


def walked(units: Pipeline) -> int:
    """Cycles of a lone frame: each unit does an iteration a cycle, unless a beat that it reads is not there yet.

    A unit stalls as a whole: what its iteration i writes leaves as iteration i + latency begins, or so much later by
    itself where there is none. A beat is there from the cycle behind the one that wrote it; no FIFO is ever full.
    """
    beats = units.fifos[units.input].port.beats
    there = dict.fromkeys(units.fifos, 0)
    moved = dict.fromkeys((instance.name for instance in units.instances), 0)
    for cycle in range(100_000):
        written = [units.input] if cycle < beats else []
        for instance in units.instances:
            nest, at = instance.unit.nest, moved[instance.name]
            needs = [int(np.searchsorted(use.first, at, side="right")) for use in nest.reads]
            if all(there[name] >= need for name, need in zip(instance.inputs, needs, strict=True)):
                moved[instance.name] += 1
                written += instance.outputs if at - instance.unit.hls_latency in nest.writes.last else ()
        for name in written:
            there[name] += 1
        if there[units.output] == units.fifos[units.output].port.beats:
            return cycle + 1
    raise AssertionError("the design stands still")


@pytest.mark.parametrize("name", CASES)
def test_a_layer(name: str) -> None:
    network = CASES[name]
    units = pipeline(network, some_folds(network, 3))
    if units.instances:
        assert timing(units).latency == walked(units)


# 8 and 32 pad before their first beat
@pytest.mark.parametrize("seed", (0, 1, 2, 3, 4, 5, 6, 7, 8, 32))
def test_a_network(seed: int) -> None:
    network = random_network(seed)
    units = pipeline(network, some_folds(network, seed))
    if units.instances:
        assert timing(units).latency == walked(units)


@pytest.mark.parametrize("relus", [1, 2, 5])
def test_each_unit_of_beats_adds_its_latency(relus: int) -> None:
    """12 beats come in cycles 0 to 11. A unit reads each the cycle after and writes it 3 + 1 later: 5 for each unit."""
    names = ["x", *(f"r{at}" for at in range(relus))]
    nodes = tuple(Node(name, Relu(), (before,)) for before, name in pairwise(names))
    network = Network.of("x", Tensor((2, 2, 6), S8), nodes, names[-1])
    units = pipeline(network, {node.name: Fold(2) for node in nodes})
    assert timing(units).latency == 12 + 5 * relus


def test_sums_wait_for_their_last_beat() -> None:
    """One output a time over all inputs at once: 4 codes a beat, 3 beats, 5 outputs of one term.

    The first output reads beats 0 to 2 in cycles 1 to 3, the other four take 3 cycles each, up to cycle 15. The last
    one leaves 3 + 2 + 2 + 2 + 1 + 3 cycles later: a port, a word, a tap, a tree of four, the sum before, and the rest.
    """
    weights = shift((5, 12), 1, -1, 0)
    weights.weights.sign[:] = 1
    network = of_one(Dense(weights, Bias.none(5)), (12,))
    times = timing(pipeline(network, {"y": Fold(1, 4)}))
    assert (times.interval, times.hls_interval, times.latency) == (15, 15 + 13 + 2, 15 + 13 + 1)
