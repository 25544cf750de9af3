"""What makes images larger: Upsample repeats pixels by whole factors, Spread makes several of the channels of one."""

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
from shiftwire.units.reorder import Reorder, moving_cost


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


@dataclass(frozen=True, slots=True)
class Spread(Op):
    """Along a spatial axis every position becomes `block`, made of its channels: channel r * C + c is c of the r-th.

    Axes count from 0. Along the last one that is the order in which codes travel, and the layer needs no hardware.
    """

    unit_types = (Reorder,)

    axis: int
    block: int

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        *spatial, channels = x.shape
        if not 0 <= self.axis < len(spatial):
            raise InputError(f"shape {x.shape} has no spatial axis {self.axis} to spread channels along")
        if self.block < 1 or channels % self.block:
            raise InputError(
                f"a spread to {self.block} positions cannot read shape {x.shape}; give channels that {self.block} "
                "divides"
            )
        spatial[self.axis] *= self.block
        return Tensor((*spatial, channels // self.block), x.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        count, *larger = len(codes[0]), *self.infer(*inputs).shape
        parts = codes[0].reshape(*codes[0].shape[:-1], self.block, -1)
        return np.moveaxis(parts, -2, 2 + self.axis).reshape(count, *larger)

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        """Row by row: one comes in, `block` leave."""
        *spatial, channels = inputs[0].shape
        if self.axis == len(spatial) - 1:
            return ()
        height, width = spatial
        row = np.arange(width * channels).reshape(width, self.block, -1)
        return (Reorder(Port.of(output.size, fold.pe), row.swapaxes(0, 1).ravel(), output.format, height),)

    def cost(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> Cost:
        return moving_cost(self.units(inputs, output, fold))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()
