"""Threshold: what scale, batch norm, Relu and quantizer become together, exactly, whatever the float scales."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from shiftwire.ir.unit import BeatUnit, Surroundings, Unit
from shiftwire.numbers.fixed import Codes, Fixed


@dataclass(frozen=True, eq=False)
class ThresholdUnit(BeatUnit):
    """Multi-threshold: base + step * count of thresholds reached, channel by channel; C++ counts, RTL searches.

    thresholds  (channels, steps), ascending; base, step  (channels,).
    """

    function = "threshold"
    thresholds: Codes
    base: Codes
    step: Codes

    @cached_property
    def cfg(self) -> Cfg:
        lanes, (channels, steps) = self.port.lanes, self.thresholds.shape
        ends = (self.x.lo, self.x.hi, int(self.thresholds.min()), int(self.thresholds.max()))
        members = settings(
            beats=self.port.beats,
            lanes=lanes,
            folds=channels // lanes,
            steps=steps,
            acc_t=CodeType(self.format.signed_bits),
            wide_t=CodeType(Fixed.covering(min(ends), max(ends), 0).signed_bits),
        )
        rows = self.thresholds.reshape(channels // lanes, lanes, steps).transpose(0, 2, 1)
        return Cfg(members, (_table("threshold", rows), _table("base", self.base), _table("step", self.step)))

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        rows, base, step = self.thresholds, self.base, self.step
        channels, steps = rows.shape
        stages = steps.bit_length()
        beyond = max(self.x.hi, int(rows.max())) + 1
        bound = Fixed.covering(min(self.x.lo, int(rows.min())), beyond, 0)
        is_counted = bool((step == 1).all() and np.ptp(base) == 0)
        memories = tuple(_levels(rows, stages, beyond, bound.signed_bits))
        if not is_counted:
            outputs = base[:, None] + step[:, None] * np.minimum(np.arange(1 << stages), steps)
            memories += (Memory("y", outputs.reshape(-1, 1), self.format.bits),)
        parameters = {
            "LANES": self.port.lanes,
            "CHANNELS": channels,
            "STAGES": stages,
            "BOUND_BITS": bound.signed_bits,
            "LEVELS": int(not is_counted),
            "BASE": int(base[0]) if is_counted else 0,
            **self.formats,
        }
        late = stages + (not is_counted)
        return (Module("sw_threshold", parameters, self.nest, late, memories, reads_stem=True),)


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
        x, steps = inputs[0].format, self.thresholds.shape[1]
        lane_lut = ceil(steps.bit_length() * x.bits + self.thresholds.size * x.bits / LUTRAM_WORDS)
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


def _table(name: str, codes: Codes) -> Table:
    return Table(name, codes.ravel(), CodeType.holding(codes))


def _levels(rows: Codes, stages: int, beyond: int, bits: int) -> Iterator[Memory]:
    """Thresholds (channels, steps) as a search reads them: level i has 2**i of each channel, `beyond` where none is."""
    channels, steps = rows.shape
    padded = np.full((channels, (1 << stages) - 1), beyond)
    padded[:, :steps] = rows
    for level in range(stages):
        half = 1 << (stages - level - 1)
        yield Memory(chr(97 + level), padded[:, half - 1 :: 2 * half].reshape(-1, 1), bits)
