"""Weights that are products of two small matrices: coefficients that are signed powers of two, and a basis."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Codes
from shiftwire.numbers.shift_weights import Signs

SIDE = 3
"""Rows and columns of a basis, and coefficients in a row."""
BASIS_BITS = 8
WIDEST_SPAN = 14
"""Of a layer's exponents: three products with a basis stay within the 24 bits that float32 holds."""


@dataclass(frozen=True, slots=True)
class Storage:
    """What factors take where they are stored as factors; counts of a layer.

    code_bits  of one coefficient; basis_bits  of all bases; index_bits  a bit for each row that says whether it is
    stored, none where no row is empty. The grid and the smallest exponent of a layer are not counted.
    """

    weights: int
    rows: int
    empty_rows: int
    code_bits: int
    basis_bits: int
    index_bits: int

    @property
    def coefficient_bits(self) -> int:
        """Those of the rows that are stored."""
        return (self.rows - self.empty_rows) * SIDE * self.code_bits

    @property
    def bits(self) -> int:
        """All of it."""
        return self.coefficient_bits + self.basis_bits + self.index_bits

    def compression(self, weight_bits: int) -> float:
        """How many times smaller than weights of so many bits each."""
        return self.weights * weight_bits / self.bits


@dataclass(frozen=True, eq=False)
class Factors:
    """Filter o is the first `taps` numbers of its matrices coefficient * basis, one below the other, row by row.

    sign, exponent (out, matrices, rows, 3), a coefficient is sign * 2**exponent; basis (out, matrices, 3, 3) in steps
    of 2**-basis_frac.
    """

    sign: Signs
    exponent: Signs
    basis: Signs
    basis_frac: int
    taps: int

    def __post_init__(self) -> None:
        shape = self.sign.shape
        if len(shape) != 4 or shape[3] != SIDE or self.exponent.shape != shape or not self.sign.size:
            raise InputError(
                f"signs of shape {shape} and exponents of shape {self.exponent.shape} are no coefficients; give both "
                f"the shape (out, matrices, rows, {SIDE})"
            )
        if self.basis.shape != (*shape[:2], SIDE, SIDE):
            raise InputError(
                f"a basis of shape {self.basis.shape} does not fit coefficients of shape {shape}; give "
                f"{(*shape[:2], SIDE, SIDE)}"
            )
        low, high = self.exponent_range
        if high - low > WIDEST_SPAN:
            raise InputError(
                f"exponents of coefficients from {low} to {high} span more than {WIDEST_SPAN}, and float32 would round "
                "the weights; raise theta"
            )
        if not 0 < self.taps <= shape[1] * shape[2] * SIDE:
            raise InputError(
                f"{shape[1]} matrices of {shape[2]} rows have {shape[1] * shape[2] * SIDE} numbers, and a filter of "
                f"{self.taps} weights wants no more; give as many rows as it fills"
            )

    @property
    def exponent_range(self) -> tuple[int, int]:
        """Smallest and largest exponent that a coefficient uses; (0, 0) where all are 0."""
        used = self.exponent[self.sign != 0]
        return (int(used.min()), int(used.max())) if used.size else (0, 0)

    @property
    def grid(self) -> int:
        """Fraction bits of the weights."""
        return self.basis_frac - self.exponent_range[0]

    @property
    def integers(self) -> Codes:
        """The weights (out, taps) in steps of 2**-grid: coefficient times basis, exactly."""
        shift = np.where(self.sign != 0, self.exponent.astype(np.int64) - self.exponent_range[0], 0)
        products = (self.sign.astype(np.int64) << shift) @ self.basis.astype(np.int64)
        flat: Codes = products.reshape(len(products), -1)[:, : self.taps]
        return flat

    def of_filters(self, order: Codes) -> Factors:
        """Filter i is the old order[i]."""
        return Factors(self.sign[order], self.exponent[order], self.basis[order], self.basis_frac, self.taps)

    @property
    def storage(self) -> Storage:
        """A code for each sign at each exponent from the smallest to the largest, and one for 0 where 0 is stored.

        So 7 exponents and zero, or 8 without, fit 4 bits; 8 exponents and zero are 17 codes and take 5.
        """
        rows = ceil(self.taps / SIDE)
        own = self.sign.reshape(len(self.sign), -1, SIDE)[:, :rows]
        is_empty: npt.NDArray[np.bool_] = ~own.any(axis=2)
        low, high = self.exponent_range
        codes = 2 * (high - low + 1) + bool((own[~is_empty] == 0).any())
        empty = int(is_empty.sum())
        index = is_empty.size if empty else 0
        return Storage(
            len(own) * self.taps, is_empty.size, empty, (codes - 1).bit_length(), self.basis.size * BASIS_BITS, index
        )
