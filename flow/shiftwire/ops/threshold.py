"""Threshold and Lookup: what float operations between codes and codes become, exactly, by a staircase or a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.cfg import Cfg, CodeType, Table, settings
from shiftwire.ir.cost import LUTRAM_WORDS
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.module import Memory, Module
from shiftwire.ir.network import Op, Operations, Tensor, Witness
from shiftwire.ir.unit import MEMORY_CYCLES, BeatUnit, Surroundings, Unit
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.units.lookup import LookupUnit

MOST_LOOKUP_BITS = 10
"""Of the codes that a table is read by: each lane has a memory of so many words."""


@dataclass(frozen=True, eq=False)
class ThresholdUnit(BeatUnit):
    """Multi-threshold: base + step * count of thresholds reached, channel by channel; a search counts them.

    thresholds  (channels, steps), ascending; base, step  (channels,).
    """

    function = "threshold"
    thresholds: Codes
    base: Codes
    step: Codes

    @cached_property
    def cfg(self) -> Cfg:
        lanes, folds = self.port.lanes, self.thresholds.shape[0] // self.port.lanes
        search = self._search
        outputs = self._outputs
        words = np.zeros((lanes, 1), np.int64) if outputs is None else _by_lane(outputs, folds)
        members = settings(
            iterations=self.iterations,
            lanes=lanes,
            folds=folds,
            counts=1 << len(search.levels),
            has_outputs=outputs is not None,
            output_words=words.shape[1],
            base=0 if outputs is not None else int(self.base[0]),
            acc_t=CodeType(self.format.signed_bits),
            wide_t=CodeType(search.bits),
        )
        bounds = (
            _table(f"bound_{chr(97 + at)}", _by_lane(level, folds), is_deduced=True)
            for at, level in enumerate(search.levels)
        )
        return Cfg(members, (_table("output", words), *bounds))

    @property
    def hls_steps(self) -> int:
        """A bound and a comparison for each stage, then the output."""
        return (MEMORY_CYCLES + 1) * (len(self._search.levels) + 1)

    @cached_property
    def _search(self) -> _Search:
        return _Search.of(self.thresholds, self.x)

    @property
    def _outputs(self) -> Codes | None:
        """Codes (channels, counts) by count; None where they are one base and the count."""
        if (self.step == 1).all() and np.ptp(self.base) == 0:
            return None
        steps, counts = self.thresholds.shape[1], 1 << len(self._search.levels)
        codes: Codes = self.base[:, None] + self.step[:, None] * np.minimum(np.arange(counts), steps)
        return codes

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        search, outputs = self._search, self._outputs
        memories = tuple(
            Memory(chr(97 + at), level.reshape(-1, 1), search.bits) for at, level in enumerate(search.levels)
        )
        if outputs is not None:
            memories += (Memory("y", outputs.reshape(-1, 1), self.format.bits),)
        parameters = {
            "LANES": self.port.lanes,
            "CHANNELS": len(self.thresholds),
            "STAGES": len(search.levels),
            "BOUND_BITS": search.bits,
            "LEVELS": int(outputs is not None),
            "BASE": 0 if outputs is not None else int(self.base[0]),
            **self.formats,
        }
        late = len(search.levels) + (outputs is not None)
        return (Module("sw_threshold", parameters, self.nest, late, memories, reads_stem=True),)


@dataclass(frozen=True, eq=False)
class _Search:
    """Thresholds as a binary search reads them: level i has 2**i of each channel, (channels, 2**i), in `bits` bits.

    The number of thresholds is filled up to a power of two less one, with bounds beyond all codes.
    """

    levels: tuple[Codes, ...]
    bits: int

    @classmethod
    def of(cls, rows: Codes, x: Fixed) -> _Search:
        """The search of thresholds (channels, steps) for codes of the format `x`."""
        channels, steps = rows.shape
        stages = steps.bit_length()
        beyond = max(x.hi, int(rows.max())) + 1
        padded = np.full((channels, (1 << stages) - 1), beyond)
        padded[:, :steps] = rows
        halves = [1 << (stages - level - 1) for level in range(stages)]
        bits = Fixed.covering(min(x.lo, int(rows.min())), beyond, 0).signed_bits
        return cls(tuple(padded[:, half - 1 :: 2 * half] for half in halves), bits)


def _by_lane(codes: Codes, folds: int) -> Codes:
    """Codes (channels, n) as (lanes, folds * n): channel c is lane c % lanes of fold c // lanes."""
    words: Codes = codes.reshape(folds, -1, codes.shape[1]).transpose(1, 0, 2).reshape(len(codes) // folds, -1)
    return words


@dataclass(frozen=True, eq=False)
class Threshold(Op):
    """y[..., c] = base[c] + step[c] * count(x[..., c] >= thresholds[c]), on the grid 2**-frac.

    thresholds  (channels, steps), ascending codes on the input's own grid 2**-x_frac; base, step  (channels,).
    A negative step is a falling staircase, a base of -1 with a step of 2 a sign.
    """

    unit_types = (ThresholdUnit,)

    thresholds: Codes
    base: Codes
    step: Codes
    x_frac: int
    frac: int

    def __post_init__(self) -> None:
        channels = self.thresholds.shape[0]
        if self.thresholds.ndim != 2 or self.base.shape != (channels,) or self.step.shape != (channels,):
            raise InputError(
                f"thresholds {self.thresholds.shape}, base {self.base.shape} and step {self.step.shape} do not fit; "
                "give (channels, steps), (channels,) and (channels,)"
            )
        if (np.diff(self.thresholds, axis=1) < 0).any():
            raise InputError("thresholds that fall make no staircase; sort each channel's row")

    @cached_property
    def _rows(self) -> int:
        """How many channels have thresholds of their own: those that are alike share the logic of a lane."""
        return len(np.unique(self.thresholds, axis=0))

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        channels = self.thresholds.shape[0]
        if x.shape[-1] != channels:
            raise InputError(f"thresholds of {channels} channels cannot read shape {x.shape}; its last axis must match")
        if x.format.frac != self.x_frac:
            raise InputError(
                f"thresholds in steps of 2^{-self.x_frac} cannot read values in steps of 2^{-x.format.frac}; "
                f"write them on the input's grid"
            )
        ends = np.stack([self.base, self.base + self.step * self.thresholds.shape[1]])
        return Tensor(x.shape, Fixed.covering(int(ends.min()), int(ends.max()), self.frac))

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        channels = self.thresholds.shape[0]
        counts = [np.searchsorted(self.thresholds[c], codes[0][..., c], side="right") for c in range(channels)]
        return self.base + self.step * np.stack(counts, axis=-1)

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        x, (channels, steps) = inputs[0].format, self.thresholds.shape
        # a lane for each channel has no others' bounds; fewer lanes hold all of them
        rows = 1 if fold.pe == channels else self._rows
        lane_lut = ceil(steps.bit_length() * x.bits + rows * steps * x.bits / LUTRAM_WORDS)
        port = Port.of(output.size, fold.pe)
        return (ThresholdUnit(port, x, output.format, self.thresholds, self.base, self.step, lane_lut=lane_lut),)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        channel = index[-1]
        return (("input", codes[0][index].reshape(1)), ("thresholds", self.thresholds[channel]))

    @property
    def weight_bits(self) -> int:
        tables = (self.thresholds, self.base, self.step)
        return sum(_table("", codes).type.bits * codes.size for codes in tables)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        uses = output.size * self.thresholds.shape[1]
        return Operations(compares=uses, adds=uses)


def _table(name: str, codes: Codes, *, is_deduced: bool = False) -> Table:
    return Table(name, codes, CodeType.holding(codes), is_deduced, places=1)


@dataclass(frozen=True, eq=False)
class Lookup(Op):
    """y[..., c] = table[c][x[..., c] - x.lo], on the grid 2**-frac: any function of a code, falling and rising.

    table  (channels or 1, 2**x.bits), codes of the output from the lowest code of the format `x` on.
    """

    unit_types = (LookupUnit,)

    table: Codes
    x: Fixed
    frac: int

    def __post_init__(self) -> None:
        if self.x.bits > MOST_LOOKUP_BITS:
            raise InputError(
                f"a table of the codes of {self.x} has {1 << self.x.bits} words; {MOST_LOOKUP_BITS} bits would do, so "
                "quantize to them in front"
            )
        if self.table.ndim != 2 or self.table.shape[1] != 1 << self.x.bits:
            raise InputError(
                f"a table of shape {self.table.shape} does not fit codes of {self.x}; give (channels or 1, "
                f"{1 << self.x.bits})"
            )

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        rows = len(self.table)
        if rows not in (1, x.shape[-1]):
            raise InputError(f"tables of {rows} channels cannot read shape {x.shape}; its last axis must match")
        if x.format != self.x:
            raise InputError(f"a table of the codes of {self.x} cannot read {x.format}; write it for these")
        return Tensor(x.shape, Fixed.covering(int(self.table.min()), int(self.table.max()), self.frac))

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        channel = np.arange(len(self.table))  # the one row broadcasts
        outputs: Codes = self.table[channel, codes[0] - self.x.lo]
        return outputs

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        port = Port.of(output.size, fold.pe)
        return (LookupUnit(port, self.x, output.format, self.table, lane_lut=0),)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        code, channel = codes[0][index], index[-1] % len(self.table)
        return (("input", code.reshape(1)), ("table", self.table[channel, code - self.x.lo].reshape(1)))

    @property
    def weight_bits(self) -> int:
        return CodeType.holding(self.table).bits * self.table.size

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()
