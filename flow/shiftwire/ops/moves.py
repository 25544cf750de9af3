"""Layers whose codes are some of those they read, in other places: Pad (zeros too), Crop, Select, DepthToSpace."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd, prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.cost import Cost, lanes_cost
from shiftwire.ir.fold import Fold, Port, divisors
from shiftwire.ir.network import Op, Operations, Tensor, Witness
from shiftwire.ir.unit import Unit, plain_lane_lut
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.units.crop import CropUnit
from shiftwire.units.reorder import Reorder, moving_cost
from shiftwire.units.window import Taps, WindowUnit


@dataclass(frozen=True, slots=True)
class Pad(Op):
    """Zeros around an image; one entry a spatial axis in `begin` and `end`."""

    unit_types = (WindowUnit,)

    begin: tuple[int, ...]
    end: tuple[int, ...]

    @property
    def _window(self) -> Window:
        ones = (1,) * len(self.begin)
        return Window(ones, ones, self.begin, self.end)

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        return Tensor((*self._window.output(x.shape[:-1]), x.shape[-1]), x.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        spatial = tuple(zip(self.begin, self.end, strict=True))
        return np.pad(codes[0], ((0, 0), *spatial, (0, 0)))

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        (x,) = inputs
        return (WindowUnit(self._window, x.shape, x.format, fold.pe, Taps(1, fold.pe, x.shape[-1])),)

    def cost(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> Cost:
        """As if codes only passed."""
        return lanes_cost(fold.pe, plain_lane_lut(output.format))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()


@dataclass(frozen=True, slots=True)
class Crop(Op):
    """A part of a tensor: so many rows, columns and channels are left out at `begin` and `end`, an entry an axis."""

    unit_types = (CropUnit,)

    begin: tuple[int, ...]
    end: tuple[int, ...]

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if not len(self.begin) == len(self.end) == len(x.shape) or min(*self.begin, *self.end) < 0:
            raise InputError(
                f"a crop by {self.begin} and {self.end} cannot read shape {x.shape}; give whole numbers from 0 on, one "
                "for each axis"
            )
        shape = tuple(n - b - e for n, b, e in zip(x.shape, self.begin, self.end, strict=True))
        if min(shape) < 1:
            raise InputError(f"a crop by {self.begin} and {self.end} leaves nothing of shape {x.shape}; crop less")
        return Tensor(shape, x.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        ends = zip(self.begin, self.end, codes[0].shape[1:], strict=True)
        return codes[0][(slice(None), *(slice(begin, size - end) for begin, end, size in ends))]

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        """Lanes that divide what is left out and what is taken; or whole pixels, whose lanes are chosen by wires."""
        shared = gcd(inputs[0].shape[-1], self.begin[-1], output.shape[-1])
        return tuple(Fold(lanes) for lanes in sorted({*divisors(shared), output.shape[-1]}))

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        (x,) = inputs
        return (_crop_unit(x.format, x.shape, self.begin, output.shape, fold.pe),)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        place = tuple(i + begin for i, begin in zip(index, self.begin, strict=True))
        return (("input", codes[0][place].reshape(1)),)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()


def _crop_unit(
    format: Fixed, shape: tuple[int, ...], begin: tuple[int, ...], taken: tuple[int, ...], pe: int
) -> CropUnit:
    """`taken` of a tensor from `begin` on: in beats of `pe` codes, or in whole pixels where these do not fit."""
    *_, channels = shape
    is_whole = bool(channels % pe or begin[-1] % pe)
    lanes = channels if is_whole else pe
    row, column = (0, 0, *begin[:-1])[-2:]
    rows, columns = (1, 1, *shape[:-1])[-2:]
    down, across = (1, 1, *taken[:-1])[-2:]
    fold = 0 if is_whole else begin[-1] // pe
    return CropUnit(
        format,
        (rows, columns, channels // lanes),
        (row, column, fold),
        (row + down, column + across, fold + taken[-1] // pe),
        lanes,
        begin[-1] if is_whole else 0,
        pe,
    )


@dataclass(frozen=True, slots=True)
class Select(Op):
    """y[..., c] = x[..., channels[c]]: channels in another order, some of them possibly left out or repeated."""

    unit_types = (Reorder, CropUnit)

    channels: tuple[int, ...]

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        *spatial, channels = x.shape
        if not self.channels or not 0 <= min(self.channels) <= max(self.channels) < channels:
            raise InputError(
                f"channels {self.channels} are not all there in shape {x.shape}; name some of 0 to {channels - 1}"
            )
        if len(self.channels) > channels:
            raise InputError(
                f"{len(self.channels)} channels are more than the {channels} of shape {x.shape}, of which some would "
                "be repeated; select at most as many and join them by a Concat"
            )
        return Tensor((*spatial, len(self.channels)), x.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return codes[0][..., list(self.channels)]

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        """Lanes that divide the channels in front and behind; or whole pixels."""
        shared = gcd(inputs[0].shape[-1], output.shape[-1])
        return tuple(Fold(lanes) for lanes in sorted({*divisors(shared), output.shape[-1]}))

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        """The channels that are taken come first in each pixel, then the rest, which is cropped."""
        (x,) = inputs
        *spatial, channels = x.shape
        rest = channels - len(self.channels)
        source = np.array([*self.channels, *self.channels[:1] * rest])
        pe = channels if channels % fold.pe else fold.pe
        reorder = Reorder(Port.of(x.size, pe), source, x.format, prod(spatial))
        return (reorder, _crop_unit(x.format, x.shape, (0,) * len(x.shape), output.shape, fold.pe))[: 2 if rest else 1]

    def cost(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> Cost:
        return moving_cost(self.units(inputs, output, fold))

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        return (("input", codes[0][(*index[:-1], self.channels[index[-1]])].reshape(1)),)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()


class DepthOrder(enum.Enum):
    """Which channel of a pixel goes where in a block of (row, column): ONNX's modes of DepthToSpace."""

    DCR = "DCR"
    """Channel (row * block + column) * C + c: blocks are slowest."""
    CRD = "CRD"
    """Channel c * block**2 + row * block + column: the pixel shuffle of PyTorch."""


@dataclass(frozen=True, slots=True)
class DepthToSpace(Op):
    """Every pixel becomes a block of `block` by `block` pixels, made of its channels."""

    unit_types = (Reorder,)

    block: int
    order: DepthOrder

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        height, width, channels = _image(x, self.block)
        if channels % self.block**2:
            raise InputError(
                f"a depth-to-space of blocks of {self.block} cannot read shape {x.shape}; give channels that "
                f"{self.block**2} divides"
            )
        return Tensor((height * self.block, width * self.block, channels // self.block**2), x.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        count, height, width, channels = codes[0].shape
        moved = self._blocks(codes[0].reshape(-1, width, channels))
        return moved.reshape(count, height * self.block, width * self.block, -1)

    def _blocks(self, rows: Codes) -> Codes:
        """Rows of an image (N, W, channels) as (N, block, W, block, C)."""
        block, (_, width, channels) = self.block, rows.shape
        rest = channels // block**2
        if self.order is DepthOrder.DCR:
            return rows.reshape(-1, width, block, block, rest).transpose(0, 2, 1, 3, 4)
        return rows.reshape(-1, width, rest, block, block).transpose(0, 3, 1, 4, 2)

    def source_channels(self, channels: int) -> Codes:
        """Of each channel that leaves, those that it is made of: (C, block**2)."""
        places: Codes = self._blocks(np.arange(channels).reshape(1, 1, -1)).reshape(self.block**2, -1).T
        return places

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        """Row by row: one comes in, `block` leave."""
        height, width, channels = inputs[0].shape
        source = self._blocks(np.arange(width * channels).reshape(1, width, channels)).ravel()
        return (Reorder(Port.of(output.size, fold.pe), source, output.format, height),)

    def cost(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> Cost:
        return moving_cost(self.units(inputs, output, fold))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()


@dataclass(frozen=True, slots=True)
class SpaceToDepth(Op):
    """Every block of `block` by `block` pixels becomes one: channel (row * block + column) * C + c."""

    unit_types = (Reorder,)

    block: int

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        height, width, channels = _image(x, self.block)
        if height % self.block or width % self.block:
            raise InputError(
                f"a space-to-depth of blocks of {self.block} cannot read shape {x.shape}; give whole blocks, padded "
                "if need be"
            )
        return Tensor((height // self.block, width // self.block, channels * self.block**2), x.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        count, height, width, _ = codes[0].shape
        return self._pixels(codes[0]).reshape(count, height // self.block, width // self.block, -1)

    def _pixels(self, image: Codes) -> Codes:
        """Images (N, H, W, C) as (N * H / block, W / block, block, block, C)."""
        _, _, width, channels = image.shape
        rows = image.reshape(-1, self.block, width // self.block, self.block, channels)
        return rows.transpose(0, 2, 1, 3, 4)

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        return tuple(Fold(lanes) for lanes in divisors(inputs[0].shape[-1]))

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        """Block by block of rows."""
        height, width, channels = inputs[0].shape
        size = self.block * width * channels
        source = self._pixels(np.arange(size).reshape(1, self.block, width, channels)).ravel()
        return (Reorder(Port.of(output.size, fold.pe), source, output.format, height // self.block),)

    def cost(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> Cost:
        return moving_cost(self.units(inputs, output, fold))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()


def _image(x: Tensor, block: int) -> tuple[int, int, int]:
    """Height, width and channels; raises InputError for what is no image or block."""
    if block < 1:
        raise InputError(f"blocks of {block} hold no pixels; give a whole number from 1 on")
    if len(x.shape) != 3:
        raise InputError(f"shape {x.shape} has no height and width, between which depth moves; give images")
    height, width, channels = x.shape
    return height, width, channels
