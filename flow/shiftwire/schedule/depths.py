"""Buffers deep enough that frames follow each other at the pace of the slowest unit.

One periodic schedule gives the depths: the most beats that ever are on their way or in a buffer. Units that sum or
reduce spread their frame evenly over the interval and start late enough never to wait; a window unit in front of one
gives each beat just in time; all others work as soon as there is something to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from shiftwire.ir.cost import BRAM36_IN_LUT, is_block
from shiftwire.ir.rtl_network import Actor, RtlNetwork, RtlUnit
from shiftwire.numbers.fixed import Codes
from shiftwire.schedule.tokens import delay

FRAMES = 4
"""After so many, what a unit does repeats."""

ROUNDS = 16
"""Rounds in which both sides of a window unit agree, or the line buffer is too short."""


def interval(network: RtlNetwork) -> int:
    """The initiation interval: cycles between frames, which are the iterations of the slowest actor."""
    return max(actor.iterations for unit in network.units for actor in unit.actors)


def layer_cycles(network: RtlNetwork) -> dict[str, int]:
    """Cycles that each layer's slowest unit works on a frame, in topological order."""
    layers: dict[str, int] = {}
    for unit in network.units:
        layers[unit.layer] = max(layers.get(unit.layer, 0), *(actor.iterations for actor in unit.actors))
    return layers


def with_depths(network: RtlNetwork, bram36_lut: float = BRAM36_IN_LUT) -> RtlNetwork:
    """The same units between buffers that are deep enough; large ones are block RAM, which answers a cycle later,
    unless a BRAM36 is worth more LUTs than they take.

    The line buffer of a window unit grows where frames would not overlap enough in the smallest one.
    """
    first = _Schedule(network, interval(network))
    depths = first.depths()
    streams = network.streams
    blocks = frozenset(name for name, deep in depths.items() if is_block(deep, streams[name].width, bram36_lut))
    final = _Schedule(replace(network, blocks=blocks), interval(network))
    depths = final.depths()
    units = tuple(_with_line_buffer(unit, final.buffer_bits) for unit in network.units)
    buffers = {unit.line_buffer: unit.module.line_buffer for unit in units}
    rows = {name: buffer.rows for name, buffer in buffers.items() if name is not None and buffer is not None}
    return replace(network, units=units, blocks=blocks, depths=depths, line_buffers=rows)


def _with_line_buffer(unit: RtlUnit, bits: Mapping[str, int]) -> RtlUnit:
    if unit.line_buffer is None:
        return unit
    return replace(unit, module=unit.module.with_buffer_bits(bits[unit.line_buffer]))


@dataclass
class _Schedule:
    """One frame of the periodic schedule; all frames are alike, `period` cycles apart."""

    network: RtlNetwork
    period: int
    taken: dict[str, Codes] = field(default_factory=dict)
    arrived: dict[str, Codes] = field(default_factory=dict)
    gone: dict[str, Codes] = field(default_factory=dict)
    buffer_bits: dict[str, int] = field(default_factory=dict)

    def depths(self) -> Mapping[str, int]:
        network = self.network
        beats = network.streams[network.input].port.beats
        self.arrived[network.input] = np.arange(beats) * self.period // beats
        windows: dict[str, RtlUnit] = {}
        for unit in network.units:
            pulled = windows.pop(unit.inputs[0], None)
            if pulled is not None:
                self._place_window(pulled, unit.actors[0])
            elif unit.line_buffer is not None and self._is_pulled(unit):
                windows[unit.outputs[0]] = unit
            elif unit.line_buffer is not None:
                self._place_window(unit, None)
            elif unit.module.is_paced:
                self._place_evenly(unit.actors[0], 0)
            else:
                self._place(unit.actors[0], self._prompt(unit.actors[0]))
        self.gone[network.output] = self.arrived[network.output]
        return {name: self._deepest(name) for name in network.streams if name not in network.inputs}

    def _is_pulled(self, window: RtlUnit) -> bool:
        return any(window.outputs[0] in unit.inputs and unit.module.is_paced for unit in self.network.units)

    def _place_evenly(self, actor: Actor, start: int) -> None:
        """The frame spread over the period, from `start` on or later, so that no beat is waited for."""
        even = np.arange(actor.iterations) * self.period // actor.iterations
        waits = (
            int((self.arrived[reads.stream][: len(reads.need)] - even[reads.need]).max())
            for reads in actor.reads
            if reads.stream in self.arrived
        )
        self._place(actor, even + max(start, *waits, start))

    def _prompt(self, actor: Actor) -> Codes:
        """Every iteration as soon as its beats are there."""
        lower = np.full(actor.iterations, np.iinfo(np.int64).min // 2)
        for reads in actor.reads:
            there = self.arrived[reads.stream][: len(reads.need)]
            lower[reads.need] = np.maximum(lower[reads.need], there)
        return self._one_a_cycle(np.tile(lower, FRAMES).reshape(FRAMES, -1) + self._frames())

    def _place(self, actor: Actor, times: Codes) -> None:
        for reads in actor.reads:
            self.gone[reads.stream] = times[reads.pop]
        for writes in actor.writes:
            self.taken[writes.stream] = times[writes.reserve]
            self.arrived[writes.stream] = times[writes.emit] + delay(self.network, actor, writes.stream)

    def _place_window(self, window: RtlUnit, reader: Actor | None) -> None:
        """Both sides of a window unit on the smallest line buffer that lets them keep the pace."""
        buffer = window.module.line_buffer
        assert buffer is not None
        while not self._sides_agree(window, buffer.rows, reader):
            buffer = replace(buffer, bits=buffer.bits + 1)
        self.buffer_bits[str(window.line_buffer)] = buffer.bits

    def _sides_agree(self, window: RtlUnit, rows: int, reader: Actor | None) -> bool:
        """Whether it ends that the giving side starts later whenever the line buffer delays the storing side."""
        store, give = window.actors
        (reads,), (writes,) = store.reads, store.writes
        times = there = self.arrived[reads.stream]
        for _ in range(ROUNDS):
            self.taken[writes.stream] = times[writes.reserve]
            self.arrived[writes.stream] = times[writes.emit] + 1
            if reader is None:
                self._place_evenly(give, 0)
            else:
                self._pull(give, reader)
            delayed = self._stored(there, writes.reserve, rows, self.gone[writes.stream])
            if np.array_equal(delayed, times):
                self.gone[reads.stream] = times
                return True
            times = delayed
        return False

    def _pull(self, give: Actor, reader: Actor) -> None:
        """The reader spread evenly, and each beat given just before it is needed."""
        (rows,), (writes,), (needs,) = give.reads, give.writes, reader.reads
        even = np.arange(reader.iterations) * self.period // reader.iterations
        times = even[needs.need] - delay(self.network, give, writes.stream)
        start = int((self.arrived[rows.stream][: len(rows.need)] - times[rows.need]).max())
        self._place(give, times + start)
        self._place_evenly(reader, start)

    def _stored(self, there: Codes, firsts: Codes, rows: int, gone: Codes) -> Codes:
        """Cycles in which a storing side takes its beats, one a cycle, a row only when the line buffer has room."""
        lower = (self._frames() + there).ravel()
        free = (self._frames() + gone + 1).ravel()
        starts = (np.arange(FRAMES)[:, None] * len(there) + firsts).ravel()
        lower[starts[rows:]] = np.maximum(lower[starts[rows:]], free[: max(len(free) - rows, 0)])
        return self._one_a_cycle(lower.reshape(FRAMES, -1))

    def _frames(self) -> Codes:
        """Start of each of some frames, (frames, 1)."""
        starts: Codes = np.arange(FRAMES)[:, None] * self.period
        return starts

    def _one_a_cycle(self, lower: Codes) -> Codes:
        """One iteration a cycle, none before `lower` (frames, iterations); the last frame, which all later repeat."""
        flat, every = lower.ravel(), np.arange(lower.size)
        times = np.maximum.accumulate(flat - every) + every
        last: Codes = times.reshape(FRAMES, -1)[-1] - self._frames()[-1]
        return last

    def _deepest(self, stream: str) -> int:
        """Most beats on the way or in a buffer; a place is free the cycle after its beat has gone."""
        taken, gone = self.taken[stream], self.gone[stream]
        frames, into = np.divmod(taken - gone[0], self.period)
        left = frames * len(gone) + np.searchsorted(gone, into + gone[0], side="left")
        return max(int((np.arange(1, len(taken) + 1) - left).max()), 1)
