"""When each unit reads and writes, and what follows: FIFO depths that cannot stall a frame, and the latency."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.ir.kernel import Kernel
from shiftwire.numbers.fixed import Codes
from shiftwire.schedule.streaming import SHALLOWEST, Pipeline


@dataclass(frozen=True, eq=False)
class Rhythm:
    """Iterations of a frame in which each input is read and the output written, ascending."""

    reads: tuple[Codes, ...]
    writes: Codes
    cycles: int

    def paced(self, interval: int) -> Rhythm:
        """The same spread evenly over `interval` cycles a frame, which is no less than `cycles`."""
        slower = [at * interval // self.cycles for at in (*self.reads, self.writes)]
        return Rhythm(tuple(slower[:-1]), slower[-1], interval)


def rhythm(kernel: Kernel) -> Rhythm:
    """The loop structure of a kernel's header, as data."""
    found = _RHYTHMS.get(kernel.function, _every_beat)(kernel)
    return Rhythm(found[0], found[1], kernel.cycles)


_Times = tuple[tuple[Codes, ...], Codes]


def _every_beat(kernel: Kernel) -> _Times:
    beats = np.arange(kernel.cycles)
    return (beats,) * len(kernel.reads), beats


def _matrix(kernel: Kernel) -> _Times:
    """Inputs come while the first neuron fold of each group works, sums leave at the end of every fold."""
    synapses = kernel.number("synapse_folds")
    terms = kernel.table("fold_terms").reshape(-1, kernel.number("neuron_folds"))
    ends = np.cumsum(terms.ravel() * synapses)
    firsts = (ends - terms.ravel() * synapses).reshape(terms.shape)[:, :1]
    reads = firsts + np.arange(synapses) * terms[:, :1]
    return (_repeated(reads.ravel(), kernel),), _repeated(ends - 1, kernel)


def _vector(kernel: Kernel) -> _Times:
    synapses, terms = kernel.number("synapse_folds"), kernel.table("fold_terms")
    ends = np.cumsum(terms * synapses)
    reads = (ends - terms * synapses)[:, None] + np.arange(synapses) * terms[:, None]
    return (_repeated(reads.ravel(), kernel),), _repeated(ends - 1, kernel)


def _repeated(times: Codes, kernel: Kernel) -> Codes:
    """Times within a position, for all positions."""
    every: Codes = np.arange(kernel.number("positions"))[:, None] * kernel.number("cycles") + times
    return every.ravel()


def _pool(kernel: Kernel) -> _Times:
    synapses = kernel.number("synapse_folds")
    return (np.arange(kernel.cycles),), np.arange(kernel.cycles)[synapses - 1 :: synapses]


def _window(kernel: Kernel) -> _Times:
    (port,) = kernel.reads
    rows = kernel.table("rows_read") * (port.beats // kernel.number("in_height"))
    writes_per_row = kernel.writes.beats // kernel.number("out_height")
    reads, writes, start = [np.arange(rows[0])], [], int(rows[0])
    for row in rows[1:]:
        steps = max(int(row), writes_per_row)
        reads.append(start + _spread(int(row), steps))
        writes.append(start + _spread(writes_per_row, steps))
        start += steps
    return (np.concatenate(reads),), np.concatenate(writes)


def _spread(events: int, steps: int) -> Codes:
    """Steps at which a counter that grows by `events` passes multiples of `steps`."""
    return -(-np.arange(1, events + 1) * steps // events) - 1 if events else np.zeros(0, np.int64)


def _reorder(kernel: Kernel) -> _Times:
    packets = kernel.number("packets")
    half = kernel.cycles // packets // 2
    starts = np.arange(packets)[:, None] * 2 * half
    return ((starts + np.arange(half)).ravel(),), (starts + half + np.arange(half)).ravel()


def _narrow(kernel: Kernel) -> _Times:
    return (np.arange(0, kernel.cycles, kernel.number("parts")),), np.arange(kernel.cycles)


def _widen(kernel: Kernel) -> _Times:
    parts = kernel.number("parts")
    return (np.arange(kernel.cycles),), np.arange(parts - 1, kernel.cycles, parts)


def _concat(kernel: Kernel) -> _Times:
    folds_a = kernel.number("folds_a")
    beats = np.arange(kernel.cycles)
    is_first = beats % (folds_a + kernel.number("folds_b")) < folds_a
    return (beats[is_first], beats[~is_first]), beats


_RHYTHMS: dict[str, Callable[[Kernel], _Times]] = {
    "mvu": _matrix,
    "vvu": _vector,
    "max_pool": _pool,
    "sum_pool": _pool,
    "window": _window,
    "reorder": _reorder,
    "narrow": _narrow,
    "widen": _widen,
    "concat": _concat,
}


@dataclass(frozen=True)
class Timing:
    """Depth of each FIFO in beats, cycles between frames, and cycles from the first beat in to the last one out."""

    depths: Mapping[str, int]
    interval: int
    latency: int


def timing(pipeline: Pipeline) -> Timing:
    """FIFOs that let frames follow each other at the pace of the slowest unit.

    In one periodic schedule beats arrive evenly at that pace, every unit spreads its frame evenly over it, and starts
    late enough never to wait; the most beats that are ever in a FIFO are its depth. Self-timed hardware is never
    slower than a schedule that keeps to its depths, so it neither deadlocks nor falls behind.
    """
    interval = max(unit.kernel.cycles for unit in pipeline.units)
    rhythms = {unit.name: rhythm(unit.kernel) for unit in pipeline.units}
    beats = pipeline.fifos[pipeline.input].port.beats
    written = {pipeline.input: np.arange(beats) * interval // beats}
    depths = {pipeline.output: SHALLOWEST}
    for unit in pipeline.units:
        paced = rhythms[unit.name].paced(interval)
        arrivals = [written.pop(name) for name in unit.inputs]
        start = max(int((there + 1 - at).max()) for there, at in zip(arrivals, paced.reads, strict=True))
        for name, there, at in zip(unit.inputs, arrivals, paced.reads, strict=True):
            depths[name] = _deepest(there, at + start, interval)
        written |= dict.fromkeys(unit.outputs, paced.writes + start)
    return Timing(depths, interval, _latency(pipeline, rhythms))


def _deepest(written: Codes, read: Codes, interval: int) -> int:
    """Most beats in a FIFO when every frame repeats the one before; a place is free the cycle after its read."""
    frames, into = np.divmod(written - read[0], interval)
    gone = frames * len(read) + np.searchsorted(read, into + read[0], side="left")
    return max(int((np.arange(1, len(written) + 1) - gone).max()), SHALLOWEST)


def _latency(pipeline: Pipeline, rhythms: Mapping[str, Rhythm]) -> int:
    """Cycles of a lone frame that arrives a beat a cycle, every unit at its full speed on FIFOs without end."""
    written = {pipeline.input: np.arange(pipeline.fifos[pipeline.input].port.beats)}
    for unit in pipeline.units:
        times = rhythms[unit.name]
        waits = _Waits.of(times.reads, [written.pop(name) for name in unit.inputs])
        written |= dict.fromkeys(unit.outputs, waits.time(times.writes))
    return int(written[pipeline.output][-1]) + 1


@dataclass(frozen=True, eq=False)
class _Waits:
    """How far a unit lags behind its own iterations from each read on."""

    at: Codes
    lag: Codes

    @classmethod
    def of(cls, reads: Sequence[Codes], written: Sequence[Codes]) -> _Waits:
        """A beat can be read the cycle after it was written; a unit that waits stands still."""
        at = np.concatenate(reads)
        order = np.argsort(at, kind="stable")
        lag = np.concatenate(written) + 1 - at
        return cls(at[order], np.maximum.accumulate(lag[order]))

    def time(self, iterations: Codes) -> Codes:
        """Cycle in which each iteration happens."""
        times: Codes = iterations + self.lag[np.searchsorted(self.at, iterations, side="right") - 1]
        return times
