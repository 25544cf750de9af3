"""The unit whose weights are rebuilt from what its ROM holds, each word of them for several positions in turn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, inf

from shiftwire.ir.bias import Bias
from shiftwire.ir.cfg import Cfg, CodeType, Element, Table, settings
from shiftwire.ir.cost import Array, Cost, memory, rom
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.module import Memory, Module, Parameter, Pe, RawSums, one_word
from shiftwire.ir.nest import Nest, at, every
from shiftwire.ir.unit import MEMORY_CYCLES, Surroundings, Unit
from shiftwire.ir.weights import PeCodes, Stored, TapSums, Weights
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.units.finish import Finish
from shiftwire.units.reorder import Reorder

CONTROL_LUT = 90
"""Counters and addresses, modelled."""

DECODER_CYCLES = 2
"""Of the SystemVerilog that makes weights of factors."""


@dataclass(frozen=True, eq=False)
class RebuildUnit(Unit):
    """Sums of weights (out, taps) on inputs of the format `x`; taps stand in the order of the beats.

    Beats of `fold.turns` positions come in turn, and a word of weights stays for all of them; while it does, the next
    one is made of what is stored, part by part, so that decoders are as many times fewer than weights. Sums leave fold
    by fold, each of all those positions: `restored` puts them in order.
    """

    function = "rebuild"
    narrows = True
    weights: Weights
    bias: Bias
    x: Fixed
    format: Fixed
    positions: int
    fold: Fold

    @property
    def synapse_folds(self) -> int:
        """Words of weights of a sum."""
        return self.weights.shape[1] // self.fold.simd

    @property
    def neuron_folds(self) -> int:
        """Sums of `pe` outputs each that are made of the same inputs."""
        return self.weights.shape[0] // self.fold.pe

    @property
    def parts(self) -> int:
        """In so many a word is decoded, a cycle each."""
        turns, simd = self.fold.turns, self.fold.simd
        return max(parts for parts in range(1, turns + 1) if simd % parts == 0)

    @property
    def iterations(self) -> int:
        return self.positions * self.neuron_folds * self.synapse_folds

    @property
    def reads(self) -> tuple[Port, ...]:
        return (Port(self.fold.simd, self.positions * self.synapse_folds),)

    @property
    def writes(self) -> Port:
        return Port(self.fold.pe, self.positions * self.neuron_folds)

    @property
    def read_formats(self) -> tuple[Fixed, ...]:
        return (self.x,)

    @cached_property
    def stored(self) -> Stored:
        """What the ROM holds."""
        stored = self.weights.stored(self.fold.pe, self.fold.simd)
        assert stored is not None, "folds offer what can be stored alone"
        return stored

    @cached_property
    def nest(self) -> Nest:
        turns, folds, synapses = self.fold.turns, self.neuron_folds, self.synapse_folds
        beats = turns * synapses
        groups = every(self.positions // turns)[:, None] * folds * beats
        reads = (groups + every(beats)).ravel()
        leaving = every(folds)[:, None] * beats + beats - turns + every(turns)
        return Nest(self.iterations, (at(reads),), at((groups + leaving.ravel()).ravel()))

    @property
    def grid_shift(self) -> int:
        """How much finer the output's grid is than that of the sums."""
        return self.format.frac - self.weights.frac(self.x)

    @cached_property
    def _tap_sums(self) -> TapSums:
        return self.weights.tap_sums(self.x, is_depthwise=False)

    @property
    def _part_type(self) -> CodeType:
        """Holds what an iteration adds to a sum."""
        ends = self._tap_sums.reach
        low, high = (end.reshape(len(end[0]), -1, self.fold.simd).sum(axis=2) for end in (ends.lo, ends.hi))
        return CodeType(Fixed.covering(int(low.min()), int(high.max()), 0).signed_bits)

    def _by_word(self, codes: Codes) -> Codes:
        """(out, taps) as (folds, synapses, pe, simd)."""
        shape = (self.neuron_folds, self.fold.pe, self.synapse_folds, self.fold.simd)
        return codes.reshape(shape).transpose(0, 2, 1, 3)

    @cached_property
    def cfg(self) -> Cfg:
        return self._cfg(self.stored)

    @property
    def native_cfg(self) -> Cfg:
        """A processor has the weights at once."""
        whole = Stored.whole(self._by_word(self.weights.rows), self.weights.rom_type)
        return self._cfg(replace(whole, members=self.stored.members))

    @property
    def headers(self) -> tuple[str, ...]:
        """That of the native Cfg's decoder too."""
        return tuple(sorted({*super().headers, f"sw_{Element.WHOLE.value}.h"}))

    def _cfg(self, stored: Stored) -> Cfg:
        words, contexts = stored.words(self.parts), stored.contexts
        members = (
            *settings(iterations=self.iterations, folds=self.neuron_folds, synapse_folds=self.synapse_folds),
            *settings(turns=self.fold.turns, parts=self.parts, part_taps=self.fold.simd // self.parts),
            *settings(pe=self.fold.pe, simd=self.fold.simd, columns=stored.columns, piece_rows=stored.piece_rows),
            *settings(words=len(words), stored_codes=words.shape[1]),
            *settings(context_words=len(contexts), context_codes=contexts.shape[1]),
            *settings(part_t=self._part_type, sum_t=self._tap_sums.sum_type, circle=1),
            *self._tap_sums.members,
            *settings(decoder=stored.decoder),
            *stored.members,
            *self.bias.members(self.weights.frac(self.x), self.format),
        )
        biases = self.bias.table(self.format.frac)
        codes = (biases.codes + (self._tap_sums.owed << self.grid_shift)).reshape(-1, self.fold.pe)
        first = self._by_word(self.weights.rows)[0, 0].reshape(1, -1)
        tables = (
            Table("stored", words, stored.type),
            Table("context", contexts, stored.context_type),
            Table("first", first, self.weights.rom_type, places=None),
            Table(biases.name, codes, CodeType.holding(codes)),
        )
        return Cfg(members, tables)

    @property
    def widest_word(self) -> int:
        return max(super().widest_word, *(table.memory[1] for table in self.cfg.tables if table.memory[0] > 1))

    @property
    def hls_arrays(self) -> tuple[Array, ...]:
        return (Array(self.fold.turns * self.synapse_folds, self.fold.simd * self.x.bits),)

    @property
    def hls_steps(self) -> int:
        """A word, what each tap adds, a tree of sums, the sum before, and what stands behind a sum."""
        return MEMORY_CYCLES + 2 + max((self.fold.simd - 1).bit_length() + 1 + 3, 3 + self.stored.columns)

    @property
    def cost(self) -> Cost:
        fold, stored = self.fold, self.stored
        once, each = self.weights.element_lut
        scale = max(self.x.bits, 4) / 8
        sums = ceil(fold.pe * (once + each * fold.simd) * scale) + CONTROL_LUT
        lanes = fold.pe * fold.simd // self.parts
        decoders = ceil(lanes * stored.decoder_lut)
        turns = fold.pe * self._tap_sums.sum_type.bits if fold.turns > 1 else 0
        replay = memory(fold.turns * self.synapse_folds, fold.simd * self.x.bits)
        words = rom(len(stored.words(self.parts)), lanes * stored.lane_bits)
        # beside words, which are read far more often, bases lie in LUTs
        context = rom(len(stored.contexts), stored.contexts.shape[1] * stored.context_type.bits).at(inf)
        if stored.decoder is Element.WHOLE:
            context = Cost()
        behind = ceil(self.format.bits * (fold.pe / 4 + 2))
        return Cost(lut=sums + decoders + turns + behind) + replay + words + context

    @property
    def restored(self) -> tuple[Unit, ...]:
        """The unit that gives one position behind the other; none where they stand so."""
        turns, folds = self.fold.turns, self.neuron_folds
        if turns == 1 or folds == 1:
            return ()
        places = every(folds * turns * self.fold.pe).reshape(folds, turns, self.fold.pe)
        return (Reorder(self.writes, places.transpose(1, 0, 2).ravel(), self.format, self.positions // turns),)

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        codes = self.weights.pe_codes(self.weights.rows, self.x, is_depthwise=False)
        raw = _Raw.of(self, codes)
        finish = Finish(
            self.writes,
            raw.bits,
            raw.total_bits,
            codes.pe is Pe.ADDER,
            self.bias.on(self.format.frac) + (raw.offset << self.grid_shift),
            self.grid_shift,
            self.format,
            around.lanes,
            repeat=self.fold.turns if self.neuron_folds > 1 else 1,
        )
        return self._summing(raw, around), finish.module

    def _summing(self, raw: _Raw, around: Surroundings) -> Module:
        pe, simd, turns, codes = self.fold.pe, self.fold.simd, self.fold.turns, raw.codes
        stored, whole = self.stored, self.stored.decoder is Element.WHOLE
        if whole:
            stored = Stored.whole(self._by_word(codes.codes), codes.type)
        words, contexts = stored.words(self.parts), stored.contexts
        memories: tuple[Memory, ...] = (Memory("stored", words, stored.type.bits),)
        rom_block = int(around.in_block) or around.rom_block(memories[0])
        if not whole:
            memories += (Memory("context", contexts, stored.context_type.bits),)
        parameters: dict[str, Parameter] = {
            "KIND": codes.pe.value,
            "PE": pe,
            "SIMD": simd,
            "TURNS": turns,
            "PARTS": self.parts,
            "FOLDS": self.neuron_folds,
            "SYNAPSES": self.synapse_folds,
            "COLUMNS": stored.columns,
            "PIECE_ROWS": stored.piece_rows,
            "DECODER": 0 if whole else 1,
            "WORDS": len(words),
            "CODES_BITS": stored.lane_bits,
            "CONTEXT_WORDS": len(contexts),
            "CONTEXT_BITS": stored.context.shape[4] * stored.context_type.bits,
            **self._decoding(stored, raw.lowest),
            "X_BITS": self.x.bits,
            "X_SIGNED": int(self.x.signed),
            "W_BITS": codes.type.bits,
            "W_SIGNED": int(codes.type.signed),
            "RAW_BITS": raw.bits,
            "TOTAL_BITS": raw.total_bits,
            "FIRST": one_word(self._by_word(codes.codes)[0, 0].ravel(), codes.type.bits),
            "ROM_BLOCK": rom_block,
            "REPLAY_BLOCK": around.block(turns * self.synapse_folds, simd * self.x.bits),
        }
        late = 1 + rom_block + (0 if whole else DECODER_CYCLES)
        return Module(
            "sw_rebuild",
            parameters,
            self.nest,
            codes.pe.stages(simd) + late + 3,
            memories,
            raw=RawSums(self.writes.lanes * raw.bits + raw.total_bits, self.writes),
            pe=codes.pe,
            is_paced=True,
            has_forms=True,
            reads_stem=True,
            is_movable=not rom_block,
        )

    @staticmethod
    def _decoding(stored: Stored, lowest: int) -> dict[str, int]:
        """Parameters of the decoder, which gives codes that count from `lowest`."""
        own = dict(stored.parameters)
        if "ROUNDING" in own:
            own["ROUNDING"] -= lowest << own["DROPPED"]
        return own


@dataclass(frozen=True, eq=False)
class _Raw:
    """How the SystemVerilog sums: ROM codes, which count from `lowest`, and widths.

    offset  what the bias owes for the codes, one an output, in units of the raw sum.
    """

    codes: PeCodes
    bits: int
    offset: Codes
    lowest: int = 0
    total_bits: int = 0

    @classmethod
    def of(cls, unit: RebuildUnit, codes: PeCodes) -> _Raw:
        if codes.pe is not Pe.ADDER:
            return cls(codes, unit._tap_sums.sum_type.bits, unit._tap_sums.owed)
        sums: Codes = codes.codes.sum(axis=1)
        total_bits = (((1 << codes.type.bits) - 1) * codes.codes.shape[1]).bit_length()
        lowest = int(unit.weights.rows[0, 0] - codes.codes[0, 0])
        return cls(codes, max(int(sums.max()).bit_length(), 1), -sums, lowest, total_bits)
