"""FIFOs of the C++ against their schedule in plain loops: pipelines spread evenly, none of which ever waits."""

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


def planned(units: Pipeline) -> tuple[dict[str, int], int, int]:
    """Depths, the iterations of the slowest unit, and its cycles in HLS.

    The pace is that of the slowest unit if each took twenty cycles from a read to a write, or more where it says so,
    and two to rest. All moments of a unit, its rest too, are spread evenly over that.
    """
    latency = {instance.name: max(instance.unit.hls_latency, 20) for instance in units.instances}
    cycles = {instance.name: instance.unit.nest.iterations + latency[instance.name] + 2 for instance in units.instances}
    interval = max(cycles.values())
    beats = units.fifos[units.input].port.beats
    latest = {units.input: [beat * interval // beats for beat in range(beats)]}
    soonest = {units.input: latest[units.input]}
    depths = {units.output: SHALLOWEST}
    for instance in units.instances:
        nest, of_unit = instance.unit.nest, cycles[instance.name]
        reads = {
            name: [moment * interval // of_unit for moment in use.first]
            for name, use in zip(instance.inputs, nest.reads, strict=True)
        }
        # the first start at which every beat was written the cycle before, or earlier
        start = max(latest[name][k] + 1 - at for name, read in reads.items() for k, at in enumerate(read))
        waiting = set(latest) - set(depths)
        for name, read in reads.items():
            leave = [at + start for at in read]
            if waiting == {name}:
                # what is behind follows whatever is in front, two places are for what rounding misses
                depths[name] = most(latest[name], leave, interval) + 2
            else:
                # a unit of one cycle's latency writes long before it must
                depths[name] = most(soonest[name], leave, interval)
        for name in instance.outputs:
            soonest[name] = [(moment + 1) * interval // of_unit + start for moment in nest.writes.last]
            latest[name] = [
                (moment + latency[instance.name]) * interval // of_unit + start for moment in nest.writes.last
            ]
    slowest = max(instance.unit.nest.iterations for instance in units.instances)
    in_hls = max(instance.unit.nest.iterations + instance.unit.hls_latency + 2 for instance in units.instances)
    return depths, slowest, in_hls


def check(units: Pipeline) -> None:
    times = timing(units)
    assert (dict(times.depths), times.interval, times.hls_interval) == planned(units)


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
