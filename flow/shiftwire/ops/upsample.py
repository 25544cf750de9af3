"""What makes images larger: Upsample repeats pixels by whole factors, Spread makes several of the channels of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.cfg import Cfg, settings
from shiftwire.ir.cost import UNIT_LUT, Array, Cost, memory
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

    The first row and column come `begin` times more, the last ones `end` times, (down, across) each. A beat is read in
    the first of its uses and kept in a line buffer for the others: a row of the image where rows repeat, else a pixel.
    """

    function = "upsample"
    format: Fixed
    image: tuple[int, int]
    folds: int
    lanes: int
    factors: tuple[int, int]
    begin: tuple[int, int] = (0, 0)
    end: tuple[int, int] = (0, 0)

    @property
    def reads(self) -> tuple[Port, ...]:
        return (Port(self.lanes, prod(self.image) * self.folds),)

    @property
    def writes(self) -> Port:
        return Port(self.lanes, self.iterations)

    @property
    def iterations(self) -> int:
        return prod(len(self._repeated(axis)) for axis in (0, 1)) * self.folds

    def _repeated(self, axis: int) -> Codes:
        """The row or column that each of the larger image repeats."""
        places = np.repeat(every(self.image[axis]), self.factors[axis])
        return np.pad(places, (self.begin[axis], self.end[axis]), mode="edge")

    @property
    def repeats_rows(self) -> bool:
        """Whether any row comes more than once."""
        return self.factors[0] + self.begin[0] + self.end[0] > 1

    @property
    def words(self) -> int:
        """Beats that the line buffer holds."""
        return self.folds * (self.image[1] if self.repeats_rows else 1)

    @cached_property
    def nest(self) -> Nest:
        """Rows, their repeats, columns, their repeats, beats of a pixel."""
        rows, columns = (np.unique(self._repeated(axis), return_index=True)[1] for axis in (0, 1))
        uses = every(self.iterations)
        image = uses.reshape(-1, len(self._repeated(1)), self.folds)
        return Nest(len(uses), (at(image[np.ix_(rows, columns)].ravel()),), at(uses))

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
                height=self.image[0],
                width=self.image[1],
                factor_down=self.factors[0],
                factor_across=self.factors[1],
                begin_down=self.begin[0],
                begin_across=self.begin[1],
                end_down=self.end[0],
                end_across=self.end[1],
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
            "ROWS": self.image[0],
            "COLUMNS": self.image[1],
            "DOWN": self.factors[0],
            "ACROSS": self.factors[1],
            "BEGIN_DOWN": self.begin[0],
            "BEGIN_ACROSS": self.begin[1],
            "END_DOWN": self.end[0],
            "END_ACROSS": self.end[1],
            "ROW_BLOCK": around.block(self.words, beat_bits),
        }
        return (Module("sw_upsample", parameters, self.nest, stages=1),)


@dataclass(frozen=True, slots=True)
class Upsample(Op):
    """y[..., i, ...] = x[..., i // factor, ...]; a factor for each spatial axis, such as (2, 2).

    The first pixel of an axis comes `begin` times more and the last one `end` times; neither does where they are empty.
    """

    unit_types = (UpsampleUnit,)

    factors: tuple[int, ...]
    begin: tuple[int, ...] = ()
    end: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if min(self.factors, default=0) < 1:
            raise InputError(f"factors of {self.factors} leave no pixels; give whole numbers from 1 on")
        for repeats in (self.begin, self.end):
            if min(repeats, default=0) < 0 or len(repeats) not in (0, len(self.factors)):
                raise InputError(
                    f"edges repeated {self.begin} and {self.end} times; give counts from 0 on, one an axis"
                )

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Begin and end of each axis."""
        none = (0,) * len(self.factors)
        return tuple(zip(self.begin or none, self.end or none, strict=True))

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        *spatial, channels = x.shape
        if len(spatial) != len(self.factors):
            raise InputError(
                f"factors {self.factors} cannot read shape {x.shape}; give one for each of its {len(spatial)} "
                "spatial axes"
            )
        axes = zip(spatial, self.factors, self.edges, strict=True)
        larger = (size * factor + sum(edges) for size, factor, edges in axes)
        return Tensor((*larger, channels), x.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        image = codes[0]
        for axis, factor in enumerate(self.factors, start=1):
            image = np.repeat(image, factor, axis=axis)
        return np.pad(image, ((0, 0), *self.edges, (0, 0)), mode="edge")

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        (x,) = inputs
        *spatial, channels = x.shape
        (height, down, rows), (width, across, columns) = [
            (1, 1, (0, 0)), *zip(spatial, self.factors, self.edges, strict=True)
        ][-2:]  # fmt: skip
        begin, end = zip(rows, columns, strict=True)
        return (UpsampleUnit(x.format, (height, width), channels // fold.pe, fold.pe, (down, across), begin, end),)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        *pixel, channel = index
        axes = zip(pixel, self.factors, self.edges, codes[0].shape[:-1], strict=True)
        place = tuple(min(max(i - begin, 0) // factor, size - 1) for i, factor, (begin, _), size in axes)
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
