"""FIFO depths of HLS designs, where units have latency: cycle by cycle, stalling and flushing, and with old depths."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pytest

from netlib import some_folds
from random_networks import random_network
from shiftwire.ir.pipeline import Instance, Pipeline
from shiftwire.schedule.design import Target, schedule
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.timing import HELD_LATENCY, timing
from shiftwire_boards.catalog import load_board
from stalls import REST, Style, depths_of_loops, residual, run
from stalls_side_by_side import run_side_by_side
from tiers import some

FRAMES = 6
"""The first few still fill the FIFOs."""

JOINS = 60
Latency = Callable[[Instance], int]


def stated(instance: Instance) -> int:
    return instance.unit.hls_latency


def latencies(units: Pipeline, seed: int) -> Iterator[Latency]:
    """The least, the most, what units state, one for all, and one for each."""
    yield from (lambda _: 1, lambda _: HELD_LATENCY, stated)
    yield lambda _, one=2 + seed % (HELD_LATENCY - 2): one  # type: ignore[misc]
    drawn = random.Random(seed)
    each = {instance.name: drawn.randint(1, HELD_LATENCY) for instance in units.instances}
    yield lambda instance: each[instance.name]


def slowest(units: Pipeline, latency: Latency) -> int:
    """Cycles of a frame of the unit that takes the most."""
    return max(instance.unit.iterations + latency(instance) + REST for instance in units.instances)


@cache
def joined() -> tuple[tuple[int, Pipeline], ...]:
    """Random networks in which ways meet again, by seed, on FIFOs of their depth."""
    found: list[tuple[int, Pipeline]] = []
    seed = 0
    while len(found) < JOINS:
        network = random_network(seed)
        units = pipeline(network, some_folds(network, seed))
        if any(len(instance.inputs) > 1 for instance in units.instances):
            found.append((seed, units.with_depths(timing(units).depths)))
        seed += 1
    return tuple(found)


@pytest.mark.parametrize("at", some(range(JOINS), *range(12)))
def test_no_deadlock_and_the_pace_of_the_slowest(at: int) -> None:
    seed, units = joined()[at]
    for latency in latencies(units, seed):
        for style in Style:
            outcome = run(units, latency, style, FRAMES)
            assert not outcome.is_deadlock, (seed, style, outcome.waiting)
            assert outcome.interval <= slowest(units, latency), (seed, style)


@pytest.mark.parametrize("at", some(range(JOINS), 0, 1, 2, 3))
@pytest.mark.parametrize("is_deep", [True, False])
def test_runs_side_by_side_are_those_one_by_one(at: int, is_deep: bool) -> None:
    """On depths that hold and on those of loops alone, of which some hang."""
    seed, units = joined()[at]
    units = units if is_deep else units.with_depths(depths_of_loops(units))
    cases = [(latency, style) for latency in latencies(units, seed) for style in Style]
    rows = np.array([[latency(instance) for instance in units.instances] for latency, _ in cases])
    together = run_side_by_side(units, rows, [style for _, style in cases], FRAMES)
    for made, (latency, style) in zip(together, cases, strict=True):
        alone = run(units, latency, style, FRAMES)
        assert (made.ends, made.waiting) == (alone.ends, alone.waiting)


@pytest.mark.parametrize("at", some(range(JOINS), 0, 1, 2))
def test_the_cycles_that_are_predicted(at: int) -> None:
    """A frame's, of stalling units of the latency that they state; never more for the first one."""
    seed, units = joined()[at]
    times, outcome = timing(units), run(units, stated, Style.STALLING, FRAMES)
    assert outcome.interval <= times.hls_interval == slowest(units, stated), seed
    assert outcome.ends[0] <= times.latency, seed


@pytest.mark.parametrize("fps", [None, 20_000.0])
def test_depths_of_units_without_latency_hang(fps: float | None) -> None:
    """What a schedule of loops alone gives: deep enough at one iteration a cycle, a deadlock behind real pipelines."""
    units = schedule(residual(), load_board("pynq-z2"), 10.0, Target(fps=fps)).pipeline
    assert run(units, stated, Style.STALLING).interval <= slowest(units, stated)
    of_loops = units.with_depths(depths_of_loops(units))
    assert run(of_loops, lambda _: 1, Style.STALLING).interval <= slowest(units, lambda _: 1)
    hung = run(of_loops, lambda i: {"window": 4, "mvu": 8}.get(i.unit.function, 3), Style.STALLING)
    assert hung.is_deadlock and any("first_fork" in name for name in hung.waiting)
