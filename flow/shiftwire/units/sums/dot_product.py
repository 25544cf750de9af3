"""What the matrix-vector and the vector-vector unit share: weights on folds of inputs, sums, and the bias behind."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import ceil, prod
from typing import ClassVar

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.ir.cfg import Cfg, CodeType, Setting, Table, settings
from shiftwire.ir.cost import LUTRAM_WORDS, Cost, memory, rom
from shiftwire.ir.fold import Fold
from shiftwire.ir.module import Memory, Module, Parameter, Pe, RawSums
from shiftwire.ir.unit import MEMORY_CYCLES, Surroundings, Unit
from shiftwire.ir.weights import PeCodes, TapSums, Weights
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.units.finish import Finish
from shiftwire.units.sums.order import Steps

CONTROL_LUT = 60
"""Counters of a unit that sums, modelled."""


@dataclass(frozen=True, eq=False)
class DotProduct(Unit):
    """Sums of weights on inputs of the format `x`, `positions` times a frame, with `bias`, in codes of `format`."""

    narrows = True
    is_depthwise: ClassVar[bool] = False
    weights: Weights
    bias: Bias
    x: Fixed
    format: Fixed
    positions: int
    fold: Fold

    @property
    def synapse_folds(self) -> int:
        """Input beats of a sum."""
        return prod(self.weights.shape[1:]) // self.fold.simd

    @property
    @abstractmethod
    def neuron_folds(self) -> int:
        """Sums of `pe` filters each that are made of the same inputs, or of a block of channels."""

    @property
    @abstractmethod
    def fold_terms(self) -> Codes:
        """k of each neuron fold, in the order of the cycles."""

    @property
    @abstractmethod
    def steps(self) -> Steps:
        """The iterations of a position."""

    @property
    @abstractmethod
    def order(self) -> Codes:
        """Filters in the order of the cycles, (out,)."""

    @property
    @abstractmethod
    def rom(self) -> Codes:
        """Weight codes, flat, in the order of the cycles."""

    @property
    @abstractmethod
    def _sizes(self) -> tuple[Setting, ...]:
        """First members of the Cfg."""

    @abstractmethod
    def _places(self, around: Surroundings) -> Mapping[str, int]:
        """Parameters of the module that count its loops."""

    @property
    @abstractmethod
    def _is_replayed(self) -> bool:
        """Whether inputs are read back from a memory."""

    @abstractmethod
    def _by_pe(self, codes: Codes) -> Codes:
        """ROM codes (cycles, pe, simd)."""

    @property
    def circle(self) -> int:
        """Lanes that a stored weight serves (see Weights.circle); 1 where the fold cuts blocks or order is lost."""
        return 1

    def _stored(self, words: Codes) -> Codes:
        """What a ROM has of words (cycles, pe * simd): of a circulant block its first row."""
        circle, fold = self.circle, self.fold
        blocks = words.reshape(len(words), fold.pe // circle, circle, fold.simd // circle, circle)
        return np.ascontiguousarray(blocks[:, :, 0]).reshape(len(words), -1)

    @property
    def cycles_a_position(self) -> int:
        """Iterations of a position."""
        return self.steps.cycles

    @property
    def whole_cycles(self) -> int:
        """What they would be if none were left out."""
        return self.synapse_folds * int(self.fold_terms.sum())

    @property
    def iterations(self) -> int:
        return self.positions * self.cycles_a_position

    @property
    def read_formats(self) -> tuple[Fixed, ...]:
        return (self.x,)

    @property
    def widest_word(self) -> int:
        weights = (
            self.fold.pe * self.fold.simd // self.circle * self.weights.rom_type.bits
            if self.cycles_a_position > 1
            else 0
        )
        return max(super().widest_word, weights)

    @property
    def hls_steps(self) -> int:
        """A word, what each tap adds, a tree of sums, the sum before, and what stands behind a sum."""
        return MEMORY_CYCLES + 2 + (self.fold.simd - 1).bit_length() + 1 + 3

    @property
    def grid_shift(self) -> int:
        """How much finer the output's grid is than that of the sums."""
        return self.format.frac - self.weights.frac(self.x)

    @cached_property
    def _tap_sums(self) -> TapSums:
        return self.weights.tap_sums(self.x, is_depthwise=self.is_depthwise)

    @cached_property
    def _biases(self) -> Table:
        return self.bias.table(self.format.frac, self.order)

    @cached_property
    def cfg(self) -> Cfg:
        return self._with_weights(self.circle)

    def _with_weights(self, circle: int) -> Cfg:
        """The Cfg whose words have a row of each circulant block, or all of them where `circle` is 1."""
        further = self.steps.further
        members = (
            *settings(iterations=self.iterations, folds=len(self.fold_terms)),
            *self._sizes,
            *(() if self.is_depthwise else settings(circle=circle)),
            *settings(cycles=self.cycles_a_position, term_words=len(further), sum_t=self._tap_sums.sum_type),
            *self._tap_sums.members,
            *self.bias.members(self.weights.frac(self.x), self.format),
        )
        words = self.rom.reshape(self.cycles_a_position, -1)
        weight = Table("weight", words if circle == 1 else self._stored(words), self.weights.rom_type)
        owed = self._tap_sums.owed[self.order] << self.grid_shift
        codes = (self._biases.codes + owed).reshape(-1, self.fold.pe)
        biases = Table(self._biases.name, codes, CodeType.holding(codes))
        return Cfg(members, (weight, biases, Table.counts("last_term", further)))

    @property
    def native_cfg(self) -> Cfg:
        return self.weights.decoded(self._with_weights(1))

    @property
    def cost(self) -> Cost:
        """A unit of sums and the one that adds the bias behind it, a code at a time."""
        return self._cost(self.steps, self.circle)

    def _cost(self, steps: Steps, circle: int) -> Cost:
        """With the iterations of another order, and lanes that a stored weight serves in it."""
        weights, fold = self.weights, self.fold
        elements, taps = fold.pe * fold.simd, prod(weights.shape[1:])
        words = (
            steps.cycles
            if steps.cycles < self.whole_cycles
            else ceil(int(weights.filter_terms.sum()) * taps / elements)
        )
        once, each = weights.element_lut
        scale = max(self.x.bits, 4) / 8
        sums = Cost(lut=ceil(fold.pe * (once + each * fold.simd) * scale) + CONTROL_LUT)
        synapses, neurons = taps // fold.simd, weights.shape[0] // fold.pe
        replay = memory(synapses, fold.simd * self.x.bits) if synapses > 1 and neurons > 1 else Cost()
        # a ROM of one word is wires
        stored = self._rom_cost(words, elements // circle) if words > 1 else Cost()
        return sums + replay + stored + steps.cost + Cost(lut=ceil(self.format.bits * (fold.pe / 4 + 2)))

    def _rom_cost(self, words: int, codes: int) -> Cost:
        """In block RAM a code has the bits of the SystemVerilog; as logic it takes no more than what it tells."""
        stored = rom(words, codes * _code_bits(self.weights, self.x, self.is_depthwise))
        return stored if stored.bram36 else Cost(lut=codes * self.weights.rom_type.bits * ceil(words / LUTRAM_WORDS))

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        raw = _Raw.of(self)
        finish = Finish(
            self.writes,
            raw.bits,
            raw.total_bits,
            raw.codes.pe is Pe.ADDER,
            self._biases.codes + (raw.offset << self.grid_shift),
            self.grid_shift,
            self.format,
            around.lanes,
        )
        return self._summing(raw, around), finish.module

    def _summing(self, raw: _Raw, around: Surroundings) -> Module:
        pe, simd, codes = self.fold.pe, self.fold.simd, raw.codes
        rom = Memory("weights", self._stored(raw.by_pe.reshape(-1, pe * simd)), codes.type.bits)
        rom_block = int(around.in_block) or around.rom_block(rom)
        parameters: dict[str, Parameter] = {
            "KIND": codes.pe.value,
            "PE": pe,
            "SIMD": simd,
            **self._places(around),
            "SYNAPSES": self.synapse_folds,
            **self.steps.parameters,
            "CYCLES": rom.words,
            "X_BITS": self.x.bits,
            "X_SIGNED": int(self.x.signed),
            "W_BITS": codes.type.bits,
            "W_SIGNED": int(codes.type.signed),
            "WINDOW_BITS": codes.exponent_bits,
            "HAS_ZERO": int(codes.has_zero),
            "RAW_BITS": raw.bits,
            **({} if self.is_depthwise else {"TOTAL_BITS": raw.total_bits, "CIRCLE": self.circle}),
            "ROM_BLOCK": rom_block,
        }
        # what is read back from a memory, and weights from block RAM, take a cycle more
        late = int(self._is_replayed or bool(rom_block))
        return Module(
            f"sw_{self.function}",
            parameters,
            self.nest,
            codes.pe.stages(simd) + 2 + late,
            (rom, *self.steps.memories),
            raw=RawSums(self.writes.lanes * raw.bits + raw.total_bits, self.writes),
            pe=codes.pe,
            is_buffer=True,
            is_paced=True,
            has_forms=True,
            is_movable=not rom_block,
        )


@lru_cache(maxsize=512)
def _code_bits(weights: Weights, x: Fixed, is_depthwise: bool) -> int:
    """Of a weight in the ROM of the SystemVerilog, which all folds of a layer share."""
    return weights.pe_codes(weights.planes, x, is_depthwise=is_depthwise).type.bits


@dataclass(frozen=True, eq=False)
class _Raw:
    """How the SystemVerilog sums: ROM codes, by_pe  (cycles, pe, simd), and widths.

    offset  what the bias owes for the codes, one a filter in the order of the bias, in units of the raw sum.
    """

    codes: PeCodes
    by_pe: Codes
    bits: int
    offset: Codes
    total_bits: int = 0

    @classmethod
    def of(cls, unit: DotProduct) -> _Raw:
        filters, fold = unit.weights.shape[0], unit.fold
        codes = unit.weights.pe_codes(unit.rom, unit.x, is_depthwise=unit.is_depthwise)
        by_pe = unit._by_pe(codes.codes)
        if codes.pe is not Pe.ADDER:
            return cls(codes, by_pe, unit._tap_sums.sum_type.bits, unit._tap_sums.owed[unit.order])
        # -sum abs(x - w) = 2 sum min(x, w) - sum x - sum w; no sum of minima is larger than that of a fold's weights
        per_fold = by_pe.reshape(filters // fold.pe, -1, fold.pe, fold.simd)
        sums: Codes = per_fold.sum(axis=(1, 3))
        total_bits = (((1 << codes.type.bits) - 1) * per_fold.shape[1] * fold.simd).bit_length()
        return cls(codes, by_pe, max(int(sums.max()).bit_length(), 1), -sums.ravel(), total_bits)
