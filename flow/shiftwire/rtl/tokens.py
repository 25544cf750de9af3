"""The token simulation: in which cycle each unit does each of its iterations, on buffers of given depth.

Every actor does one iteration a cycle unless a beat that it needs is not there, or a place for a beat that it writes is
not free. These waits are maxima of sums, so the earliest times are the least fixed point of one equation an iteration;
whole vectors are raised until nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from shiftwire.errors import CheckFailedError
from shiftwire.fixed import Codes
from shiftwire.rtl.units import Actor, Reads, RtlNetwork, Writes


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
        """Cycles between the last two frames."""
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
    cycles = {actor.name: np.zeros((frames, actor.iterations), np.int64) for actor in actors}
    waits = {actor.name: list(_waits(network, actor)) for actor in actors}
    # somebody works in every cycle, or a beat is on its way; what takes longer never ends
    latest = frames * sum(actor.iterations * (actor.stages + 3) for actor in actors)
    backwards = False
    while True:
        changed = False
        for actor in reversed(actors) if backwards else actors:
            times = _earliest(actor, waits[actor.name], cycles, frames)
            changed |= not np.array_equal(times, cycles[actor.name])
            cycles[actor.name] = times
        if not changed:
            return Tokens(network, cycles)
        if cycles[actors[-1].name][-1, -1] > latest:
            raise CheckFailedError("the units wait for each other: a buffer is too shallow; this is an error of ours")
        backwards = not backwards


@dataclass(frozen=True, eq=False)
class _Wait:
    """Iterations (of a frame) that cannot come before `later` cycles after iterations of another actor.

    Beat k of `there` is meant for beat k + `ahead` here, counted over all frames of `beats` each.
    """

    here: Codes
    actor: str
    there: Codes
    later: int
    ahead: int
    beats: int


def _waits(network: RtlNetwork, actor: Actor) -> Iterator[_Wait]:
    for reads in actor.reads:
        if reads.stream != network.input:
            writer, writes = _writer(network, reads.stream)
            later = delay(network, writer, reads.stream)
            yield _Wait(reads.need, writer.name, writes.emit, later, 0, len(reads.pop))
    for writes in actor.writes:
        if writes.stream == network.output:
            # the sink takes a beat as soon as it is there
            later = delay(network, actor, writes.stream) + 1
            depth = network.depths[writes.stream]
            yield _Wait(writes.reserve, actor.name, writes.emit, later, depth, len(writes.emit))
        else:
            reader, reads = _reader(network, writes.stream)
            depth = capacity(network, writes.stream)
            yield _Wait(writes.reserve, reader.name, reads.pop, 1, depth, len(reads.pop))


def capacity(network: RtlNetwork, stream: str) -> int:
    """Beats that a buffer holds: rows of a window's ring, else its depth."""
    return network.rings[stream] if stream in network.rings else network.depths[stream]


def _earliest(actor: Actor, waits: list[_Wait], cycles: Mapping[str, Codes], frames: int) -> Codes:
    """Times of all iterations, given those of the others."""
    lower = cycles[actor.name].copy().ravel()
    offsets = np.arange(frames)[:, None] * actor.iterations
    for wait in waits:
        there = cycles[wait.actor][:, wait.there].ravel() + wait.later
        here = (offsets + wait.here).ravel()
        numbers = (np.arange(frames)[:, None] * wait.beats + np.arange(len(wait.here))).ravel() - wait.ahead
        is_bound = (numbers >= 0) & (numbers < len(there))
        # where several beats bind one iteration, the last of them comes latest
        bound = here[is_bound]
        lower[bound] = np.maximum(lower[bound], there[numbers[is_bound]])
    every = np.arange(len(lower))
    times: Codes = np.maximum.accumulate(lower - every) + every
    return times.reshape(frames, -1)


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
