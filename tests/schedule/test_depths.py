"""Depths of buffers against the periodic schedule that they follow from, in plain loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from netlib import some_folds
from random_networks import random_network
from shiftwire.ir.cost import memory
from shiftwire.ir.fold import Port
from shiftwire.ir.module import LineBuffer, Module
from shiftwire.ir.nest import Access, Nest, at, each_beat, every, joining, packets, repeating, splitting
from shiftwire.ir.rtl_network import Actor, Reads, RtlNetwork, RtlUnit, Stream, Writes
from shiftwire.schedule.depths import interval, layer_cycles, with_depths
from shiftwire.schedule.lowering import lowered
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.tokens import delay, simulate
from single_layers import single_layers

CASES = single_layers()
FRAMES, ROUNDS = 4, 16

Times = list[int]


class Plan:
    """Cycles of one frame, of which every later one is a copy `period` cycles behind."""

    def __init__(self, network: RtlNetwork) -> None:
        self.network = network
        self.period = max(actor.iterations for unit in network.units for actor in unit.actors)
        beats = network.streams[network.input].port.beats
        self.there: dict[str, Times] = {network.input: [beat * self.period // beats for beat in range(beats)]}
        self.taken: dict[str, Times] = {}
        self.gone: dict[str, Times] = {}
        self.rows: dict[str, int] = {}
        pulled = None
        for unit in network.units:
            paced_reader = any(unit.outputs[0] in other.inputs and other.module.is_paced for other in network.units)
            if pulled is not None and pulled.outputs[0] == unit.inputs[0]:
                self._window(pulled, unit.actors[0])
                pulled = None
            elif unit.module.line_buffer is not None and paced_reader:
                pulled = unit
            elif unit.module.line_buffer is not None:
                self._window(unit, None)
            elif unit.module.is_paced:
                self._evenly(unit.actors[0], 0)
            else:
                self._promptly(unit.actors[0])
        self.gone[network.output] = self.there[network.output]

    def _place(self, actor: Actor, times: Times) -> None:
        for reads in actor.reads:
            self.gone[reads.stream] = [times[iteration] for iteration in reads.pop]
        for writes in actor.writes:
            later = delay(self.network, actor, writes.stream)
            self.taken[writes.stream] = [times[iteration] for iteration in writes.reserve]
            self.there[writes.stream] = [times[iteration] + later for iteration in writes.emit]

    def _even(self, actor: Actor) -> Times:
        return [iteration * self.period // actor.iterations for iteration in range(actor.iterations)]

    def _evenly(self, actor: Actor, start: int) -> None:
        """Spread over the period, so late that every beat is there."""
        even = self._even(actor)
        for reads in actor.reads:
            for beat, iteration in enumerate(reads.need):
                start = max(start, self.there[reads.stream][beat] - even[iteration])
        self._place(actor, [time + start for time in even])

    def _promptly(self, actor: Actor) -> None:
        """One iteration a cycle, each as soon as its beats are there; the fourth frame is what all later ones are."""
        now, times = -(10**9), []
        for frame in range(FRAMES):
            for iteration in range(actor.iterations):
                now += 1
                for reads in actor.reads:
                    for beat in np.flatnonzero(reads.need == iteration):
                        now = max(now, self.there[reads.stream][beat] + frame * self.period)
                times.append(now - (FRAMES - 1) * self.period)
        self._place(actor, times[-actor.iterations :])

    def _window(self, unit: RtlUnit, reader: Actor | None) -> None:
        buffer = unit.module.line_buffer
        assert buffer is not None
        bits = buffer.bits
        while not self._agree(unit, (1 << bits) // buffer.row_words, reader):
            bits += 1
        self.rows[f"{unit.name}_ring"] = (1 << bits) // buffer.row_words

    def _agree(self, unit: RtlUnit, rows: int, reader: Actor | None) -> bool:
        store, give = unit.actors
        (reads,), (writes,) = store.reads, store.writes
        times = self.there[reads.stream]
        for _ in range(ROUNDS):
            self.taken[writes.stream] = [times[iteration] for iteration in writes.reserve]
            self.there[writes.stream] = [times[iteration] + 1 for iteration in writes.emit]
            if reader is None:
                self._evenly(give, 0)
            else:
                self._pulled(give, reader)
            delayed = self._stored(reads, writes, rows)
            if delayed == times:
                self.gone[reads.stream] = times
                return True
            times = delayed
        return False

    def _pulled(self, give: Actor, reader: Actor) -> None:
        """Each beat just before the reader, spread evenly, looks at it."""
        (rows,), (writes,), (needs,) = give.reads, give.writes, reader.reads
        even, later = self._even(reader), delay(self.network, give, writes.stream)
        times = [even[iteration] - later for iteration in needs.need]
        start = max(self.there[rows.stream][row] - times[iteration] for row, iteration in enumerate(rows.need))
        self._place(give, [time + start for time in times])
        self._evenly(reader, start)

    def _stored(self, reads: Reads, writes: Writes, rows: int) -> Times:
        """A beat a cycle, the first of a row once the row that had its place is gone."""
        now, times = -(10**9), []
        there, gone, count = self.there[reads.stream], self.gone[writes.stream], len(writes.reserve)
        for frame in range(FRAMES):
            for beat in range(len(there)):
                now = max(now + 1, there[beat] + frame * self.period)
                for row in np.flatnonzero(writes.reserve == beat):
                    before = frame * count + int(row) - rows
                    if before >= 0:
                        now = max(now, gone[before % count] + before // count * self.period + 1)
                times.append(now - (FRAMES - 1) * self.period)
        return times[-len(there) :]

    def deepest(self, stream: str) -> int:
        """Beats of all frames that ever have a place at once; a place is free the cycle after its beat has gone."""
        taken, gone = self.taken[stream], self.gone[stream]
        reach = (max(gone) - min(taken)) // self.period + 2
        most = 1
        for cycle in taken:
            come = sum(time + frame * self.period <= cycle for time in taken for frame in range(-reach, reach + 1))
            left = sum(time + frame * self.period < cycle for time in gone for frame in range(-reach, reach + 1))
            most = max(most, come - left)
        return most

    def depths(self) -> dict[str, int]:
        return {name: self.deepest(name) for name in self.network.streams if name != self.network.input}


def check(network: RtlNetwork) -> RtlNetwork:
    first = Plan(network).depths()
    blocks = frozenset(name for name, depth in first.items() if memory(depth, network.streams[name].width).bram36 > 0)
    plan, planned = Plan(replace(network, blocks=blocks)), with_depths(network)
    assert planned.blocks == blocks
    assert planned.depths == plan.depths()
    assert planned.line_buffers == plan.rows
    buffers = [unit.module.line_buffer for unit in planned.units]
    assert [buffer.rows for buffer in buffers if buffer is not None] == list(plan.rows.values())
    return planned


def unit(name: str, nest: Nest, inputs: str, outputs: str, stages: int = 0, *, is_paced: bool = False) -> RtlUnit:
    """Each letter is a stream."""
    return RtlUnit(name, Module("m", {}, nest, stages, is_paced=is_paced), tuple(inputs), tuple(outputs), name[0])


def network(units: list[RtlUnit], width: int = 8, **beats: int) -> RtlNetwork:
    """From x to y, with so many beats a frame on each stream."""
    streams = {name: Stream(name, width, Port(1, count)) for name, count in beats.items()}
    return RtlNetwork("net", ("x",), ("y",), tuple(units), streams)


def windowed(rows: int, kernel: int, beats_a_row: int, *, is_paced: bool, slow: int = 1) -> RtlNetwork:
    """Windows of `kernel` rows of 2 beats, the first at once with row `kernel`, in front of a unit of `slow` steps."""
    beats, positions = every(rows * 2), rows - kernel + 1
    storing = Nest(rows * 2, (at(beats),), Access(beats[::2], beats[1::2]))
    need = np.maximum(every(rows) - kernel + 1, 0) * beats_a_row
    pop = np.minimum(every(rows) + 1, positions) * beats_a_row - 1
    leaving = positions * beats_a_row
    giving = Nest(leaving, (Access(need, pop),), at(every(leaving)))
    bits = (2 * kernel - 1).bit_length()
    module = Module("m", {}, giving, 2, line_buffer=LineBuffer(bits, 2, 8, storing))
    reader = unit("r", repeating(leaving, slow), "a", "y", 3, is_paced=is_paced)
    window = RtlUnit("w", module, ("x",), ("a",), "w")
    return network([window, reader], x=rows * 2, a=leaving, y=leaving)


TOYS = {
    "one": network([unit("u", each_beat(6), "x", "y")], x=6, y=6),
    "late": network([unit("u", each_beat(6), "x", "y", 4)], x=6, y=6),
    "wide": network(
        [unit("u", each_beat(100), "x", "a", 80), unit("v", each_beat(100), "a", "y")], 40, x=100, a=100, y=100
    ),
    "packets": network([unit("u", packets(2, 6), "x", "a"), unit("v", each_beat(12), "a", "y")], x=12, a=12, y=12),
    "split, joined": network(
        [unit("u", splitting(3, 4), "x", "a", 1), unit("v", joining(4, 3), "a", "y")], x=3, a=12, y=4
    ),
    "slow": network([unit("u", each_beat(8), "x", "a"), unit("v", repeating(8, 3), "a", "y", 2)], x=8, a=8, y=8),
    "paced": network(
        [unit("u", packets(1, 8), "x", "a"), unit("v", repeating(8, 3), "a", "y", 2, is_paced=True)], x=8, a=8, y=8
    ),
    "paced in front": network(
        [unit("u", repeating(8, 2), "x", "a", 2, is_paced=True), unit("v", packets(1, 8), "a", "y")], x=8, a=8, y=8
    ),
    "branches": network(
        [
            unit("f", each_beat(8), "x", "ab"),
            unit("s", packets(2, 4), "a", "c", 5),
            unit("j", each_beat(8, 2), "cb", "y"),
        ],
        x=8, a=8, b=8, c=8, y=8,
    ),
    "window": windowed(6, 3, 4, is_paced=False),
    "window before sums": windowed(6, 3, 4, is_paced=True),
    "window before slow sums": windowed(7, 2, 3, is_paced=True, slow=4),
    "window that gives little": windowed(9, 2, 1, is_paced=False),
    "window of all rows": windowed(4, 4, 9, is_paced=True),
}  # fmt: skip


@pytest.mark.parametrize("name", TOYS)
def test_toys(name: str) -> None:
    check(TOYS[name])


LAYERS = [
    "shift_conv", "shift_conv_depthwise", "shift_conv_line", "adder_conv", "max_pool", "max_pool_line", "average_pool",
    "sum_pool", "pad", "flatten", "concat", "add", "shift_dense", "strides_beyond_the_kernel", "shift_conv_pointwise",
]  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str, seed: int) -> None:
    """Small ones alone: the loops take long over many iterations."""
    rtl = lowered(pipeline(CASES[name], some_folds(CASES[name], seed)), "net", unroll=False)
    if interval(rtl) < 100:
        planned = check(rtl)
        assert simulate(planned, 6).interval == interval(rtl)


@pytest.mark.parametrize("seed", [2, 6, 11, 17])
def test_networks(seed: int) -> None:
    drawn = random_network(seed)
    units = pipeline(drawn, some_folds(drawn, seed))
    if units.instances:
        rtl = lowered(units, "net", unroll=False)
        if interval(rtl) < 100:
            check(rtl)


def test_buffers_by_hand() -> None:
    """A beat takes its place when it is written, is there a cycle and its stages later, and then goes at once."""
    assert with_depths(TOYS["one"]).depths == {"y": 2}
    assert with_depths(TOYS["late"]).depths == {"y": 6}


def test_cycles_of_layers() -> None:
    """Of the slowest unit of each, in the order of the units."""
    rtl = network(
        [
            unit("b1", each_beat(6), "x", "a"),
            unit("a1", repeating(6, 5), "a", "b"),
            unit("b2", packets(1, 6), "b", "c"),
            unit("a2", each_beat(6), "c", "y"),
        ],
        x=6, a=6, b=6, c=6, y=6,
    )  # fmt: skip
    assert list(layer_cycles(rtl).items()) == [("b", 12), ("a", 30)]
    assert interval(rtl) == 30
    assert layer_cycles(windowed(6, 3, 4, is_paced=False)) == {"w": 16, "r": 16}
    assert layer_cycles(windowed(9, 2, 1, is_paced=False)) == {"w": 18, "r": 8}
