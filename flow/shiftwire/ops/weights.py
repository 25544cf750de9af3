"""The three kinds of weight a dense layer or a convolution may have: shift, adder and integer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from shiftwire.errors import InputError
from shiftwire.fixed import Codes, Fixed
from shiftwire.interval import Interval, adder_interval, exact_distances, exact_matmul, linear_interval
from shiftwire.kernel import CodeType, Lane, Setting, settings
from shiftwire.network import Operations
from shiftwire.shift_weights import ShiftWeights


class Weights(ABC):
    """How a row of taps becomes one output; dense layers and convolutions only decide which taps."""

    lane: ClassVar[Lane]
    kind: ClassVar[str]

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """(out, in...)."""

    @abstractmethod
    def frac(self, x: Fixed) -> int:
        """Grid of the sums of an input on the grid of `x`; raises InputError for a grid that cannot be read."""

    @abstractmethod
    def interval(self, x: Fixed) -> Interval:
        """Range of each output's sum."""

    @abstractmethod
    def apply(self, taps: Codes, rows: slice) -> Codes:
        """Sums (..., rows) of taps (..., in) for the output rows."""

    @property
    @abstractmethod
    def planes(self) -> Codes:
        """ROM codes (terms, out, taps); a filter reads the planes of its own k alone."""

    @property
    @abstractmethod
    def type(self) -> CodeType:
        """What holds a ROM code."""

    @property
    def filter_terms(self) -> Codes:
        """How many planes each filter reads, (out,), at least 1."""
        return np.ones(self.shape[0], np.int64)

    @abstractmethod
    def reach(self, x: Fixed) -> Interval:
        """Range of what each plane's taps add to a sum, lo and hi (terms, out, taps), 0 included."""

    @abstractmethod
    def settings(self, x: Fixed) -> tuple[Setting, ...]:
        """Cfg members of the lane."""

    @abstractmethod
    def operations(self, uses: int) -> Operations:
        """Scalar operations when every weight is used `uses` times."""

    @property
    @abstractmethod
    def rows(self) -> Codes:
        """(out, taps) as integers."""

    @property
    def bits(self) -> int:
        """Bits that the weights take."""
        return self.planes.size * self.type.bits

    @property
    def terms(self) -> float | None:
        """Mean k over the filters, None where weights are no sums of powers of two."""
        return None


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


@dataclass(frozen=True, eq=False)
class _Coded(Weights):
    """Weights that are plain codes (out, in...) on the grid 2**-grid."""

    codes: Codes
    grid: int

    @property
    def shape(self) -> tuple[int, ...]:
        return self.codes.shape

    @property
    def rows(self) -> Codes:
        """(out, taps)."""
        return self.codes.reshape(len(self.codes), -1)

    @property
    def planes(self) -> Codes:
        return self.rows[None]

    @property
    def type(self) -> CodeType:
        held = Fixed.covering(int(self.codes.min()), int(self.codes.max()), 0)
        return CodeType(held.bits, held.signed)


@dataclass(frozen=True, eq=False)
class Adder(_Coded):
    """Distances: each tap counts -abs(x - w), x and w on one grid (AdderNet, Chen et al. 2020, eq. 2)."""

    lane = Lane.ADDER
    kind = "Adder"

    def frac(self, x: Fixed) -> int:
        if x.frac != self.grid:
            raise InputError(
                f"an adder layer with weights in steps of 2^{-self.grid} cannot read values in steps of "
                f"2^{-x.frac}; requantise the input to {self.grid} fraction bits"
            )
        return x.frac

    def interval(self, x: Fixed) -> Interval:
        return adder_interval(self.rows, x)

    def apply(self, taps: Codes, rows: slice) -> Codes:
        weights = self.rows[rows]
        flat = taps.reshape(-1, taps.shape[-1])
        return exact_distances(flat, weights).reshape(*taps.shape[:-1], len(weights))

    def reach(self, x: Fixed) -> Interval:
        rows = self.rows[None]
        return Interval(-np.maximum(np.abs(rows - x.lo), np.abs(rows - x.hi)), np.zeros_like(rows))

    def settings(self, x: Fixed) -> tuple[Setting, ...]:
        lo, hi = x.lo - int(self.codes.max()), x.hi - int(self.codes.min())
        farthest = max(abs(lo), abs(hi), 1)
        return settings(lane=self.lane, difference_t=CodeType(Fixed.covering(-farthest, farthest, 0).bits))

    def operations(self, uses: int) -> Operations:
        return Operations(adds=2 * self.codes.size * uses)


@dataclass(frozen=True, eq=False)
class Int(_Coded):
    """Integer weights by multiplier; the honest baseline, never chosen by default."""

    lane = Lane.INT
    kind = "Int"

    def frac(self, x: Fixed) -> int:
        return x.frac + self.grid

    def interval(self, x: Fixed) -> Interval:
        return linear_interval(self.rows, x)

    def apply(self, taps: Codes, rows: slice) -> Codes:
        return exact_matmul(taps, self.rows[rows].T)

    def reach(self, x: Fixed) -> Interval:
        ends = np.stack([self.rows * x.lo, self.rows * x.hi, np.zeros_like(self.rows)])[:, None]
        return Interval(ends.min(axis=0), ends.max(axis=0))

    def settings(self, x: Fixed) -> tuple[Setting, ...]:
        return settings(lane=self.lane)

    def operations(self, uses: int) -> Operations:
        return Operations(adds=self.codes.size * uses, multiplies=self.codes.size * uses)
