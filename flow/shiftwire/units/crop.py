"""The crop unit: some rows, columns and channels of an image pass, the others end here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from shiftwire.ir.cfg import Cfg, settings
from shiftwire.ir.cost import UNIT_LUT, Cost
from shiftwire.ir.fold import Port
from shiftwire.ir.module import Module
from shiftwire.ir.nest import Nest, at, every
from shiftwire.ir.unit import Surroundings, Unit
from shiftwire.numbers.fixed import Codes, Fixed

Corner = tuple[int, int, int]
"""A row, a column, and a beat of a pixel."""


@dataclass(frozen=True, eq=False)
class CropUnit(Unit):
    """Beats of `lanes` codes of an image (rows, columns, beats of a pixel); those from `begin` to before `end` pass.

    Of each, `taken` codes from `first_lane` on leave.
    """

    function = "crop"
    format: Fixed
    image: Corner
    begin: Corner
    end: Corner
    lanes: int
    first_lane: int
    taken: int

    @property
    def reads(self) -> tuple[Port, ...]:
        return (Port(self.lanes, self.iterations),)

    @property
    def writes(self) -> Port:
        return Port(self.taken, prod(last - first for first, last in zip(self.begin, self.end, strict=True)))

    @property
    def iterations(self) -> int:
        return prod(self.image)

    @cached_property
    def passing(self) -> Codes:
        """Iterations whose beats leave, ascending."""
        box = tuple(slice(first, last) for first, last in zip(self.begin, self.end, strict=True))
        beats: Codes = np.arange(self.iterations).reshape(self.image)[box].ravel()
        return beats

    @cached_property
    def nest(self) -> Nest:
        return Nest(self.iterations, (at(every(self.iterations)),), at(self.passing))

    @cached_property
    def cfg(self) -> Cfg:
        (_, columns, folds), (row, column, fold), (row_end, column_end, fold_end) = self.image, self.begin, self.end
        return Cfg(
            settings(
                iterations=self.iterations,
                lanes=self.taken,
                first_lane=self.first_lane,
                folds=folds,
                width=columns,
                fold_begin=fold,
                fold_end=fold_end,
                column_begin=column,
                column_end=column_end,
                row_begin=row,
                row_end=row_end,
            )
        )

    @property
    def hls_steps(self) -> int:
        """A comparison, and what it decides."""
        return 2

    @property
    def cost(self) -> Cost:
        return Cost(lut=2 * UNIT_LUT)

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        (rows, columns, folds), (row, column, fold), (row_end, column_end, fold_end) = self.image, self.begin, self.end
        parameters = {
            "LANES": self.lanes,
            "FIRST_LANE": self.first_lane,
            "TAKEN": self.taken,
            "CODE_BITS": self.format.bits,
            "ROWS": rows,
            "COLUMNS": columns,
            "FOLDS": folds,
            "ROW_BEGIN": row,
            "ROW_END": row_end,
            "COLUMN_BEGIN": column,
            "COLUMN_END": column_end,
            "FOLD_BEGIN": fold,
            "FOLD_END": fold_end,
        }
        return (Module("sw_crop", parameters, self.nest),)
