"""The model of stalls.py for many runs at once, as arrays; a test holds it to that one, run by run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.ir.pipeline import Pipeline
from stalls import NOTHING, REST, Run, Style

Ints = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


@dataclass
class _Tables:
    """Of every unit: where its iterations begin in the flat tables, and the FIFOs it reads and writes.

    The last FIFO is none: it holds more than any read needs, and takes whatever is written.
    """

    first: Ints
    iterations: Ints
    needs: list[Ints]
    reads: list[Ints]
    writes: Flags
    outputs: list[Ints]

    @classmethod
    def of(cls, pipeline: Pipeline) -> _Tables:
        units = [instance.unit for instance in pipeline.instances]
        places = {name: at for at, name in enumerate(pipeline.fifos)}
        none = len(places)
        counts = [unit.nest.iterations for unit in units]
        ports = max(len(instance.inputs) for instance in pipeline.instances)
        exits = max(len(instance.outputs) for instance in pipeline.instances)
        each_port = [
            [
                np.bincount(unit.nest.reads[port].first, minlength=count)
                if port < len(unit.nest.reads)
                else np.zeros(count, np.int64)
                for unit, count in zip(units, counts, strict=True)
            ]
            for port in range(ports)
        ]
        writes = [np.bincount(u.nest.writes.last, minlength=n).astype(bool) for u, n in zip(units, counts, strict=True)]
        return cls(
            np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int32),
            np.array(counts, np.int32),
            [np.concatenate(tables).astype(np.int32) for tables in each_port],
            [_column([i.inputs for i in pipeline.instances], port, places, none) for port in range(ports)],
            np.concatenate(writes),
            [_column([i.outputs for i in pipeline.instances], port, places, none) for port in range(exits)],
        )


def _column(names: Sequence[Sequence[str]], at: int, places: dict[str, int], none: int) -> Ints:
    return np.array([places[each[at]] if at < len(each) else none for each in names], np.int32)


@dataclass
class _State:
    """Of every run and unit; `ring` holds the iterations on their way, the oldest at `oldest`."""

    held: Ints
    ring: Ints
    oldest: Ints
    latency: Ints
    is_stalling: Flags
    issued: Ints
    frame: Ints
    rests: Ints
    live: Ints

    def only(self, runs: Flags) -> _State:
        """The runs that go on."""
        return _State(*(value[runs] for value in vars(self).values()))


def run_side_by_side(
    pipeline: Pipeline,
    latencies: npt.NDArray[np.int64],
    styles: Sequence[Style],
    frames: int = 3,
    limit: int = 1 << 22,
) -> list[Run]:
    """A run for each row of `latencies` (runs, units), in the style of the same place; as `stalls.run`.

    The most beats that FIFOs held are not told.
    """
    tables, names = _Tables.of(pipeline), list(pipeline.fifos)
    sink, size = names.index(pipeline.output), pipeline.fifos[pipeline.output].port.beats
    depth = np.array([limit if n == pipeline.output else pipeline.fifos[n].depth for n in names] + [1 << 30], np.int32)
    state = _started(pipeline, latencies.astype(np.int32), styles, frames)
    ends: list[list[int]] = [[] for _ in styles]
    found: dict[int, Run] = {}
    running = np.arange(len(styles))
    for cycle in range(limit):
        moving = _cycle(state, tables, depth, frames)
        done = np.zeros(len(running), bool)
        for at in np.flatnonzero(state.held[:, sink] >= size * (np.array([len(ends[r]) for r in running]) + 1)):
            run = int(running[at])
            while state.held[at, sink] >= size * (len(ends[run]) + 1):
                ends[run].append(cycle + 1)
            done[at] = len(ends[run]) == frames
        for at in np.flatnonzero(done | ~moving):
            run = int(running[at])
            told = zip(names, state.held[at].tolist(), depth.tolist(), strict=False)
            waiting = () if done[at] else tuple(f"{name} {held}/{deep}" for name, held, deep in told)
            found[run] = Run(tuple(ends[run]), {}, waiting)
        if (done | ~moving).any():
            state, running = state.only(~done & moving), running[~done & moving]
        if not len(running):
            return [found[run] for run in range(len(styles))]
    raise AssertionError(f"no end within {limit} cycles")


def _started(pipeline: Pipeline, latency: Ints, styles: Sequence[Style], frames: int) -> _State:
    runs, units = latency.shape
    held = np.zeros((runs, len(pipeline.fifos) + 1), np.int32)
    held[:, list(pipeline.fifos).index(pipeline.input)] = pipeline.fifos[pipeline.input].port.beats * frames
    held[:, -1] = 1 << 20
    ring = np.full((runs, units, int(latency.max())), NOTHING, np.int32)
    counters: list[Any] = [np.zeros((runs, units), np.int32) for _ in range(5)]
    stalling = np.array([[style is Style.STALLING] for style in styles])
    return _State(held, ring, counters[0], latency, stalling, *counters[1:])


def _cycle(state: _State, tables: _Tables, depth: Ints, frames: int) -> Flags:
    """One cycle of every run; whether anything moved in it."""
    iteration = np.take_along_axis(state.ring, state.oldest[..., None], 2)[..., 0]
    writes = tables.writes[tables.first + np.maximum(iteration, 0)] & (iteration >= 0)
    is_full = np.zeros_like(writes)
    for outputs in tables.outputs:
        is_full |= state.held[:, outputs] >= depth[outputs]
    is_held = writes & is_full
    wants = (state.frame < frames) & ((state.issued > 0) | ((state.live == 0) & (state.rests == 0)))
    place = tables.first + state.issued
    needs = [table[place] for table in tables.needs]
    is_there = np.ones_like(writes)
    for reads, need in zip(tables.reads, needs, strict=True):
        is_there &= state.held[:, reads] >= need
    issues = wants & is_there & ~is_held
    stalls = wants & ~is_there & (state.issued > 0) & state.is_stalling
    moves = ~is_held & ~stalls & (issues | (state.live > 0) | (state.rests > 0))
    writes &= moves
    for reads, need in zip(tables.reads, needs, strict=True):
        state.held[:, reads] -= need * issues
    for outputs in tables.outputs:
        state.held[:, outputs] += writes
    state.held[:, -1] = 1 << 20
    _move(state, tables, moves, issues, iteration)
    some: Flags = moves.any(axis=1)
    return some


def _move(state: _State, tables: _Tables, moves: Flags, issues: Flags, iteration: Ints) -> None:
    is_resting = moves & (state.live == 0) & ~issues
    state.rests -= is_resting
    shifts = moves & ~is_resting
    state.live += issues.astype(np.int32) - (shifts & (iteration >= 0))
    runs, units = np.nonzero(shifts)
    state.ring[runs, units, state.oldest[runs, units]] = np.where(issues, state.issued, NOTHING)[runs, units]
    state.oldest += shifts
    state.oldest[state.oldest == state.latency] = 0
    state.issued += issues
    ended = state.issued == tables.iterations
    state.issued[ended] = 0
    state.frame += ended
    state.rests[ended] = REST
