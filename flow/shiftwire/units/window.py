"""The window unit: image rows come in, windows leave tap by tap; and what gathers taps into wider beats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

import numpy as np

from shiftwire.ir.cfg import Cfg, Table, settings
from shiftwire.ir.cost import Array, Cost, memory
from shiftwire.ir.fold import Port
from shiftwire.ir.module import LineBuffer, Module
from shiftwire.ir.nest import Access, Nest, at, every
from shiftwire.ir.unit import MEMORY_CYCLES, Surroundings, Unit
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.units.width import width_unit

CONTROL_LUT = 120
"""Counters and addresses, modelled."""


@dataclass(frozen=True, slots=True)
class Taps:
    """What leaves a window unit in a beat: `count` taps of `channels` each, block of channels by block."""

    count: int
    channels: int
    block_channels: int


@dataclass(frozen=True, eq=False)
class WindowUnit(Unit):
    """Windows over an image of `shape` (spatial..., C) whose codes arrive `lanes` channels a beat.

    `fill` is the code of a padded position. In C++ the rows of windows leave while further image rows come in; the
    SystemVerilog has two sides, each at its own pace, and a line buffer between them. No hardware needs spare rows.
    Of so many positions `together`, side by side, each tap comes in turn: only where a beat is no more than one.
    """

    function = "window"
    window: Window
    shape: tuple[int, ...]
    format: Fixed
    lanes: int
    taps: Taps
    fill: int = 0
    spare_rows: int = 0
    together: int = 1

    @property
    def _image(self) -> tuple[int, int]:
        return _two(self.shape[:-1])

    @property
    def _positions(self) -> tuple[int, int]:
        return _two(self.window.output(self.shape[:-1]))

    @property
    def _kernel(self) -> tuple[int, int]:
        return _two(self.window.kernel)

    @property
    def _stride(self) -> tuple[int, int]:
        return _two(self.window.stride)

    @property
    def _pad(self) -> tuple[int, int]:
        return _two(self.window.begin, 0)

    @property
    def _row_beats(self) -> int:
        """Beats of an image row."""
        return self._image[1] * self.shape[-1] // self.lanes

    @property
    def row_writes(self) -> int:
        """Beats that leave in a row of windows."""
        taps = self.taps
        return self._positions[1] * prod(self.window.kernel) * self.shape[-1] // (taps.count * taps.channels)

    @property
    def _rows_held(self) -> int:
        """Image rows of the smallest line buffer, and what is spare."""
        return self._kernel[0] + self._stride[0] + self.spare_rows

    def remembering(self, beats: int) -> WindowUnit:
        """With a line buffer in which what the last `beats` beats of windows were made of still stands."""
        return replace(self, spare_rows=-(-beats // self.row_writes) * self._stride[0])

    @cached_property
    def _row_reads(self) -> Codes:
        """Image rows read before the first row of windows, then while each row of windows leaves."""
        height = self._image[0]
        last = np.arange(self._positions[0]) * self._stride[0] - self._pad[0] + self._kernel[0]
        return np.diff(np.append(np.clip(last, 0, height), height), prepend=0)

    @property
    def reads(self) -> tuple[Port, ...]:
        return (Port(self.lanes, self._image[0] * self._row_beats),)

    @property
    def writes(self) -> Port:
        return Port(self.taps.count * self.taps.channels, self._positions[0] * self.row_writes)

    @property
    def iterations(self) -> int:
        """The first rows come in, then rows leave while others come."""
        return int(self._row_steps.sum())

    @property
    def _row_steps(self) -> Codes:
        """Iterations before the first row of windows, then while each row of windows leaves."""
        steps = self._row_reads * self._row_beats
        steps[1:] = np.maximum(steps[1:], self.row_writes)
        return steps

    @property
    def _banks(self) -> int:
        """Memories of a row in the line buffer, so that taps side by side are read at once."""
        return min(self.taps.count, self._kernel[1])

    @property
    def hls_arrays(self) -> tuple[Array, ...]:
        words = -(-self._image[1] // self._banks) * (self.shape[-1] // self.taps.channels)
        return (Array(words, self.taps.channels * self.format.bits, copies=self._rows_held * self._banks),)

    @property
    def hls_steps(self) -> int:
        """What is due, a place, a word, the choice among banks."""
        return MEMORY_CYCLES + 4

    @cached_property
    def cfg(self) -> Cfg:
        taps, rows, banks = self.taps, self._rows_held, self._banks
        (in_height, in_width), stride, pad = self._image, self._stride, self._pad
        chunks = self.shape[-1] // taps.channels
        steps = self._row_steps
        phases = np.flatnonzero(steps)
        members = settings(
            iterations=self.iterations,
            phases=len(phases),
            has_fill=bool(steps[0] > 0),
            row_writes=self.row_writes,
            in_height=in_height,
            in_width=in_width,
            chunks=chunks,
            block_chunks=taps.block_channels // taps.channels,
            together=self.together,
            tap_channels=taps.channels,
            tap_rows=taps.count // banks,
            banks=banks,
            bank_words=-(-in_width // banks) * chunks,
            first_bank=-pad[1] % banks,
            first_place=-pad[1] // banks * chunks,
            bank_step=stride[1] % banks,
            place_step=stride[1] // banks * chunks,
            kernel_height=self._kernel[0],
            kernel_width=self._kernel[1],
            stride_height=stride[0],
            stride_width=stride[1],
            pad_top=pad[0],
            pad_left=pad[1],
            rows=rows,
            rows_used=int(self._row_reads[:-1].sum()),
            first_slot=-pad[0] % rows,
            slot_step=stride[0] % rows,
            fill=self.fill,
        )
        reads = (self._row_reads * self._row_beats)[phases]
        tables = (Table.counts("reads", reads), Table.counts("steps", steps[phases]))
        return Cfg(members, tuple(replace(table, places=None) for table in tables))

    @cached_property
    def nest(self) -> Nest:
        rows, row_writes = self._row_reads * self._row_beats, self.row_writes
        reads, writes, start = [every(int(rows[0]))], [], int(rows[0])
        for row in rows[1:]:
            steps = max(int(row), row_writes)
            reads.append(start + _spread(int(row), steps))
            writes.append(start + _spread(row_writes, steps))
            start += steps
        return Nest(start, (at(np.concatenate(reads)),), at(np.concatenate(writes)))

    @property
    def cost(self) -> Cost:
        """The rows that it holds, once for each tap that it gives at a time."""
        rows = self._rows_held if self.window.axes == 2 else 1
        words = 1 << (rows * self.shape[-2] * self.shape[-1] // self.taps.channels - 1).bit_length()
        buffer = memory(words, self.taps.channels * self.format.bits)
        return buffer * self.taps.count + Cost(lut=CONTROL_LUT)

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        buffer = self._line_buffer(around.bram36_lut)
        return (Module("sw_window", self._parameters(), self._giving(), buffer.stages, line_buffer=buffer),)

    def _line_buffer(self, bram36_lut: float) -> LineBuffer:
        row, beats = self._row_beats, every(self.reads[0].beats)
        bits = max((self._rows_held * row - 1).bit_length(), 1)
        storing = Nest(len(beats), (at(beats),), Access(beats[::row], beats[row - 1 :: row]))
        return LineBuffer(bits, row, self.lanes * self.format.bits, storing, bram36_lut)

    def _parameters(self) -> Mapping[str, int]:
        (in_height, in_width), (out_height, out_width) = self._image, self._positions
        return {
            "IN_HEIGHT": in_height,
            "IN_WIDTH": in_width,
            "OUT_HEIGHT": out_height,
            "OUT_WIDTH": out_width,
            "KERNEL_HEIGHT": self._kernel[0],
            "KERNEL_WIDTH": self._kernel[1],
            "STRIDE_HEIGHT": self._stride[0],
            "STRIDE_WIDTH": self._stride[1],
            "PAD_TOP": self._pad[0],
            "PAD_LEFT": self._pad[1],
            "BLOCKS": self.shape[-1] // self.taps.block_channels,
            "TAPS": self.taps.count,
            **({"TOGETHER": self.together} if self.together > 1 else {}),
            "CHUNKS": self.taps.block_channels // self.lanes,
            "LANES": self.lanes,
            "CODE_BITS": self.format.bits,
            "FILL": self.fill % (1 << self.format.bits),
        }

    def _giving(self) -> Nest:
        """The side that gives windows; its beats are image rows."""
        height, row_writes = self._image[0], self.row_writes
        tops = every(self._positions[0]) * self._stride[0] - self._pad[0]
        first = np.append(np.clip(tops, 0, height), height)
        end = np.clip(tops + self._kernel[0], 1, height)
        rows = every(height)
        # the first row of windows that wants image row k to be there (the last rows may be wanted by none), and the
        # last one that holds on to it
        need = np.searchsorted(end, rows[: end[-1]], side="right") * row_writes
        pop = (np.searchsorted(first[1:], rows, side="right") + 1) * row_writes - 1
        leaving = every(self.writes.beats)
        return Nest(len(leaving), (Access(need, pop),), at(leaving))


def taps_for(window: Window, shape: tuple[int, ...], many: Taps, working_cycles: int) -> Taps:
    """One tap at a time where that does not hold up a unit that works so many cycles a frame, else `many`.

    Several at once, whole rows of the kernel or equal parts of one, want more memories; single ones are gathered behind
    the window unit.
    """
    one = Taps(1, many.channels, many.block_channels)
    width = window.kernel[-1]
    fits = width % many.count == 0 or (many.count % width == 0 and prod(window.kernel) % many.count == 0)
    fits &= many.count == 1 or many.channels == many.block_channels
    if not fits:
        return one
    alone = WindowUnit(window, shape, Fixed(1, 0, signed=False), many.channels, one)
    return many if alone.iterations > working_cycles else one


def feeding(unit: WindowUnit, wanted: Port) -> tuple[Unit, ...]:
    """The window unit and, where its beats are others than wanted, the one that gathers its taps."""
    return (unit,) if unit.writes == wanted else (unit, width_unit(unit.format, unit.writes, wanted))


def _spread(events: int, steps: int) -> Codes:
    """Steps at which a counter that grows by `events` passes multiples of `steps`."""
    return -(-np.arange(1, events + 1) * steps // events) - 1 if events else np.zeros(0, np.int64)


def _two(sizes: tuple[int, ...], missing: int = 1) -> tuple[int, int]:
    return (sizes[0], sizes[1]) if len(sizes) == 2 else (missing, sizes[0])
