"""No other way to choose folds gets below the front, and all are counted as pipelines are."""

from __future__ import annotations

import numpy as np
import pytest

from counted_pipelines import between
from explored_nets import small
from fold_searches import NOTHING, Found, Searches
from nets import PLANS, network
from random_networks import random_network
from shiftwire.explore.sweep import Sweep
from shiftwire.ir.network import Network
from shiftwire.schedule.design import folded
from shiftwire.schedule.streaming import pipeline
from shiftwire_boards.catalog import load_board

EVALUATIONS = 600
HALVES = 40
NETS = {"LeNet": lambda: network(PLANS["LeNet"](), adder=False), "residual": lambda: small(7)}


@pytest.fixture(params=NETS)
def searches(request: pytest.FixtureRequest) -> Searches:
    return Searches(NETS[request.param](), HALVES)


def counted(net: Network, searches: Searches, seed: int) -> tuple[Found, Found]:
    """A random choice as the searches have it, and as the units of its pipeline."""
    chosen = searches._drawn(np.random.default_rng(seed))
    units = pipeline(net, {name: option.fold for name, option in chosen.items()})
    costs = [
        node.op.cost(net.sources(node), net.tensors[node.name], chosen[node.name].fold).at(chosen[node.name].bram36_lut)
        for node in net.nodes
    ]
    lut = sum(cost.lut for cost in costs) + between(units)
    cycles = max(instance.unit.iterations for instance in units.instances)
    return searches.evaluated(chosen), Found(cycles, lut, round(2 * sum(cost.bram36 for cost in costs)))


def test_searches_count_what_pipelines_are(searches: Searches) -> None:
    every = [counted(searches.network, searches, seed) for seed in range(40)]
    assert all(one in (other, NOTHING) for one, other in every) and sum(one == other for one, other in every) > 20


@pytest.mark.parametrize("seed", range(40))
def test_all_layers_are_counted_as_pipelines_are(seed: int) -> None:
    """Of every kind, in any order, with forks and joins; the front counts by the same tables."""
    net = random_network(seed)
    searches = Searches(net, HALVES, for_hls=False)
    for draw in range(4):
        one, other = counted(net, searches, draw)
        assert one == other
    for best in list(Sweep(searches.stages, 10**6, HALVES).front(is_flat=True))[:2]:
        design = folded(net, load_board("pynq-z2"), 10.0, {name: each.fold for name, each in best.options.items()})
        assert design.timing.interval == best.cycles
        assert searches.evaluated(best.options) == Found(best.cycles, best.lut, best.halves)


def test_the_front_is_at_least_as_good_as_every_search(searches: Searches) -> None:
    front = list(Sweep(searches.stages, 10**6, HALVES).front(is_flat=True))
    some = front[:: max(len(front) // 6, 1)]
    greedy = [searches.greedy(best.cycles)[0] for best in some]
    annealed = [searches.annealed(best.cycles, EVALUATIONS // len(some)) for best in some]
    for found in (*greedy, *annealed, *searches.random(EVALUATIONS)):
        if searches.fits(found):
            assert min(best.lut for best in front if best.cycles <= found.cycles) <= found.lut
    assert any(searches.fits(found) for found in greedy) and any(searches.fits(found) for found in annealed)
    assert min(best.cycles for best in front) <= min(found.cycles for found in greedy if searches.fits(found))
