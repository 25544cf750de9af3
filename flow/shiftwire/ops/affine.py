"""Affine: what batch norm becomes, a scale of k powers of two and a bias for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, log2

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.cfg import Cfg, CodeType, Table, settings
from shiftwire.ir.cost import Cost, rom
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.module import Memory, Module
from shiftwire.ir.nest import repeating
from shiftwire.ir.network import Op, Operations, Tensor, Witness
from shiftwire.ir.unit import MEMORY_CYCLES, BeatUnit, Surroundings, Unit
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.weights.shift import Shift, shift_codes

TERM_LUT = 3.4
"""LUTs of a term, for each bit of the output, modelled: at most, where it has many exponents to choose from."""

WIRED_TERM_LUT, DOUBLED_TERM_LUT = 1.0, 0.33
"""Of a lane that works for one scale, whose shifts are wires, and for every doubling of its scales."""


@dataclass(frozen=True, eq=False)
class AffineUnit(BeatUnit):
    """y = bias + scale * x, channel by channel; `scale` has one tap, (channels, 1).

    C++ meets all terms in an iteration, the SystemVerilog as few as the pace of the slowest unit leaves time for.
    """

    function = "affine"
    scale: Shift
    bias: Bias

    @property
    def _folds(self) -> int:
        """Beats of a pixel."""
        return self.scale.shape[0] // self.port.lanes

    @cached_property
    def _rom(self) -> Codes:
        """(folds, terms, lanes)."""
        terms = self.scale.weights.terms
        return self.scale.planes.reshape(terms, self._folds, self.port.lanes).transpose(1, 0, 2)

    @cached_property
    def cfg(self) -> Cfg:
        scale, lanes = self.scale, self.port.lanes
        sums = scale.tap_sums(self.x)
        ends = sums.reach
        # one partial sum of a channel's terms may reach further than the whole
        widest = CodeType(Fixed.covering(int(ends.lo.sum(axis=0).min()), int(ends.hi.sum(axis=0).max()), 0).signed_bits)
        terms = scale.weights.terms
        members = (
            *settings(iterations=self.iterations, lanes=lanes, folds=self._folds, terms=terms, sum_t=widest),
            *sums.members,
            *self.bias.members(scale.frac(self.x), self.format),
        )
        weight = Table("weight", self._rom.reshape(self._folds, -1), scale.rom_type)
        return Cfg(members, (weight, self.bias.table(self.format.frac).by(lanes)))

    @property
    def widest_word(self) -> int:
        scales = self.port.lanes * self.scale.weights.terms * self.scale.rom_type.bits if self._folds > 1 else 0
        return max(super().widest_word, scales)

    @property
    def hls_steps(self) -> int:
        """A word, two for each term, and the bias."""
        return MEMORY_CYCLES + 2 * self.scale.weights.terms + 2

    @property
    def cost(self) -> Cost:
        """Scales in LUTs are part of the lanes; in SystemVerilog a term may be a word."""
        weights = self.scale.weights
        term_bits = int(weights.shifts.max()).bit_length() + 2
        scales = rom(self._folds * weights.terms, self.port.lanes * term_bits)
        return super().cost + replace(scales, lut=0)

    @property
    def native_cfg(self) -> Cfg:
        return self.scale.decoded(self.cfg)

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        lanes, folds, every = self.port.lanes, self._folds, self.scale.weights.terms
        terms = -(-every // max(min(around.pace_cycles // self.iterations, every), 1))
        steps = -(-every // terms)
        codes = shift_codes(self._rom, self.scale.weights.magnitude_bits, has_zero=True)
        scales = np.full((folds, steps * terms, lanes), 1 << (codes.exponent_bits + 1))
        scales[:, :every] = codes.codes
        words = scales.reshape(folds * steps, terms, lanes).transpose(0, 2, 1).reshape(folds * steps, -1)
        scale = Memory("scale", words, codes.type.bits)
        bias = Memory("bias", self.bias.on(self.format.frac).reshape(folds, lanes), self.format.bits)
        parameters = {
            "LANES": lanes,
            "FOLDS": folds,
            "STEPS": steps,
            "TERMS": terms,
            "WINDOW_BITS": codes.exponent_bits,
            "GRID": self.format.frac - self.scale.frac(self.x),
            **self.formats,
            "ROM_BLOCK": (in_block := around.rom_block(scale)),
        }
        stages = 3 + (terms - 1).bit_length() + in_block
        nest, memories = repeating(self.iterations, steps), (scale, bias)
        return (Module("sw_affine", parameters, nest, stages, memories, has_forms=True, reads_stem=True),)


def scaled_lane_lut(scales: int, terms: int, format: Fixed) -> int:
    """LUTs of a lane that works for so many scales of so many terms, modelled."""
    term_lut = min(WIRED_TERM_LUT + DOUBLED_TERM_LUT * log2(scales), TERM_LUT)
    return ceil(term_lut * terms * format.bits)


@dataclass(frozen=True, eq=False)
class Affine(Op):
    """y[..., c] = bias[c] + scale[c] * x[..., c]; scale  (terms, channels) as signs and exponents."""

    unit_types = (AffineUnit,)

    scale: ShiftWeights
    bias: Bias

    @property
    def _weights(self) -> Shift:
        """The scale seen as rows of one tap."""
        return Shift(ShiftWeights(self.scale.sign[..., None], self.scale.exponent[..., None]))

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        channels = self.scale.sign.shape[1]
        if x.shape[-1] != channels:
            raise InputError(f"an affine of {channels} channels cannot read shape {x.shape}; its last axis must match")
        weights = self._weights
        return Tensor(x.shape, self.bias.output(weights.interval(x.format), weights.frac(x.format)))

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return self.bias.add(codes[0] * self.scale.integers, self._weights.frac(inputs[0].format))

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        port = Port.of(output.size, fold.pe)
        scales = min(output.shape[-1] // fold.pe, len(np.unique(self.scale.integers)))
        lane_lut = scaled_lane_lut(scales, self.scale.terms, output.format)
        return (AffineUnit(port, inputs[0].format, output.format, self._weights, self.bias, lane_lut=lane_lut),)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        channel = slice(index[-1], index[-1] + 1)
        scale, bias = self.scale.integers[channel], self.bias.codes[channel]
        return (("input", codes[0][index].reshape(1)), ("scale", scale), ("bias", bias))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        positions = output.size // output.shape[-1]
        biased = int(np.count_nonzero(self.bias.codes)) * positions
        return self._weights.operations(positions) + Operations(adds=biased)

    @property
    def weight_bits(self) -> int:
        return self.scale.weight_bits + self.bias.bits

    @property
    def terms(self) -> float | None:
        return float(self.scale.terms_per_filter.mean())
