"""Sums of k signed powers of two: DeepShift, LightNN, FLightNN, DenseShift, APoT."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shiftwire.ir.cfg import Cfg, CodeType, Element, Setting, Table, settings
from shiftwire.ir.module import Pe
from shiftwire.ir.network import Operations
from shiftwire.ir.weights import PeCodes, TapSums, Weights
from shiftwire.numbers.exact import exact_matmul
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import Interval, linear_interval
from shiftwire.numbers.shift_weights import ShiftWeights, compacted, unpacked
from shiftwire.ops.weights.coded import moved

ELEMENT_LUT = ((5.0, 12.8), (3.0, 15.0), (0.0, 23.0), (-5.0, 33.0))
"""An element of 1, 2, 4 and 8 exponents: once, and for each of its SIMD inputs."""

WIDER_LUT = 12
"""What each further bit of the exponent adds for a SIMD input."""


@dataclass(frozen=True, eq=False)
class Shift(Weights):
    """y = sum over terms and taps of sign * x * 2**exponent."""

    weights: ShiftWeights
    element = Element.SHIFT
    kind = "Shift"
    skips_zeros = True

    @property
    def shape(self) -> tuple[int, ...]:
        return self.weights.sign.shape[1:]

    @cached_property
    def rows(self) -> Codes:
        return self.weights.integers.reshape(self.shape[0], -1)

    def frac(self, x: Fixed) -> int:
        return x.frac - self.weights.exponent_range[0]

    def interval(self, x: Fixed) -> Interval:
        return linear_interval(self.rows, x)

    def apply(self, taps: Codes, rows: slice) -> Codes:
        return exact_matmul(taps, self.rows[rows].T)

    @property
    def planes(self) -> Codes:
        return np.moveaxis(self.weights.packed, -1, 0).reshape(self.weights.terms, self.shape[0], -1)

    @property
    def rom_type(self) -> CodeType:
        return CodeType(self.weights.magnitude_bits + 1, signed=False)

    @property
    def filter_terms(self) -> Codes:
        return np.maximum(self.weights.terms_per_filter, 1)

    def tap_sums(self, x: Fixed, *, is_depthwise: bool = False) -> TapSums:
        shape = (self.weights.terms, self.shape[0], -1)
        terms = (self.weights.sign.astype(np.int64) << self.weights.shifts).reshape(shape)
        ends = np.stack([terms * x.lo, terms * x.hi, np.zeros_like(terms)])
        bits, exponents = self.weights.magnitude_bits, int(self.weights.shifts.max()) + 1
        return TapSums(
            settings(lane=self.element, magnitude_bits=bits, exponents=exponents),
            Interval(ends.min(axis=0), ends.max(axis=0)),
            self.interval(x),
            np.zeros(self.shape[0], np.int64),
        )

    def decoded(self, cfg: Cfg) -> Cfg:
        """The weights as the signed powers of two that they name, which magnitude_bits = 0 tells the header."""
        (rom,) = (table for table in cfg.tables if table.name == "weight")
        power = unpacked(rom.codes, self.weights.magnitude_bits).values
        largest = int(np.abs(power).max())
        power_type = CodeType(Fixed.covering(-largest, largest, 0).bits)
        return cfg.with_table(Table(rom.name, power, power_type)).with_member(Setting("magnitude_bits", 0))

    def pe_codes(self, rom: Codes, x: Fixed, *, is_depthwise: bool) -> PeCodes:
        return shift_codes(rom, self.weights.magnitude_bits)

    @property
    def element_lut(self) -> tuple[float, float]:
        low, high = self.weights.exponent_range
        exponents = (high - low).bit_length()
        if exponents < len(ELEMENT_LUT):
            return ELEMENT_LUT[exponents]
        return 0.0, ELEMENT_LUT[-1][1] + WIDER_LUT * (exponents - len(ELEMENT_LUT) + 1)

    def operations(self, uses: int) -> Operations:
        live = int(np.count_nonzero(self.weights.sign)) * uses
        return Operations(shifts=live, adds=live)

    @property
    def bits(self) -> int:
        return self.weights.weight_bits

    @property
    def terms(self) -> float | None:
        return float(self.weights.terms_per_filter.mean())

    def compacted(self) -> Shift:
        return Shift(compacted(self.weights))

    def with_moved(self, axis: int, to: int) -> Shift:
        terms = (self.weights.sign, self.weights.exponent)
        return Shift(ShiftWeights(*(moved(part, axis, to, before=2) for part in terms)))

    def with_taps(self, order: Codes) -> Shift:
        return Shift(ShiftWeights(self.weights.sign[..., order], self.weights.exponent[..., order]))

    def with_rows(self, order: Codes) -> Shift:
        return Shift(ShiftWeights(self.weights.sign[:, order], self.weights.exponent[:, order]))


def shift_codes(rom: Codes, magnitude_bits: int, has_zero: bool | None = None) -> PeCodes:
    """Packed codes as {zero, sign, exponent[exponent_bits]}; without `has_zero` no zero bit, None asks the weights."""
    terms = unpacked(rom, magnitude_bits)
    exponent_bits = int(terms.shift.max()).bit_length()
    has = not bool(terms.is_term.all()) if has_zero is None else has_zero
    zero = int(has) << (exponent_bits + 1)
    codes = np.where(terms.is_term, terms.is_negative.astype(np.int64) << exponent_bits | terms.shift, zero)
    return PeCodes(Pe.SHIFT, codes, CodeType(exponent_bits + 1 + has, signed=False), exponent_bits, has)
