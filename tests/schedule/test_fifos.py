"""FIFOs of the C++ against their schedule in plain loops: units spread evenly, none of which ever waits."""

from __future__ import annotations

import pytest

from netlib import some_folds
from random_networks import random_network
from shiftwire.ir.pipeline import SHALLOWEST, Pipeline
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.timing import timing
from single_layers import single_layers

CASES = single_layers()


def most(written: list[int], read: list[int], interval: int) -> int:
    """Beats of all frames in a FIFO at once; a place is free the cycle after its read."""
    reach = (read[-1] - written[0]) // interval + 2
    deepest = SHALLOWEST
    for cycle in written:
        come = sum(time + frame * interval <= cycle for time in written for frame in range(-reach, reach + 1))
        left = sum(time + frame * interval < cycle for time in read for frame in range(-reach, reach + 1))
        deepest = max(deepest, come - left)
    return deepest


def planned(units: Pipeline) -> tuple[dict[str, int], int]:
    """Depths and the interval."""
    interval = max(instance.unit.nest.iterations for instance in units.instances)
    beats = units.fifos[units.input].port.beats
    written = {units.input: [beat * interval // beats for beat in range(beats)]}
    depths = {units.output: SHALLOWEST}
    for instance in units.instances:
        nest = instance.unit.nest
        even = [iteration * interval // nest.iterations for iteration in range(nest.iterations)]
        reads = {
            name: [even[iteration] for iteration in use.first]
            for name, use in zip(instance.inputs, nest.reads, strict=True)
        }
        # the first start at which every beat was written the cycle before, or earlier
        start = max(written[name][k] + 1 - at for name, read in reads.items() for k, at in enumerate(read))
        for name, read in reads.items():
            depths[name] = most(written[name], [at + start for at in read], interval)
        for name in instance.outputs:
            written[name] = [even[iteration] + start for iteration in nest.writes.last]
    return depths, interval


def check(units: Pipeline) -> None:
    times = timing(units)
    assert (dict(times.depths), times.interval) == planned(units)


@pytest.mark.parametrize("name", CASES)
def test_layers(name: str) -> None:
    units = pipeline(CASES[name], some_folds(CASES[name], 1))
    if units.instances:
        check(units)


@pytest.mark.parametrize("seed", [0, 2, 4, 6, 11, 17])
def test_networks(seed: int) -> None:
    network = random_network(seed)
    units = pipeline(network, some_folds(network, seed))
    if units.instances and max(instance.unit.iterations for instance in units.instances) < 400:
        check(units)
