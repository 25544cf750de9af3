"""The three kinds of weight a dense layer or a convolution may have: shift, adder and integer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from shiftwire.errors import InputError
from shiftwire.fixed import Codes, Fixed
from shiftwire.interval import Interval, adder_interval, exact_distances, exact_matmul, linear_interval
from shiftwire.kernel import CodeType, Lane, Setting, Table, settings
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

    @abstractmethod
    def table(self) -> Table:
        """The weights as the kernel reads them: flat (out, in..., terms)."""

    @abstractmethod
    def settings(self, x: Fixed, total: Fixed) -> tuple[Setting, ...]:
        """Cfg members of the lane; `total` is the format of the sums."""

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
        table = self.table()
        return table.codes.size * table.type.bits

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

    def table(self) -> Table:
        return Table("weight", self.weights.packed.ravel(), CodeType(self.weights.magnitude_bits + 1, signed=False))

    def settings(self, x: Fixed, total: Fixed) -> tuple[Setting, ...]:
        reach = int(self.weights.shifts.max()) + 1
        return settings(
            sum_t=CodeType(max(total.signed_bits, reach)),
            terms=self.weights.terms,
            magnitude_bits=self.weights.magnitude_bits,
        )

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

    def table(self) -> Table:
        held = Fixed.covering(int(self.codes.min()), int(self.codes.max()), 0)
        return Table("weight", self.codes.ravel(), CodeType(held.bits, held.signed))


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

    def settings(self, x: Fixed, total: Fixed) -> tuple[Setting, ...]:
        lo, hi = x.lo - int(self.codes.max()), x.hi - int(self.codes.min())
        difference = Fixed.covering(min(lo, -1), hi, 0)
        return settings(sum_t=CodeType(total.signed_bits), terms=1, difference_t=CodeType(difference.bits))

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

    def settings(self, x: Fixed, total: Fixed) -> tuple[Setting, ...]:
        return settings(sum_t=CodeType(total.signed_bits), terms=1)

    def operations(self, uses: int) -> Operations:
        return Operations(adds=self.codes.size * uses, multiplies=self.codes.size * uses)
