"""The token simulation, against a walk cycle by cycle that counts beats and places, and against times by hand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from netlib import some_folds
from random_networks import random_network
from shiftwire.errors import CheckFailedError
from shiftwire.ir.fold import Port
from shiftwire.ir.module import Module
from shiftwire.ir.nest import Access, Nest, each_beat
from shiftwire.ir.rtl_network import Actor, RtlNetwork, RtlUnit, Stream
from shiftwire.numbers.fixed import Codes
from shiftwire.schedule import tokens
from shiftwire.schedule.lowering import rtl_network
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.tokens import delay, predicted_latency, simulate
from single_layers import single_layers

CASES = single_layers()
FRAMES = 3


def chain(*modules: Module, depths: tuple[int, ...], blocks: tuple[int, ...] = ()) -> RtlNetwork:
    """Modules one behind the other; stream k is the one in front of module k, and the last one is the output."""
    names = [f"s{at}" for at in range(len(modules) + 1)]
    units = tuple(
        RtlUnit(f"u{at}", module, (names[at],), (names[at + 1],), f"u{at}") for at, module in enumerate(modules)
    )
    streams = {name: Stream(name, 8, Port(4, 1)) for name in names}
    held = dict(zip(names[1:], depths, strict=True))
    in_block = frozenset(names[at] for at in blocks)
    return RtlNetwork("chain", (names[0],), (names[-1],), units, streams, held, in_block)


def beat(count: int = 4, stages: int = 0, *, is_buffer: bool = False) -> Module:
    """One beat in and one out in each iteration."""
    return Module("m", {}, each_beat(count), stages, is_buffer=is_buffer)


def reads_all_first(count: int) -> Module:
    """Reads all its beats before it writes the first."""
    every = np.arange(count)
    reads, writes = Access(every, every), Access(every + count, every + count)
    return Module("m", {}, Nest(2 * count, (reads,), writes), 0)


@dataclass
class Place:
    """A buffer in the walk: how many beats were asked a place for, and when each can be read and each place is free."""

    capacity: int
    taken: int = 0
    there: list[int] = field(default_factory=list)
    free: list[int] = field(default_factory=list)

    def has(self, beats: int, cycle: int) -> bool:
        return beats == 0 or (len(self.there) >= beats and self.there[beats - 1] <= cycle)

    def takes(self, beats: int, cycle: int) -> bool:
        wanted = self.taken + beats - self.capacity
        return beats == 0 or wanted <= 0 or (len(self.free) >= wanted and self.free[wanted - 1] <= cycle)


def count(iterations: Codes, at: int) -> int:
    """Beats of a frame that belong to one iteration."""
    return iterations.tolist().count(at)


class Walk:
    """All units at once, cycle by cycle: an iteration happens once its beats are there and its places are free."""

    def __init__(self, network: RtlNetwork, frames: int) -> None:
        self.network, self.frames = network, frames
        self.actors = [actor for unit in network.units for actor in unit.actors]
        held = {**network.depths, **network.line_buffers}
        self.places = {port.stream: Place(held[port.stream]) for actor in self.actors for port in actor.writes}
        self.times: dict[str, list[int]] = {actor.name: [] for actor in self.actors}

    def run(self) -> dict[str, list[int]]:
        """Cycle of every iteration of every actor."""
        for cycle in range(20_000):
            ready = [actor for actor in self.actors if self.is_ready(actor, cycle)]
            for actor in ready:
                self.move(actor, cycle)
            if all(len(self.times[actor.name]) == self.frames * actor.iterations for actor in self.actors):
                return self.times
        raise AssertionError("the network stands still")

    def is_ready(self, actor: Actor, cycle: int) -> bool:
        frame, at = divmod(len(self.times[actor.name]), actor.iterations)
        read = (
            self.places[port.stream].has(frame * len(port.pop) + int((port.need <= at).sum()), cycle)
            for port in actor.reads
            if port.stream in self.places and at in port.need
        )
        written = (self.places[port.stream].takes(count(port.reserve, at), cycle) for port in actor.writes)
        return frame < self.frames and all(read) and all(written)

    def move(self, actor: Actor, cycle: int) -> None:
        at = len(self.times[actor.name]) % actor.iterations
        self.times[actor.name].append(cycle)
        for reads in actor.reads:
            if reads.stream in self.places:
                self.places[reads.stream].free += [cycle + 1] * count(reads.pop, at)
        for writes in actor.writes:
            place, later = self.places[writes.stream], cycle + delay(self.network, actor, writes.stream)
            place.taken += count(writes.reserve, at)
            place.there += [later] * count(writes.emit, at)
            if writes.stream in self.network.outputs:
                place.free += [later + 1] * count(writes.emit, at)


def assert_walked(network: RtlNetwork, frames: int = FRAMES) -> None:
    found = simulate(network, frames)
    wanted = Walk(network, frames).run()
    assert set(found.cycles) == set(wanted)
    for name, cycles in wanted.items():
        assert found.cycles[name].ravel().tolist() == cycles, name


@pytest.mark.parametrize("name", ["shift_dense", "shift_conv", "adder_conv", "max_pool", "average_pool", "flatten"])
def test_a_layer(name: str) -> None:
    assert_walked(rtl_network(pipeline(CASES[name], some_folds(CASES[name], 1))))


@pytest.mark.parametrize("seed", [0, 8, 32])
def test_a_random_network(seed: int) -> None:
    network = random_network(seed)
    assert_walked(rtl_network(pipeline(network, some_folds(network, seed))), 2)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_shallow_buffers_make_units_wait(depth: int) -> None:
    slow = replace(beat(), nest=Nest(12, (Access(np.arange(4) * 3, np.arange(4) * 3 + 2),), each_beat(4).writes))
    assert_walked(chain(beat(stages=2), slow, depths=(depth, 4)))


def test_a_stride_ends_in_the_midst_of_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "STRIDE", 7)
    assert_walked(chain(beat(stages=3), reads_all_first(4), beat(), depths=(4, 2, 2)))


def test_times_by_hand() -> None:
    """A unit of two stages, one that reads a whole frame first, and a sink that takes each beat at once."""
    found = simulate(chain(beat(stages=2), reads_all_first(4), depths=(4, 2)), 2)
    assert found.cycles["u0"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert found.cycles["u1"].tolist() == [list(range(3, 11)), list(range(11, 19))]
    assert found.arrived("s1").tolist() == [[3, 4, 5, 6], [7, 8, 9, 10]]
    assert found.popped("s1").tolist() == [[3, 4, 5, 6], [11, 12, 13, 14]]
    assert found.left().tolist() == [[8, 9, 10, 11], [16, 17, 18, 19]]
    assert (found.latency, found.interval) == (12, 8)
    assert (found.most("s1"), found.most("s2")) == (4, 1)


@pytest.mark.parametrize(
    ("depth", "is_buffer", "blocks", "cycles"),
    [(2, False, (), 3), (2, False, (1,), 4), (1, False, (), 3), (1, True, (), 2), (2, True, (), 3), (1, True, (1,), 3)],
)
def test_a_beat_is_on_its_way(depth: int, is_buffer: bool, blocks: tuple[int, ...], cycles: int) -> None:
    """A cycle for each stage and one for the buffer, one more through block RAM; a lone beat stays in the unit."""
    network = chain(beat(stages=2, is_buffer=is_buffer), beat(), depths=(depth, 2), blocks=blocks)
    assert delay(network, network.units[0].actors[0], "s1") == cycles


def test_the_latency_of_a_lone_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    network = chain(beat(stages=2), reads_all_first(4), depths=(4, 2))
    assert predicted_latency(network) == 12
    monkeypatch.setattr(tokens, "MOST_ITERATIONS", 12)
    assert predicted_latency(network) == 12
    monkeypatch.setattr(tokens, "MOST_ITERATIONS", 11)
    assert predicted_latency(network) is None, "longer than a user waits"


def test_units_that_wait_for_each_other_are_an_error() -> None:
    """A fork whose one branch wants all beats before the join takes the first of the other, which has no room."""
    every: Codes = np.arange(4)
    fork = RtlUnit("fork", beat(), ("s0",), ("a", "b"), "fork")
    whole = RtlUnit("whole", reads_all_first(4), ("a",), ("c",), "whole")
    both = Module("m", {}, Nest(4, (Access(every, every), Access(every, every)), Access(every, every)), 0)
    join = RtlUnit("join", both, ("c", "b"), ("y",), "join")
    streams = {name: Stream(name, 8, Port(4, 1)) for name in ("s0", "a", "b", "c", "y")}
    deep = RtlNetwork("n", ("s0",), ("y",), (fork, whole, join), streams, {"a": 4, "b": 4, "c": 4, "y": 2})
    assert_walked(deep)
    with pytest.raises(CheckFailedError, match="a buffer is too shallow"):
        simulate(replace(deep, depths={**deep.depths, "b": 2}), 1)
