"""Coefficients that are powers of two times a small basis: SmartExchange, SmartDeal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from shiftwire.errors import InputError
from shiftwire.numbers.factored import Factors
from shiftwire.numbers.fixed import Codes
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.factors import OfFactors
from shiftwire.ops.weights.integer import Int


@dataclass(frozen=True, eq=False)
class Factored(OfFactors, Int):
    """weight = sum over 3 of sign * 2**exponent * basis (Zhao et al. 2020, eq. 1), as integers."""

    kind = "Factored"
    is_storable = True
    dropped = 0

    codes: Codes = field(init=False)
    grid: int = field(init=False)
    factors: Factors
    places: Codes

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", self.factors.integers[:, self.places])
        object.__setattr__(self, "grid", self.factors.grid)

    @classmethod
    def of(cls, factors: Factors, shape: tuple[int, ...]) -> Factored:
        """Filters of a shape, (in,) or (channels, kernel...), in the order of the factors."""
        return cls(factors, np.arange(factors.taps).reshape(shape))

    def _like(self, factors: Factors, places: Codes) -> Self:
        return type(self)(factors, places)


@dataclass(frozen=True, eq=False)
class FactoredAdder(OfFactors, Adder):
    """Distances to weights that are numbers of factors, rounded to the grid 2**-grid, halves up."""

    kind = "FactoredAdder"
    is_storable = True

    codes: Codes = field(init=False)
    factors: Factors
    places: Codes

    def __post_init__(self) -> None:
        if self.dropped < 0:
            raise InputError(
                f"factors in steps of 2^{-self.factors.grid} make no weights in steps of 2^{-self.grid}; give a "
                f"weight_frac of {self.factors.grid} or less"
            )
        rounded = self.factors.integers + ((1 << self.dropped) >> 1) >> self.dropped
        object.__setattr__(self, "codes", rounded[:, self.places])

    @property
    def dropped(self) -> int:
        return self.factors.grid - self.grid

    @classmethod
    def of(cls, factors: Factors, grid: int, shape: tuple[int, ...]) -> FactoredAdder:
        """Filters of a shape, (in,) or (channels, kernel...), in the order of the factors."""
        return cls(grid, factors, np.arange(factors.taps).reshape(shape))

    def _like(self, factors: Factors, places: Codes) -> Self:
        return type(self)(self.grid, factors, places)
