"""The token simulation: in which cycle each unit does each of its iterations, on buffers of given depth.

Every actor does one iteration a cycle unless a beat that it needs is not there, or a place for a beat that it writes is
not free. These waits are maxima of sums, so the earliest times are the least fixed point of one equation an iteration;
from stride to stride of cycles, whole vectors are raised until nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from shiftwire.errors import CheckFailedError
from shiftwire.ir.rtl_network import Actor, Reads, RtlNetwork, Writes
from shiftwire.numbers.fixed import Codes

STRIDE = 1024
"""Cycles that are relaxed at a time: short enough for loops of few beats, long enough for vectors."""

MOST_ITERATIONS = 100_000
"""Of all units in a frame, up to which following one takes seconds."""

NEVER = 1 << 40
"""A cycle behind all others."""


@dataclass(frozen=True)
class Tokens:
    """Cycle of each iteration of each actor, (frames, iterations); cycle 0 is the first that may take an input beat."""

    network: RtlNetwork
    cycles: Mapping[str, Codes]

    def popped(self, stream: str) -> Codes:
        """Cycle in which each beat leaves its buffer, (frames, beats)."""
        actor, reads = _reader(self.network, stream)
        return self.cycles[actor.name][:, reads.pop]

    def arrived(self, stream: str) -> Codes:
        """Cycle from which each beat can be read, (frames, beats)."""
        actor, writes = _writer(self.network, stream)
        return self.cycles[actor.name][:, writes.emit] + delay(self.network, actor, stream)

    def left(self) -> Codes:
        """Cycle in which each output beat leaves, (frames, beats), when nobody stalls it."""
        return self.arrived(self.network.output)

    @property
    def latency(self) -> int:
        """Cycles from the first beat in to the last one out of the first frame."""
        first = self.popped(self.network.input)[0, 0]
        return int(self.left()[0, -1] - first) + 1

    @property
    def interval(self) -> int:
        """Cycles between the last two frames: the initiation interval, once as many went before as buffers hold."""
        last = self.left()[-2:, -1]
        return int(last[1] - last[0])

    def most(self, stream: str) -> int:
        """Most beats that a buffer ever held, those on their way included."""
        actor, writes = _writer(self.network, stream)
        taken = self.cycles[actor.name][:, writes.reserve].ravel()
        gone = self.left().ravel() if stream == self.network.output else self.popped(stream).ravel()
        return int((np.arange(1, len(taken) + 1) - np.searchsorted(gone, taken, side="right")).max())


def delay(network: RtlNetwork, actor: Actor, stream: str) -> int:
    """Cycles from the iteration that writes a beat to the first in which it can be read."""
    is_lone = actor.is_buffer and network.depths.get(stream) == 1
    return actor.stages + 1 + (stream in network.blocks) - is_lone


def simulate(network: RtlNetwork, frames: int) -> Tokens:
    """Frames one behind the other, the input always there and the output always taken.

    Raises CheckFailedError where the buffers are so shallow that the units wait for each other.
    """
    actors = [actor for unit in network.units for actor in unit.actors]
    places = {actor.name: at for at, actor in enumerate(actors)}
    clocks = [_Clock(np.full(frames * actor.iterations, NEVER)) for actor in actors]
    waits = [
        [_Bound.of(wait, clocks[places[wait.actor]], frames) for wait in _waits(network, actor)] for actor in actors
    ]
    listeners = _listeners(network, actors, places)
    horizon = 0
    while any(clock.done < len(clock.times) for clock in clocks):
        for clock in clocks:
            clock.open(horizon)
        _relax(clocks, waits, listeners)
        horizon += STRIDE
        if not sum(clock.close(horizon) for clock in clocks):
            raise CheckFailedError("the units wait for each other: a buffer is too shallow; this is an error of ours")
    cycles = {actor.name: clock.times.reshape(frames, -1) for actor, clock in zip(actors, clocks, strict=True)}
    return Tokens(network, cycles)


def predicted_latency(network: RtlNetwork) -> int | None:
    """Cycles of a lone frame; None where that takes too long, for rounds grow with the network as its iterations do."""
    if sum(actor.iterations for unit in network.units for actor in unit.actors) > MOST_ITERATIONS:
        return None
    return simulate(network, 1).latency


def _listeners(network: RtlNetwork, actors: Sequence[Actor], places: Mapping[str, int]) -> list[set[int]]:
    """For each actor, those whose times may follow from its own."""
    listeners: list[set[int]] = [set() for _ in actors]
    for at, actor in enumerate(actors):
        for wait in _waits(network, actor):
            listeners[places[wait.actor]].add(at)
    return listeners


def _relax(clocks: Sequence[_Clock], waits: Sequence[Sequence[_Bound]], listeners: Sequence[set[int]]) -> None:
    """Raise the open times until none changes; the first actor that may change is next, so neighbours come first."""
    waiting = list(range(len(clocks)))
    while waiting:
        at = heappop(waiting)
        if clocks[at].raised(waits[at]):
            for listener in sorted(listeners[at].difference(waiting)):
                heappush(waiting, listener)


@dataclass(eq=False)
class _Clock:
    """Times of an actor's iterations over all frames: final before `done`, at work before `end`, NEVER behind.

    None is raised beyond `limit`: that late nothing is final yet, and units that wait for each other would never end.
    """

    times: Codes
    done: int = 0
    end: int = 0
    limit: int = 0

    def open(self, horizon: int) -> None:
        """Iterations that may happen up to one stride behind `horizon` start as early as they can."""
        self.end = min(self.done + STRIDE, len(self.times))
        self.limit = horizon + STRIDE
        self.times[self.done : self.end] = horizon + np.arange(self.end - self.done)

    def raised(self, waits: Sequence[_Bound]) -> bool:
        """Whether the times at work had to be raised."""
        lower = self.times[self.done : self.end].copy()
        for wait in waits:
            first, last = np.searchsorted(wait.here, (self.done, self.end))
            here = wait.here[first:last] - self.done
            # where several beats bind one iteration, the last of them comes latest
            lower[here] = np.maximum(lower[here], wait.clock.times[wait.there[first:last]] + wait.later)
        every = np.arange(len(lower))
        lower = np.minimum(np.maximum.accumulate(lower - every) + every, self.limit)
        if np.array_equal(lower, self.times[self.done : self.end]):
            return False
        self.times[self.done : self.end] = lower
        return True

    def close(self, horizon: int) -> int:
        """How many times before `horizon` are final now."""
        more = int(np.searchsorted(self.times[self.done : self.end], horizon))
        self.done += more
        return more


@dataclass(frozen=True, eq=False)
class _Bound:
    """Iterations `here` that come `later` cycles after iterations `there` of a clock at the earliest, all ascending."""

    here: Codes
    clock: _Clock
    there: Codes
    later: int

    @classmethod
    def of(cls, wait: _Wait, clock: _Clock, frames: int) -> _Bound:
        """The wait of a frame, for all frames."""
        every = np.arange(frames)[:, None]
        here = (every * wait.here_iterations + wait.here).ravel()
        there = (every * (len(clock.times) // frames) + wait.there).ravel()
        numbers = (every * wait.beats + np.arange(len(wait.here))).ravel() - wait.ahead
        is_bound = (numbers >= 0) & (numbers < len(there))
        return cls(here[is_bound], clock, there[numbers[is_bound]], wait.later)


@dataclass(frozen=True, eq=False)
class _Wait:
    """Iterations (of a frame) that cannot come before `later` cycles after iterations of another actor.

    Beat k of `there` is meant for beat k + `ahead` here, counted over all frames of `beats` each.
    """

    here: Codes
    here_iterations: int
    actor: str
    there: Codes
    later: int
    ahead: int
    beats: int


def _waits(network: RtlNetwork, actor: Actor) -> Iterator[_Wait]:
    own = actor.iterations
    for reads in actor.reads:
        if reads.stream not in network.inputs:
            writer, writes = _writer(network, reads.stream)
            later = delay(network, writer, reads.stream)
            yield _Wait(reads.need, own, writer.name, writes.emit, later, 0, len(reads.pop))
    for writes in actor.writes:
        depth = capacity(network, writes.stream)
        if writes.stream in network.outputs:
            # the sink takes a beat as soon as it is there
            later = delay(network, actor, writes.stream) + 1
            yield _Wait(writes.reserve, own, actor.name, writes.emit, later, depth, len(writes.emit))
        else:
            reader, reads = _reader(network, writes.stream)
            yield _Wait(writes.reserve, own, reader.name, reads.pop, 1, depth, len(reads.pop))


def capacity(network: RtlNetwork, stream: str) -> int:
    """Beats that a buffer holds: rows of a window's line buffer, else its depth."""
    return network.line_buffers[stream] if stream in network.line_buffers else network.depths[stream]


def _reader(network: RtlNetwork, stream: str) -> tuple[Actor, Reads]:
    return next(
        (actor, reads)
        for unit in network.units
        for actor in unit.actors
        for reads in actor.reads
        if reads.stream == stream
    )


def _writer(network: RtlNetwork, stream: str) -> tuple[Actor, Writes]:
    return next(
        (actor, writes)
        for unit in network.units
        for actor in unit.actors
        for writes in actor.writes
        if writes.stream == stream
    )
