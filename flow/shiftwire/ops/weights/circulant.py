"""Blocks of powers of two that are circulant: CirCNN's structure without its transform."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Codes
from shiftwire.numbers.shift_weights import ShiftWeights, compacted
from shiftwire.ops.weights.coded import moved
from shiftwire.ops.weights.shift import Shift

BEFORE_FILTER = 4
"""Axes of the vectors up to the block's own: terms, blocks of outputs, blocks of inputs, place."""


@dataclass(frozen=True, eq=False)
class Circulant(Shift):
    """w[o, i, ...] = vectors[o // b, i // b, (i - o) mod b, ...] (Ding et al., CirCNN, 2017; its blocks transposed).

    vectors  (terms, out / b, in / b, b, kernel...); `places` (out, in...) says which number of a plane of the vectors
    each weight is; layers have channels last, vectors first.
    """

    kind = "Circulant"

    weights: ShiftWeights = field(init=False)
    vectors: ShiftWeights
    places: Codes

    def __post_init__(self) -> None:
        sign, exponent = (
            part.reshape(len(part), -1)[:, self.places] for part in (self.vectors.sign, self.vectors.exponent)
        )
        object.__setattr__(self, "weights", ShiftWeights(sign, exponent))

    @classmethod
    def of(cls, vectors: ShiftWeights) -> Circulant:
        """Channels first, (out, in, kernel...); raises InputError for vectors of too few axes."""
        if vectors.sign.ndim < BEFORE_FILTER:
            raise InputError(
                f"vectors of shape {vectors.sign.shape} are no circulant blocks; give (terms, out / b, in / b, b, ...)"
            )
        return cls(vectors, places(vectors.sign.shape[1:]))

    @property
    def circle(self) -> int:
        return int(self.vectors.sign.shape[3])

    @property
    def is_in_order(self) -> bool:
        """Whether the weights are (out, in, kernel...) as the vectors have them."""
        every = places(self.vectors.sign.shape[1:])
        return self.places.shape == every.shape and bool((self.places == every).all())

    @property
    def bits(self) -> int:
        """Those of the vectors."""
        return self.vectors.weight_bits

    def compacted(self) -> Circulant:
        return Circulant(compacted(self.vectors), self.places)

    def with_moved(self, axis: int, to: int) -> Circulant:
        return Circulant(self.vectors, moved(self.places, axis, to))

    def with_taps(self, order: Codes) -> Circulant:
        return Circulant(self.vectors, self.places[:, order])

    def with_rows(self, order: Codes) -> Circulant:
        return Circulant(self.vectors, self.places[order])


def places(shape: tuple[int, ...]) -> Codes:
    """Of vectors (out / b, in / b, b, kernel...): which of their numbers weight (out, in, kernel...) is."""
    outputs, inputs, block, *kernel = shape
    numbers = np.arange(int(np.prod(shape))).reshape(outputs, inputs, block, *kernel)
    turned = (np.arange(block) - np.arange(block)[:, None]) % block
    blocks = np.moveaxis(numbers[:, :, turned], 2, 1)
    return blocks.reshape(outputs * block, inputs * block, *kernel)
