"""Upsample: every pixel several times, by whole factors (nearest neighbour)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.cfg import Cfg, settings
from shiftwire.ir.cost import UNIT_LUT, Array, Cost, is_block, memory
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.module import Module
from shiftwire.ir.nest import Nest, at, every
from shiftwire.ir.network import Op, Operations, Tensor, Witness
from shiftwire.ir.unit import MEMORY_CYCLES, Surroundings, Unit
from shiftwire.numbers.fixed import Codes, Fixed


@dataclass(frozen=True, eq=False)
class UpsampleUnit(Unit):
    """Beats of `lanes` codes of an image (height, width) whose pixels have `folds` beats each; factors  (down, across).

    A beat is read in the first of its uses and kept in a line buffer for the others: a row of the image where rows
    repeat, else a pixel.
    """

    function = "upsample"
    format: Fixed
    image: tuple[int, int]
    folds: int
    lanes: int
    factors: tuple[int, int]

    @property
    def reads(self) -> tuple[Port, ...]:
        return (Port(self.lanes, prod(self.image) * self.folds),)

    @property
    def writes(self) -> Port:
        return Port(self.lanes, self.iterations)

    @property
    def iterations(self) -> int:
        return prod(self.image) * prod(self.factors) * self.folds

    @property
    def words(self) -> int:
        """Beats that the line buffer holds."""
        return self.folds * (self.image[1] if self.factors[0] > 1 else 1)

    @cached_property
    def nest(self) -> Nest:
        """Rows, their repeats, columns, their repeats, beats of a pixel."""
        (height, width), (down, across) = self.image, self.factors
        uses = every(self.iterations)
        return Nest(
            len(uses), (at(uses.reshape(height, down, width, across, self.folds)[:, 0, :, 0].ravel()),), at(uses)
        )

    @property
    def hls_steps(self) -> int:
        return MEMORY_CYCLES + 1

    @cached_property
    def cfg(self) -> Cfg:
        return Cfg(
            settings(
                iterations=self.iterations,
                lanes=self.lanes,
                folds=self.folds,
                width=self.image[1],
                factor_down=self.factors[0],
                factor_across=self.factors[1],
                words=self.words,
            )
        )

    @property
    def hls_arrays(self) -> tuple[Array, ...]:
        return (Array(self.words, self.lanes * self.format.bits),)

    @property
    def cost(self) -> Cost:
        return memory(self.words, self.lanes * self.format.bits) + Cost(lut=3 * UNIT_LUT)

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        beat_bits = self.lanes * self.format.bits
        parameters: Mapping[str, int] = {
            "WIDTH": beat_bits,
            "FOLDS": self.folds,
            "COLUMNS": self.image[1],
            "DOWN": self.factors[0],
            "ACROSS": self.factors[1],
            "ROW_BLOCK": is_block(self.words, beat_bits),
        }
        return (Module("sw_upsample", parameters, self.nest, stages=1),)


@dataclass(frozen=True, slots=True)
class Upsample(Op):
    """y[..., i, ...] = x[..., i // factor, ...]; a factor for each spatial axis, such as (2, 2)."""

    unit_types = (UpsampleUnit,)

    factors: tuple[int, ...]

    def __post_init__(self) -> None:
        if min(self.factors, default=0) < 1:
            raise InputError(f"factors of {self.factors} leave no pixels; give whole numbers from 1 on")

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        *spatial, channels = x.shape
        if len(spatial) != len(self.factors):
            raise InputError(
                f"factors {self.factors} cannot read shape {x.shape}; give one for each of its {len(spatial)} "
                "spatial axes"
            )
        larger = (size * factor for size, factor in zip(spatial, self.factors, strict=True))
        return Tensor((*larger, channels), x.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        image = codes[0]
        for axis, factor in enumerate(self.factors, start=1):
            image = np.repeat(image, factor, axis=axis)
        return image

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        (x,) = inputs
        *spatial, channels = x.shape
        image, factors = (spatial, self.factors) if len(spatial) > 1 else ([1, *spatial], (1, *self.factors))
        height, width = image
        down, across = factors
        return (UpsampleUnit(x.format, (height, width), channels // fold.pe, fold.pe, (down, across)),)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        *pixel, channel = index
        place = tuple(i // factor for i, factor in zip(pixel, self.factors, strict=True))
        return (("input", codes[0][(*place, channel)].reshape(1)),)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()
