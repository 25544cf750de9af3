"""Coefficients that are powers of two times a small basis: SmartExchange, SmartDeal."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shiftwire.numbers.factored import Factors
from shiftwire.numbers.fixed import Codes
from shiftwire.ops.weights.integer import Int


@dataclass(frozen=True, eq=False)
class Factored(Int):
    """weight = sum over 3 of sign * 2**exponent * basis (Zhao et al. 2020, eq. 1), multiplied out for integer lanes.

    `places` (in...) says which number of a filter of the factors each weight is; layers have channels last, factors
    first. Hardware has the products, `codes`, in its ROMs: nothing there decodes factors.
    """

    kind = "Factored"

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

    @property
    def is_in_order(self) -> bool:
        """Whether weight i of a filter is number i of its factors."""
        return bool((self.places.ravel() == np.arange(self.factors.taps)).all())

    def with_moved(self, axis: int, to: int) -> Factored:
        """The same weights with an axis of a filter, (in...), at another place."""
        return Factored(self.factors, np.moveaxis(self.places, axis, to))

    def with_taps(self, order: Codes) -> Factored:
        return Factored(self.factors, self.places[order])

    def with_rows(self, order: Codes) -> Factored:
        return Factored(self.factors.of_filters(order), self.places)
