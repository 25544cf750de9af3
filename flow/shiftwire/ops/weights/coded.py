"""Weights that are plain codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from shiftwire.ir.cfg import CodeType
from shiftwire.ir.weights import Weights
from shiftwire.numbers.fixed import Codes

Array = npt.NDArray[Any]


def moved(values: Array, axis: int, to: int, before: int = 1) -> Array:
    """An axis of filters, behind `before` other axes, at another place among theirs."""
    there = [place + before if place >= 0 else place for place in (axis, to)]
    return np.moveaxis(values, *there)


@dataclass(frozen=True, eq=False)
class Coded(Weights):
    """Codes (out, in...) on the grid 2**-grid."""

    codes: Codes
    grid: int

    @property
    def shape(self) -> tuple[int, ...]:
        return self.codes.shape

    @property
    def rows(self) -> Codes:
        return self.codes.reshape(len(self.codes), -1)

    @property
    def planes(self) -> Codes:
        return self.rows[None]

    @property
    def rom_type(self) -> CodeType:
        return CodeType.holding(self.codes)

    def with_moved(self, axis: int, to: int) -> Self:
        return type(self)(moved(self.codes, axis, to), self.grid)

    def with_taps(self, order: Codes) -> Self:
        return type(self)(self.codes[:, order], self.grid)

    def with_rows(self, order: Codes) -> Self:
        return type(self)(self.codes[order], self.grid)
