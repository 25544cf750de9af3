"""Flatten and Unflatten: an image as a vector and back, codes move, none changes; View: codes as another tensor."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.cost import Cost, lanes_cost
from shiftwire.ir.fold import Fold, Port, divisors
from shiftwire.ir.network import Op, Operations, Tensor
from shiftwire.ir.unit import Unit, plain_lane_lut
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.units.reorder import Reorder, moving_cost


@dataclass(frozen=True, slots=True)
class Flatten(Op):
    """An image as a vector in ONNX's order, channel slowest, so that weights behind it keep their places.

    With `in_stream_order` the channel is fastest, as codes travel, and the layer needs no hardware.
    """

    unit_types = (Reorder,)

    in_stream_order: bool = False

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if len(x.shape) < 2:
            raise InputError(f"a tensor of shape {x.shape} is flat already; drop the flatten")
        return Tensor((x.size,), x.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        image = codes[0] if self.in_stream_order else np.moveaxis(codes[0], -1, 1)
        return image.reshape(len(image), -1)

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        return tuple(Fold(lanes) for lanes in divisors(inputs[0].shape[-1]))

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        if self.in_stream_order:
            return ()
        (x,) = inputs
        source = np.moveaxis(np.arange(x.size).reshape(x.shape), -1, 0).ravel()
        return (Reorder(Port.of(output.size, fold.pe), source, output.format, 1),)

    def cost(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> Cost:
        """As if codes only passed."""
        return lanes_cost(fold.pe, plain_lane_lut(output.format))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()


@dataclass(frozen=True, slots=True)
class Unflatten(Op):
    """A vector in ONNX's order, channel slowest, as an image of `shape`, the channels last."""

    unit_types = (Reorder,)

    shape: tuple[int, ...]

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if len(x.shape) != 1 or len(self.shape) < 2 or prod(self.shape) != x.size:
            raise InputError(
                f"a tensor of shape {x.shape} is no image of shape {self.shape}; give a vector of its size"
            )
        return Tensor(self.shape, x.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return codes[0][:, self.order].reshape(len(codes[0]), *self.shape)

    @property
    def order(self) -> Codes:
        """The place in the vector of each code of the image, as they travel."""
        places = np.arange(prod(self.shape)).reshape(self.shape[-1], *self.shape[:-1])
        return np.moveaxis(places, 0, -1).ravel()

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        return tuple(Fold(lanes) for lanes in divisors(output.shape[-1]))

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        if (np.diff(self.order) == 1).all():
            return ()
        return (Reorder(Port.of(output.size, fold.pe), self.order, output.format, 1),)

    def cost(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> Cost:
        """A copy of the vector for each lane."""
        return moving_cost(self.units(inputs, output, fold))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()


@dataclass(frozen=True, slots=True)
class View(Op):
    """The codes of a stream as a tensor of another shape, on another grid; no code moves or changes.

    It needs no hardware, so the format has as many bits and the same sign.
    """

    unit_types = ()

    shape: tuple[int, ...]
    format: Fixed

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        is_alike = (x.format.bits, x.format.signed) == (self.format.bits, self.format.signed)
        if x.size != prod(self.shape) or not is_alike:
            raise InputError(
                f"a view of {x} as {self.format} of shape {self.shape} is no rewiring; give as many codes, of as many "
                "bits and the same sign"
            )
        return Tensor(self.shape, self.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return codes[0].reshape(len(codes[0]), *self.shape)

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        return ()

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()
