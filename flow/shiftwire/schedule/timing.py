"""What follows from the loop nests of the C++ and its pipelines: FIFO depths that cannot stall a frame, and times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.ir.pipeline import SHALLOWEST, Pipeline
from shiftwire.ir.unit import DRAIN_CYCLES, Unit
from shiftwire.numbers.fixed import Codes

HELD_LATENCY = 20
"""Depths hold for HLS units of any latency up to this, or up to what a unit states of itself where that is more."""


ROUNDED = 2
"""Places that even paces, rounded to whole cycles, may miss where all beats pass through one FIFO."""


@dataclass(frozen=True, eq=False)
class _Moments:
    """Steps, or cycles, of a frame in which each input is read, and those in which each beat is written, ascending.

    A beat is there from `writes` on at the latest; in a unit of less latency it takes its place from `early` on.
    """

    reads: tuple[Codes, ...]
    early: Codes
    writes: Codes
    cycles: int

    @classmethod
    def of(cls, unit: Unit, latency: int) -> _Moments:
        """C++ behind a pipeline that stands still as a whole: what is read leaves `latency` iterations later.

        It reads a beat when it first looks at it. After the last iteration it moves on by itself, then rests until the
        next frame.
        """
        reads, writes = tuple(use.first for use in unit.nest.reads), unit.nest.writes.last
        return cls(reads, writes + 1, writes + latency, unit.nest.iterations + latency + DRAIN_CYCLES)

    def paced(self, interval: int) -> _Moments:
        """The same spread evenly over `interval` cycles a frame, which is no less than `cycles`."""
        *reads, early, writes = (
            moments * interval // self.cycles for moments in (*self.reads, self.early, self.writes)
        )
        return _Moments(tuple(reads), early, writes, interval)


@dataclass(frozen=True)
class Timing:
    """What the loops of the C++ and its pipelines say of a design, all modelled.

    depths  of each FIFO in beats; interval  iterations a frame of the slowest unit, at one a cycle; hls_interval  the
    same and the drain behind it, which are the cycles of a frame in HLS; latency  in HLS, cycles from the first beat in
    to the last one out of a lone frame.
    """

    depths: Mapping[str, int]
    interval: int
    hls_interval: int
    latency: int


def timing(pipeline: Pipeline) -> Timing:
    """FIFOs that let frames follow each other at the pace of the slowest unit, whatever latency units have.

    In one periodic schedule beats arrive evenly at that pace, every unit spreads its frame evenly over it, and starts
    late enough never to wait. Units that stall as a whole are the worst case: what they hold moves on with the next
    iteration alone. Beside another way, a depth counts beats from when a unit of least latency writes them to when the
    reader behind units of most latency takes them, so the schedule holds for every latency between. Self-timed hardware
    is never slower than a schedule that keeps to its depths: it neither deadlocks nor falls behind.
    """
    units = {instance.name: instance.unit for instance in pipeline.instances}
    latest = {name: _Moments.of(unit, max(unit.hls_latency, HELD_LATENCY)) for name, unit in units.items()}
    stated = {name: _Moments.of(unit, unit.hls_latency) for name, unit in units.items()}
    return Timing(
        _depths(pipeline, latest),
        max(unit.iterations for unit in units.values()),
        max(unit.hls_cycles for unit in units.values()),
        _latency(pipeline, stated),
    )


def _depths(pipeline: Pipeline, moments: Mapping[str, _Moments]) -> Mapping[str, int]:
    interval = max(each.cycles for each in moments.values())
    beats = pipeline.fifos[pipeline.input].port.beats
    written = {pipeline.input: np.arange(beats) * interval // beats}
    taken, depths = dict(written), {pipeline.output: SHALLOWEST}
    for instance in pipeline.instances:
        paced = moments[instance.name].paced(interval)
        is_only_way = len(written) == 1
        arrivals = [written.pop(name) for name in instance.inputs]
        start = max(int((there + 1 - at).max()) for there, at in zip(arrivals, paced.reads, strict=True))
        for name, there, at in zip(instance.inputs, arrivals, paced.reads, strict=True):
            # where all beats pass, what stands behind simply begins as much sooner
            places = there if is_only_way else taken[name]
            depths[name] = _deepest(places, at + start, interval) + (ROUNDED if is_only_way else 0)
        written |= dict.fromkeys(instance.outputs, paced.writes + start)
        taken |= dict.fromkeys(instance.outputs, paced.early + start)
    return depths


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
