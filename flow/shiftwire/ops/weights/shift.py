"""Sums of k signed powers of two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shiftwire.ir.kernel import CodeType, Lane, Setting, settings
from shiftwire.ir.network import Operations
from shiftwire.ir.weights import Weights
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import Interval, exact_matmul, linear_interval
from shiftwire.numbers.shift_weights import ShiftWeights


@dataclass(frozen=True, eq=False)
class Shift(Weights):
    """Sums of k signed powers of two."""

    weights: ShiftWeights
    lane = Lane.SHIFT
    kind = "Shift"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.weights.sign.shape[1:]

    @property
    def rows(self) -> Codes:
        """(out, taps) in units of two to the window's low end."""
        return self.weights.integers.reshape(self.shape[0], -1)

    def frac(self, x: Fixed) -> int:
        return x.frac - self.weights.window[0]

    def interval(self, x: Fixed) -> Interval:
        return linear_interval(self.rows, x)

    def apply(self, taps: Codes, rows: slice) -> Codes:
        return exact_matmul(taps, self.rows[rows].T)

    @property
    def planes(self) -> Codes:
        return np.moveaxis(self.weights.packed, -1, 0).reshape(self.weights.terms, self.shape[0], -1)

    @property
    def type(self) -> CodeType:
        return CodeType(self.weights.magnitude_bits + 1, signed=False)

    @property
    def filter_terms(self) -> Codes:
        return np.maximum(self.weights.terms_per_filter, 1)

    def reach(self, x: Fixed) -> Interval:
        shape = (self.weights.terms, self.shape[0], -1)
        terms = (self.weights.sign.astype(np.int64) << self.weights.shifts).reshape(shape)
        ends = np.stack([terms * x.lo, terms * x.hi, np.zeros_like(terms)])
        return Interval(ends.min(axis=0), ends.max(axis=0))

    def settings(self, x: Fixed) -> tuple[Setting, ...]:
        return settings(lane=self.lane, magnitude_bits=self.weights.magnitude_bits)

    def operations(self, uses: int) -> Operations:
        live = int(np.count_nonzero(self.weights.sign)) * uses
        return Operations(shifts=live, adds=live)

    @property
    def bits(self) -> int:
        return self.weights.weight_bits

    @property
    def terms(self) -> float | None:
        return float(self.weights.terms_per_filter.mean())
