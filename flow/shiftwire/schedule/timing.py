"""What follows from the loop nests of the C++: FIFO depths that cannot stall a frame, and the latency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.ir.nest import Nest
from shiftwire.ir.pipeline import SHALLOWEST, Pipeline
from shiftwire.numbers.fixed import Codes


@dataclass(frozen=True, eq=False)
class _Moments:
    """Iterations, or cycles, of a frame in which each input is read and the output written, ascending."""

    reads: tuple[Codes, ...]
    writes: Codes
    cycles: int

    @classmethod
    def of(cls, nest: Nest) -> _Moments:
        """C++ reads a beat when it first looks at it."""
        return cls(tuple(use.first for use in nest.reads), nest.writes.last, nest.iterations)

    def paced(self, interval: int) -> _Moments:
        """The same spread evenly over `interval` cycles a frame, which is no less than `cycles`."""
        slower = [moments * interval // self.cycles for moments in (*self.reads, self.writes)]
        return _Moments(tuple(slower[:-1]), slower[-1], interval)


@dataclass(frozen=True)
class Timing:
    """Depth of each FIFO in beats, initiation interval, and cycles from the first beat in to the last one out."""

    depths: Mapping[str, int]
    interval: int
    latency: int


def timing(pipeline: Pipeline) -> Timing:
    """FIFOs that let frames follow each other at the pace of the slowest unit.

    In one periodic schedule beats arrive evenly at that pace, every unit spreads its frame evenly over it, and starts
    late enough never to wait; the most beats that are ever in a FIFO are its depth. Self-timed hardware is never
    slower than a schedule that keeps to its depths, so it neither deadlocks nor falls behind.
    """
    interval = max(instance.unit.iterations for instance in pipeline.instances)
    moments = {instance.name: _Moments.of(instance.unit.nest) for instance in pipeline.instances}
    beats = pipeline.fifos[pipeline.input].port.beats
    written = {pipeline.input: np.arange(beats) * interval // beats}
    depths = {pipeline.output: SHALLOWEST}
    for instance in pipeline.instances:
        paced = moments[instance.name].paced(interval)
        arrivals = [written.pop(name) for name in instance.inputs]
        start = max(int((there + 1 - at).max()) for there, at in zip(arrivals, paced.reads, strict=True))
        for name, there, at in zip(instance.inputs, arrivals, paced.reads, strict=True):
            depths[name] = _deepest(there, at + start, interval)
        written |= dict.fromkeys(instance.outputs, paced.writes + start)
    return Timing(depths, interval, _latency(pipeline, moments))


def _deepest(written: Codes, read: Codes, interval: int) -> int:
    """Most beats in a FIFO when every frame repeats the one before; a place is free the cycle after its read."""
    frames, into = np.divmod(written - read[0], interval)
    gone = frames * len(read) + np.searchsorted(read, into + read[0], side="left")
    return max(int((np.arange(1, len(written) + 1) - gone).max()), SHALLOWEST)


def _latency(pipeline: Pipeline, moments: Mapping[str, _Moments]) -> int:
    """Cycles of a lone frame that arrives a beat a cycle, every unit at its full speed on FIFOs without end."""
    written = {pipeline.input: np.arange(pipeline.fifos[pipeline.input].port.beats)}
    for instance in pipeline.instances:
        times = moments[instance.name]
        waits = _Waits.of(times.reads, [written.pop(name) for name in instance.inputs])
        written |= dict.fromkeys(instance.outputs, waits.time(times.writes))
    return int(written[pipeline.output][-1]) + 1


@dataclass(frozen=True, eq=False)
class _Waits:
    """How far a unit lags behind its own iterations from each read on."""

    at: Codes
    lag: Codes

    @classmethod
    def of(cls, reads: Sequence[Codes], written: Sequence[Codes]) -> _Waits:
        """A beat can be read the cycle after it was written; a unit that waits stands still, none begins before 0."""
        at = np.concatenate([[0], *reads])
        order = np.argsort(at, kind="stable")
        lag = np.concatenate([[0], *(there + 1 for there in written)]) - at
        return cls(at[order], np.maximum.accumulate(lag[order]))

    def time(self, iterations: Codes) -> Codes:
        """Cycle in which each iteration happens."""
        times: Codes = iterations + self.lag[np.searchsorted(self.at, iterations, side="right") - 1]
        return times
