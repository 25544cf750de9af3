"""The token simulation against a walk cycle by cycle, in which every actor looks at its beats and places anew."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from netlib import some_folds
from random_networks import random_network
from shiftwire.errors import CheckFailedError
from shiftwire.ir.fold import Port
from shiftwire.ir.module import LineBuffer, Module
from shiftwire.ir.nest import Access, Nest, at, each_beat, every, joining, packets, repeating, splitting
from shiftwire.ir.rtl_network import Actor, Reads, RtlNetwork, RtlUnit, Stream, Writes
from shiftwire.schedule.depths import interval
from shiftwire.schedule.lowering import rtl_network
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.tokens import MOST_ITERATIONS, NEVER, capacity, delay, predicted_latency, simulate
from single_layers import single_layers

CASES = single_layers()


def chain(nests: list[Nest], depths: list[int], stages: int = 0, blocks: tuple[str, ...] = ()) -> RtlNetwork:
    """Units one behind the other on the streams s0, s1, ..., of which the first is the input."""
    units = [
        RtlUnit(f"u{n}", Module("m", {}, nest, stages), (f"s{n}",), (f"s{n + 1}",), f"u{n}")
        for n, nest in enumerate(nests)
    ]
    beats = [len(nests[0].reads[0].last), *(len(nest.writes.last) for nest in nests)]
    streams = {f"s{n}": Stream(f"s{n}", 8, Port(1, count)) for n, count in enumerate(beats)}
    deep = {f"s{n + 1}": depth for n, depth in enumerate(depths)}
    return RtlNetwork("net", ("s0",), (f"s{len(nests)}",), tuple(units), streams, deep, frozenset(blocks))


def diamond(short: int, long: int) -> RtlNetwork:
    """A fork, of whose branches one goes through two packets of 4 beats and the other straight to a join."""
    fork = RtlUnit("fork", Module("m", {}, each_beat(8)), ("x",), ("a", "b"), "fork")
    slow = RtlUnit("slow", Module("m", {}, packets(2, 4), 1), ("a",), ("c",), "slow")
    join = RtlUnit("join", Module("m", {}, each_beat(8, 2)), ("c", "b"), ("y",), "join")
    streams = {name: Stream(name, 8, Port(1, 8)) for name in "xabcy"}
    return RtlNetwork("net", ("x",), ("y",), (fork, slow, join), streams, {"a": 2, "b": long, "c": short, "y": 2})


def window(rows: int) -> RtlNetwork:
    """5 rows of 3 beats come in; each of 3 windows of 4 beats wants three of them, then lets one go."""
    beats = every(15)
    storing = Nest(15, (at(beats),), Access(beats[::3], beats[2::3]))
    giving = Nest(12, (Access(np.array([0, 0, 0, 4, 8]), np.array([3, 7, 11, 11, 11])),), at(every(12)))
    module = Module("m", {}, giving, 2, line_buffer=LineBuffer(4, 3, 8, storing))
    unit = RtlUnit("w", module, ("x",), ("y",), "w")
    streams = {"x": Stream("x", 8, Port(1, 15)), "y": Stream("y", 8, Port(1, 12))}
    return RtlNetwork("net", ("x",), ("y",), (unit,), streams, {"y": 3}, line_buffers={"w_ring": rows})


TOYS = {
    "one": chain([each_beat(5)], [2]),
    "one of depth 1": chain([each_beat(5)], [1]),
    "two": chain([each_beat(6), joining(2, 3)], [1, 1], stages=1),
    "split, then joined": chain([splitting(3, 4), joining(4, 3)], [2, 3]),
    "late stages": chain([each_beat(4), repeating(4, 3), each_beat(4)], [2, 2, 1], stages=4),
    "in blocks": chain([each_beat(4), repeating(4, 2), each_beat(4)], [3, 2, 2], blocks=("s1", "s3")),
    "packets": chain([packets(3, 2), each_beat(6)], [2, 2], stages=2),
    "slow reader": chain([each_beat(6), repeating(6, 5)], [3, 1]),
    "slow writer": chain([repeating(6, 5), each_beat(6)], [3, 1]),
    "diamond": diamond(2, 9),
    "shallow diamond": diamond(3, 6),
    "window": window(5),
    "short window": window(3),
}


def delay_by_hand(network: RtlNetwork, actor: Actor, stream: str) -> int:
    cycles = actor.stages + 1
    if stream in network.blocks:
        cycles += 1
    if actor.is_buffer and network.depths.get(stream) == 1:
        cycles -= 1
    return cycles


class Walk:
    """Cycles of every iteration, and of every beat, over some frames."""

    def __init__(self, network: RtlNetwork, frames: int, limit: int = 20_000) -> None:
        self.network = network
        self.actors = [actor for unit in network.units for actor in unit.actors]
        self.times: dict[str, list[int]] = {actor.name: [] for actor in self.actors}
        self.taken: dict[str, list[int]] = {}
        self.there: dict[str, list[int]] = {}
        self.gone: dict[str, list[int]] = {}
        for actor in self.actors:
            for use in (*actor.reads, *actor.writes):
                for known in (self.taken, self.there, self.gone):
                    known.setdefault(use.stream, [])
        for cycle in range(limit):
            if all(len(self.times[actor.name]) == frames * actor.iterations for actor in self.actors):
                return
            for actor in self.actors:
                if len(self.times[actor.name]) < frames * actor.iterations:
                    self._step(actor, cycle)
        raise AssertionError("the walk takes too long")

    def _step(self, actor: Actor, cycle: int) -> None:
        frame, iteration = divmod(len(self.times[actor.name]), actor.iterations)
        ready = all(self._is_there(reads, frame, iteration, cycle) for reads in actor.reads)
        if not ready or not all(self._has_place(writes, frame, iteration, cycle) for writes in actor.writes):
            return
        self.times[actor.name].append(cycle)
        for reads in actor.reads:
            self.gone[reads.stream] += [cycle] * int((reads.pop == iteration).sum())
        for writes in actor.writes:
            self.taken[writes.stream] += [cycle] * int((writes.reserve == iteration).sum())
            arrival = cycle + delay_by_hand(self.network, actor, writes.stream)
            self.there[writes.stream] += [arrival] * int((writes.emit == iteration).sum())
            if writes.stream == self.network.output:
                self.gone[writes.stream] = self.there[writes.stream]

    def _is_there(self, reads: Reads, frame: int, iteration: int, cycle: int) -> bool:
        if reads.stream == self.network.input:
            return True
        wanted = [frame * len(reads.pop) + beat for beat in range(len(reads.need)) if reads.need[beat] == iteration]
        there = self.there[reads.stream]
        return all(beat < len(there) and there[beat] <= cycle for beat in wanted)

    def _has_place(self, writes: Writes, frame: int, iteration: int, cycle: int) -> bool:
        """A beat's place is free the cycle after the beat that had it is gone."""
        name, gone = writes.stream, self.gone[writes.stream]
        places = self.network.line_buffers.get(name, self.network.depths.get(name, 0))
        for beat in range(len(writes.reserve)):
            before = frame * len(writes.emit) + beat - places
            if writes.reserve[beat] == iteration and before >= 0 and not (len(gone) > before and gone[before] < cycle):
                return False
        return True


def check(network: RtlNetwork, frames: int) -> None:
    tokens, walk = simulate(network, frames), Walk(network, frames)
    assert {name: times.ravel().tolist() for name, times in tokens.cycles.items()} == walk.times
    assert all(times.shape[0] == frames for times in tokens.cycles.values())
    for stream in (*network.depths, *network.line_buffers):
        assert tokens.arrived(stream).ravel().tolist() == walk.there[stream]
        if stream != network.output:
            assert tokens.popped(stream).ravel().tolist() == walk.gone[stream]
        assert tokens.most(stream) == most_in(walk.taken[stream], walk.gone[stream])
    assert tokens.popped(network.input).ravel().tolist() == walk.gone[network.input]
    assert tokens.left().ravel().tolist() == walk.gone[network.output]
    beats = len(walk.gone[network.output]) // frames
    leaving = walk.gone[network.output][beats - 1 :: beats]
    assert tokens.latency == leaving[0] - walk.gone[network.input][0] + 1
    if frames > 1:
        assert tokens.interval == leaving[-1] - leaving[-2]


def most_in(taken: list[int], gone: list[int]) -> int:
    return max(sum(t <= cycle for t in taken) - sum(g <= cycle for g in gone) for cycle in taken)


@pytest.mark.parametrize("frames", [1, 2, 4])
@pytest.mark.parametrize("name", TOYS)
def test_toys(name: str, frames: int) -> None:
    check(TOYS[name], frames)


@pytest.mark.parametrize("name", ["relu", "concat", "shift_dense", "shift_dense_fine_bias", "max_pool_line", "add"])
def test_layers(name: str) -> None:
    check(rtl_network(pipeline(CASES[name], some_folds(CASES[name], 1))), 3)


@pytest.mark.parametrize("seed", [6, 11, 17])
def test_networks_keep_their_pace(seed: int) -> None:
    """With the depths that were chosen, frames follow each other at the pace of the slowest unit."""
    units = pipeline(random_network(seed), some_folds(random_network(seed), seed))
    if units.instances:
        network = rtl_network(units)
        tokens = simulate(network, 8)
        assert tokens.interval == interval(network)
        for stream in network.depths:
            assert tokens.most(stream) <= capacity(network, stream)


@pytest.mark.parametrize("name", TOYS)
def test_strides_follow_each_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames of more iterations than a stride has cycles."""
    monkeypatch.setattr("shiftwire.schedule.tokens.STRIDE", 16)
    check(TOYS[name], 6)


def test_a_lone_frame_by_hand() -> None:
    """Beats 0 to 4 are read in cycles 0 to 4, and can be read behind the unit a cycle, and its stages, later."""
    tokens = simulate(chain([each_beat(5)], [9], stages=3), 2)
    assert tokens.left().tolist() == [[4, 5, 6, 7, 8], [9, 10, 11, 12, 13]]
    assert (tokens.latency, tokens.interval) == (9, 5)


@pytest.mark.parametrize(
    ("stages", "is_buffer", "depth", "in_block", "cycles"),
    [
        (0, False, 1, False, 1),
        (0, False, 2, True, 2),
        (3, False, 1, False, 4),
        (3, True, 1, False, 3),
        (3, True, 2, False, 4),
        (3, True, 2, True, 5),
        (3, True, None, False, 4),
    ],
)
def test_cycles_to_the_buffer_behind(
    stages: int, is_buffer: bool, depth: int | None, in_block: bool, cycles: int
) -> None:
    depths: Mapping[str, int] = {} if depth is None else {"y": depth}
    network = RtlNetwork("net", ("x",), ("y",), (), {}, depths, frozenset(["y"] if in_block else []))
    actor = Actor.of("u", each_beat(1), ("x",), ("y",), stages, is_buffer=is_buffer)
    assert delay(network, actor, "y") == cycles


def test_places_of_a_line_buffer_are_rows() -> None:
    network = window(4)
    assert capacity(network, "w_ring") == 4 and capacity(network, "y") == 3


def test_a_buffer_that_is_too_shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The join waits for a packet whose beats wait behind the fork for the join.

    Their times rise a few cycles a round up to NEVER, which is nearer here.
    """
    monkeypatch.setattr("shiftwire.schedule.tokens.STRIDE", 16)
    monkeypatch.setattr("shiftwire.schedule.tokens.NEVER", 512)
    with pytest.raises(CheckFailedError, match=r"^the units wait for each other: a buffer is too shallow"):
        simulate(diamond(2, 3), 1)
    check(diamond(2, 4), 2)


def test_latency_is_predicted_where_that_takes_seconds() -> None:
    assert predicted_latency(chain([each_beat(5), each_beat(5)], [2, 2])) == 5 + 2
    large = chain([each_beat(MOST_ITERATIONS + 1)], [2])
    assert predicted_latency(large) is None
    assert NEVER > 1 << 30


def test_as_many_iterations_as_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shiftwire.schedule.tokens.MOST_ITERATIONS", 10)
    assert predicted_latency(chain([each_beat(5), each_beat(5)], [2, 2])) == 7
    assert predicted_latency(chain([each_beat(5), each_beat(6)], [2, 2])) is None
