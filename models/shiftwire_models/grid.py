"""Numbers as hardware holds them: integer codes on a power-of-two grid."""

from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from shiftwire_models.errors import ModelsError

FLOAT32_INTEGER_BITS = 24
"""Integers below 2**24 are exact in float32, in any order of summation."""


class Rounding(Enum):
    """What becomes of a value between two codes; the words are those of `shiftwire::Requantize`."""

    FLOOR = "floor"
    HALF_UP = "half_up"
    HALF_EVEN = "half_even"


@dataclass(frozen=True, slots=True)
class Format:
    """A grid: value = code * 2**-frac. `frac` may be negative or exceed `bits`."""

    bits: int
    frac: int
    signed: bool

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= FLOAT32_INTEGER_BITS:
            raise ModelsError(f"a format of {self.bits} bits does not fit a float32 model; take 1 to 24 bits")

    @property
    def low_code(self) -> int:
        """The smallest code."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def high_code(self) -> int:
        """The largest code."""
        return self.low_code + (1 << self.bits) - 1

    def __str__(self) -> str:
        return f"{'s' if self.signed else 'u'}{self.bits}.{self.frac}"


def round_to_integers(x: Tensor, rounding: Rounding) -> Tensor:
    """Round without ever adding 0.5, a sum that float32 would itself round."""
    if rounding is Rounding.HALF_EVEN:
        return torch.round(x)
    down = torch.floor(x)
    return down if rounding is Rounding.FLOOR else down + (x - down >= 0.5).to(x.dtype)


def to_codes(x: Tensor, grid: Format, rounding: Rounding) -> Tensor:
    """Integer codes, saturated, as floats of x's shape; infinities saturate too."""
    scaled = (x * 2.0**grid.frac).clamp(grid.low_code, grid.high_code)
    return round_to_integers(scaled, rounding)


def straight_through(value: Tensor, latent: Tensor) -> Tensor:
    """`value` exactly, with the gradient of `latent`: (latent - latent) is 0 for every finite latent."""
    return value.detach() + (latent - latent.detach())


def quantize(x: Tensor, grid: Format, rounding: Rounding) -> Tensor:
    """Values on the grid; the gradient passes inside the range and stops where the grid saturates."""
    step = 2.0**-grid.frac
    inside = x.clamp(grid.low_code * step, grid.high_code * step)
    return straight_through(to_codes(x, grid, rounding) * step, inside)
