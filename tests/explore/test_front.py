"""The front of small networks, against every combination of folds and of places of memories, built one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from counted_pipelines import between
from explored_nets import small
from one_layer import S8, shift
from shiftwire.errors import InputError
from shiftwire.explore import sweep
from shiftwire.explore.front import Exploration, Objectives, Point
from shiftwire.ir.bias import Bias
from shiftwire.ir.cost import BRAM36_IN_LUT, SHELL_LUT, Cost, memory
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Op, Tensor
from shiftwire.ops.dense import Dense
from shiftwire.schedule.depths import interval
from shiftwire.schedule.streaming import pipeline
from shiftwire_boards.catalog import load_board

BOARD, CLOCK_NS = load_board("pynq-z2"), 10.0
HUGE = replace(BOARD, lut=10**6, bram36=1000)
SEEDS = range(20)
MOST = 10_000
"""Combinations that are built."""

PRICES = range(BRAM36_IN_LUT, 4000)
"""Of a BRAM36; at the highest all memories of these networks are in LUTs."""

Figures = tuple[int, int, float]
"""Cycles, LUTs and BRAM36."""


def places_of(op: Op, inputs: tuple[Tensor, ...], output: Tensor) -> dict[Fold, set[Cost]]:
    """What every fold takes where a BRAM36 is worth every number of LUTs."""
    costs = {fold: op.cost(inputs, output, fold) for fold in op.folds(inputs, output)}
    return {fold: {Cost(at.lut, at.bram36) for at in map(cost.at, PRICES)} for fold, cost in costs.items()}


def every(network: Network) -> Iterator[Figures]:
    """All folds of all layers as pipelines, then all places of their memories."""
    own = [places_of(node.op, network.sources(node), network.tensors[node.name]) for node in network.nodes]
    assert np.prod([len(each) for each in own]) < MOST
    for folds in product(*own):
        units = pipeline(network, {node.name: fold for node, fold in zip(network.nodes, folds, strict=True)})
        cycles, extra = max(instance.unit.iterations for instance in units.instances), between(units)
        for costs in product(*(each[fold] for each, fold in zip(own, folds, strict=True))):
            lut, blocks = sum(cost.lut for cost in costs), sum(cost.bram36 for cost in costs)
            yield cycles, lut + extra, blocks


def unbeaten(figures: set[Figures]) -> set[Figures]:
    """Those of which no other one has as little of everything."""
    return {
        one
        for one in figures
        if not any(other != one and all(a <= b for a, b in zip(other, one, strict=True)) for other in figures)
    }


def figures(points: list[Point]) -> list[Figures]:
    return [(point.cycles, point.cost.lut, point.cost.bram36) for point in points]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_front_is_that_of_all_combinations(seed: int) -> None:
    network = small(seed)
    possible = set(every(network))
    points = Exploration(network, HUGE, CLOCK_NS, Objectives.THREE, for_hls=False).points({})
    assert figures(points) == sorted(unbeaten(possible), key=lambda one: (one[0], one[2]))


def test_the_small_networks_ask_for_something() -> None:
    """Converters, forks, sums that narrow their beats, and memories that move: each decides somewhere."""
    fronts = [Exploration(small(seed), HUGE, CLOCK_NS, Objectives.THREE, for_hls=False).points({}) for seed in SEEDS]
    assert sum(len(points) > 3 for points in fronts) > 15
    assert sum(len({point.cost.bram36 for point in points}) > 1 for points in fronts) > 3
    assert sum(any(point.plan.memories for point in points) for points in fronts) > 3


@pytest.mark.parametrize(("seed", "lut", "bram36"), [(4, 700, 0.5), (16, 400, 1.0), (18, 520, 0.0), (3, 700, 0.0)])
def test_limits_hold(seed: int, lut: int, bram36: float) -> None:
    """The board's LUTs beside the shell, and block RAM that is asked for."""
    network, board = small(seed), replace(HUGE, lut=SHELL_LUT + lut)
    within = {one for one in every(network) if one[1] <= lut and one[2] <= bram36}
    points = Exploration(network, board, CLOCK_NS, Objectives.THREE, bram36, for_hls=False).points({})
    assert figures(points) == sorted(unbeaten(within), key=lambda one: (one[0], one[2]))
    assert unbeaten(within) < unbeaten(set(every(network)))
    two = Exploration(network, board, CLOCK_NS, Objectives.TWO, bram36, for_hls=False).points({})
    pairs = {(cycles, lut, 0.0) for cycles, lut, _ in within}
    assert [(cycles, lut, 0.0) for cycles, lut, _ in figures(two)] == sorted(unbeaten(pairs))
    assert set(figures(two)) <= set(figures(points))


def test_fixed_folds_stay() -> None:
    points = Exploration(small(0), HUGE, CLOCK_NS, Objectives.THREE, for_hls=False).points({"fc": Fold(1, 1)})
    assert points and all(point.plan.folds["fc"] == Fold(1, 1) for point in points)


@pytest.mark.parametrize("seed", [3, 6, 7])
def test_a_point_is_its_design(seed: int) -> None:
    """FIFOs are what a design takes beside what the front is exact in."""
    network = small(seed)
    for point in Exploration(network, HUGE, CLOCK_NS, Objectives.THREE, for_hls=False).points({}):
        design = point.plan.design(network, HUGE, CLOCK_NS)
        deep = ((depth, design.rtl.streams[name].width) for name, depth in design.rtl.depths.items() if depth > 1)
        assert point.fifos == sum((memory(depth, width) for depth, width in deep), Cost())
        assert point.total == design.resources and point.cycles == interval(design.rtl) == design.timing.interval
        in_block = sum(unit.module.set_up.get("ROM_BLOCK", 0) for unit in design.rtl.units)
        assert in_block == 0 or point.cost.bram36 > 0


def test_words_are_narrow_enough_for_hls() -> None:
    """Of 512 inputs of 8 bits at once; twice as many are too wide a beat."""
    fc = Dense(shift((2, 1024), 1, -2, 0), Bias.none(2))
    network = Network.of("x", Tensor((1024,), S8), (Node("fc", fc, ("x",)),), "fc")
    widest = {
        for_hls: max(
            point.plan.folds["fc"].simd for point in Exploration(network, HUGE, CLOCK_NS, for_hls=for_hls).points({})
        )
        for for_hls in (True, False)
    }
    assert widest == {True: 512, False: 1024}


def test_nothing_fits() -> None:
    board = replace(BOARD, lut=SHELL_LUT + 10)
    with pytest.raises(InputError, match="no fold fits TUL PYNQ-Z2: 10 LUT and 134 BRAM36 are there for layers"):
        Exploration(small(0), board, CLOCK_NS).points({})
    with pytest.raises(InputError, match="found a limit of 135 BRAM36, wanted 0 to 134, what TUL PYNQ-Z2 has beside"):
        Exploration(small(0), BOARD, CLOCK_NS, bram36=135).points({})


def test_a_converter_may_be_the_slowest() -> None:
    """Two lanes of six become three by way of single ones: layers of three and two cycles take six together."""
    fc, y = Dense(shift((6, 4), 1, -2, 0), Bias.none(6)), Dense(shift((4, 6), 1, -2, 0), Bias.none(4))
    network = Network.of("x", Tensor((4,), S8), (Node("fc", fc, ("x",)), Node("y", y, ("fc",))), "y")
    explored = Exploration(network, HUGE, CLOCK_NS, Objectives.THREE, for_hls=False)
    (point,) = explored.points({"fc": Fold(2, 4), "y": Fold(4, 3)})
    assert point.cycles == 6
    assert figures(explored.points({})) == sorted(unbeaten(set(every(network))))
    assert min(point.cycles for point in explored.points({"fc": Fold(2, 4)})) == 3


def test_too_many_tensors_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "MOST_CELLS", 30_000)
    sentence = (
        r"2 tensors wait at layer 'q' to be read, each in many lanes: .*; fix folds of layers around it by --fold"
    )
    with pytest.raises(InputError, match=sentence):
        Exploration(small(3), HUGE, CLOCK_NS, Objectives.THREE, for_hls=False).points({})
