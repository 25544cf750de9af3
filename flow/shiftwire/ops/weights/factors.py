"""What schemes share whose weights come of factors: their order, what a ROM holds in their place, and when."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Self

import numpy as np

from shiftwire.ir.cfg import CodeType, Element, settings
from shiftwire.ir.fold import Fold
from shiftwire.ir.weights import Stored, Weights
from shiftwire.numbers.factored import SIDE, Factors
from shiftwire.numbers.fixed import Codes, Fixed


class OfFactors(ABC):
    """Weights that factors give: `places` (in...) says which number of a filter of the factors each of them is.

    Layers have channels last, factors first. ROMs hold the weights, or what a decoder makes them of.
    """

    factors: Factors
    places: Codes

    @abstractmethod
    def _like(self, factors: Factors, places: Codes) -> Self:
        """The same scheme for other factors, or for another order."""

    @property
    @abstractmethod
    def dropped(self) -> int:
        """Bits that go when the numbers of the factors are rounded, halves up."""

    @property
    def own_bits(self) -> int:
        """Those of the factors."""
        return self.factors.storage.bits

    @property
    def is_in_order(self) -> bool:
        """Whether weight i of a filter is number i of its factors."""
        return bool((self.places.ravel() == np.arange(self.factors.taps)).all())

    def with_moved(self, axis: int, to: int) -> Self:
        """The same weights with an axis of a filter, (in...), at another place."""
        return self._like(self.factors, np.moveaxis(self.places, axis, to))

    def with_taps(self, order: Codes) -> Self:
        """Tap i is the old tap order[i]."""
        return self._like(self.factors, self.places[order])

    def with_rows(self, order: Codes) -> Self:
        """Output i is the old output order[i]."""
        return self._like(self.factors.of_filters(order), self.places)

    def in_stream(self, order: Codes) -> Self:
        """As (out, taps), tap i the old order[i] of those of a filter, one behind the other."""
        return self._like(self.factors, self.places.ravel()[order])

    def stored(self, pe: int, simd: int) -> Stored | None:
        """What words of `pe` outputs and `simd` of the taps (out, taps) are rebuilt from; None if from nothing."""
        return stored_factors(self.factors, self.places.reshape(-1, simd), pe, self.dropped)


SHIFT_LUT = (0, 0, 8, 11, 22)
"""Of a coefficient of 1, 2, 4, 8 and 16 exponents, beside a LUT for each bit of the sum; counted by yosys."""

DECODER_LUT = 4


def stored_factors(factors: Factors, places: Codes, pe: int, dropped: int = 0) -> Stored | None:
    """Coefficients and bases of words of `pe` filters and the numbers `places` (words, simd) of each.

    None where a lane's words are not three by three the numbers of a row, or lanes of a word read several bases, or
    bases do not change in step. Weights are rounded by so many bits.
    """
    order = _rows(factors, places)
    if order is None:
        return None
    rows, matrix = order
    filters = len(factors.sign)
    shift = np.where(factors.sign != 0, factors.exponent.astype(np.int64) - factors.exponent_range[0], 0)
    shifts = int(shift.max()) + 1
    has_none = bool((factors.sign.reshape(filters, -1, SIDE)[:, rows] == 0).any())
    field_bits = max((shifts + has_none - 1).bit_length(), 1)
    code = np.where(factors.sign != 0, (factors.sign < 0) << field_bits | shift, (1 << field_bits) - 1)
    codes = code.reshape(filters // pe, pe, -1, SIDE)[:, :, rows].transpose(0, 2, 1, 3, 4)
    basis = factors.basis.astype(np.int64)[:, : matrix[-1] + 1]
    context = basis.reshape(filters // pe, pe, -1, SIDE, SIDE).transpose(0, 2, 4, 1, 3)
    half = (1 << dropped) >> 1
    reach = SIDE * int(np.abs(basis).max()) << shifts - 1
    wide, basis_type = Fixed.covering(-reach, reach + half, 0), CodeType(CodeType.holding(basis).bits)
    return Stored(
        Element.FACTORS,
        codes,
        CodeType(field_bits + 1, signed=False),
        context,
        basis_type,
        SIDE,
        int((matrix == 0).sum()),
        (
            *settings(coefficients=SIDE, field_bits=field_bits, shifts=shifts),
            *settings(wide_t=CodeType(wide.signed_bits), rounding=half, dropped=dropped),
        ),
        {
            "FIELD_BITS": field_bits,
            "HAS_NONE": int(has_none),
            "SHIFTS": shifts,
            "ROUNDING": half,
            "DROPPED": dropped,
        },
        SIDE * (SHIFT_LUT[min((shifts - 1).bit_length(), len(SHIFT_LUT) - 1)] + wide.signed_bits) + DECODER_LUT,
    )


def _rows(factors: Factors, places: Codes) -> tuple[Codes, Codes] | None:
    """Rows of all matrices that words read, (words / 3, simd), and the matrix of each."""
    row, column = np.divmod(places, SIDE)
    words = len(places)
    first = row[::SIDE]
    matrix = first // factors.sign.shape[2]
    is_in_step = (column == np.arange(words)[:, None] % SIDE).all() and (row == np.repeat(first, SIDE, 0)[:words]).all()
    height = int((matrix[:, 0] == 0).sum())
    is_in_step &= height > 0 and bool((matrix == np.arange(len(matrix))[:, None] // max(height, 1)).all())
    return (first, matrix[:, 0]) if is_in_step else None


LEAST_PLACES = 5
"""Inputs wait in a memory until their weights are decoded; so many beats at least come before one is overwritten."""


def rebuilt_folds(
    weights: Weights, order: Callable[[int], Codes], pairs: Iterable[Fold], turns: Sequence[int]
) -> Iterator[Fold]:
    """Those of some folds whose weights can be rebuilt, for each number of turns; `order` of the taps by SIMD."""
    if not weights.is_storable:
        return
    for simd, outputs in groupby(sorted(pairs, key=lambda fold: fold.simd), key=lambda fold: fold.simd):
        synapses = len(order(simd)) // simd
        if synapses < 2 or weights.in_stream(order(simd)).stored(1, simd) is None:
            continue
        pes = [fold.pe for fold in outputs]
        yield from (Fold(pe, simd, turn) for turn in turns for pe in pes if turn * synapses >= LEAST_PLACES)
