"""FIFO depths of HLS designs, where units have latency: cycle by cycle, stalling and flushing, and with old depths."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pytest

from netlib import some_folds
from one_layer import shift
from random_networks import random_network
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.pipeline import SHALLOWEST, Instance, Pipeline
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.ops.add import Add
from shiftwire.ops.conv import Conv
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.schedule.design import Target, schedule
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.timing import HELD_LATENCY, timing
from shiftwire_boards.catalog import load_board
from stalls import REST, Style, run
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


@pytest.mark.parametrize("at", some(range(JOINS), 0, 1, 2))
def test_the_cycles_that_are_predicted(at: int) -> None:
    """A frame's, of stalling units of the latency that they state; never more for the first one."""
    seed, units = joined()[at]
    times, outcome = timing(units), run(units, stated, Style.STALLING, FRAMES)
    assert outcome.interval <= times.hls_interval == slowest(units, stated), seed
    assert outcome.ends[0] <= times.latency, seed


def residual(size: int = 8, channels: int = 4) -> Network:
    """A convolution beside a skip connection."""
    format = Fixed(6, 3, signed=False)
    back = Requantize(format, Rounding.FLOOR, Overflow.SATURATE)
    conv = Conv(
        shift((channels, 3, 3, channels), 1, -3, 0), Bias.none(channels), Window((3, 3), (1, 1), (1, 1), (1, 1))
    )
    nodes = (
        Node("first", back, ("x",)),
        Node("conv", conv, ("first",)),
        Node("relu", Relu(), ("conv",)),
        Node("back", back, ("relu",)),
        Node("y", Add(), ("back", "first")),
    )
    return Network.of("x", Tensor((size, size, channels), format), nodes, "y")


@pytest.mark.parametrize("fps", [None, 20_000.0])
def test_depths_of_units_without_latency_hang(fps: float | None) -> None:
    """What a schedule of loops alone gives: deep enough at one iteration a cycle, a deadlock behind real pipelines."""
    units = schedule(residual(), load_board("pynq-z2"), 10.0, Target(fps=fps)).pipeline
    assert run(units, stated, Style.STALLING).interval <= slowest(units, stated)
    of_loops = units.with_depths(depths_of_loops(units))
    assert run(of_loops, lambda _: 1, Style.STALLING).interval <= slowest(units, lambda _: 1)
    hung = run(of_loops, lambda i: {"window": 4, "mvu": 8}.get(i.unit.function, 3), Style.STALLING)
    assert hung.is_deadlock and any("first_fork" in name for name in hung.waiting)


def depths_of_loops(units: Pipeline) -> dict[str, int]:
    """Most beats in each FIFO where units spread a frame evenly over the interval and what they read leaves at once."""
    interval = max(instance.unit.iterations for instance in units.instances)
    beats = units.fifos[units.input].port.beats
    written, depths = {units.input: np.arange(beats) * interval // beats}, {units.output: SHALLOWEST}
    for instance in units.instances:
        nest = instance.unit.nest
        reads = [use.first * interval // nest.iterations for use in nest.reads]
        start = max(int((written[name] + 1 - at).max()) for name, at in zip(instance.inputs, reads, strict=True))
        for name, at in zip(instance.inputs, reads, strict=True):
            frames = [written[name] + frame * interval for frame in range(3)]
            gone = np.sort(np.concatenate([at + start + frame * interval for frame in range(-3, 6)]))
            came = np.sort(np.concatenate([written[name] + frame * interval for frame in range(-3, 6)]))
            held = [
                np.searchsorted(came, t, "right") - np.searchsorted(gone, t, "left") for t in np.concatenate(frames)
            ]
            depths[name] = max(int(max(held)), SHALLOWEST)
        written |= dict.fromkeys(instance.outputs, nest.writes.last * interval // nest.iterations + start)
    return depths
