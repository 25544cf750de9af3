"""Weights as sums of signed powers of two, the only multiplication a wire can do."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from shiftwire_models.errors import ModelsError


@dataclass(frozen=True, slots=True)
class Window:
    """The exponents a layer may use, both ends included; its width sets the adders' guard bits."""

    exponent_min: int
    exponent_max: int

    def __post_init__(self) -> None:
        if not -100 <= self.exponent_min <= self.exponent_max <= 100:
            raise ModelsError(
                f"an exponent window {self.exponent_min}..{self.exponent_max} is empty or leaves float32; "
                "take ascending bounds within -100..100"
            )


@dataclass(frozen=True, slots=True)
class PowerTerms:
    """weight = sum over terms of sign * 2**exponent; where sign is 0 the exponent is not read.

    sign      int8 (terms, out, in...), each -1, 0 or 1
    exponent  int8 (terms, out, in...), each inside the window (0 clamped into it where sign is 0)
    """

    sign: Tensor
    exponent: Tensor
    window: Window

    def value(self) -> Tensor:
        """float32 (out, in...), exact."""
        return (self.sign * powers_of_two(self.exponent, self.window)).sum(0)


def powers_of_two(exponent: Tensor, window: Window) -> Tensor:
    """By table: exp2 and pow of a vector library need not be exact."""
    low, high = window.exponent_min, window.exponent_max
    table = torch.tensor([2.0**e for e in range(low, high + 1)])
    return table[exponent.long() - low]


def nearest_power(w: Tensor, window: Window) -> tuple[Tensor, Tensor]:
    """R(w) of LightNN: nearest in the log domain, so 1.42 goes to 2; what would fall below the window becomes 0.

    Returns sign and exponent, int8, of w's shape.
    """
    magnitude = w.detach().abs()
    floor = 2.0 ** (window.exponent_min - 0.5)
    exponent = torch.round(torch.log2(magnitude.clamp_min(floor)))
    exponent = exponent.clamp(window.exponent_min, window.exponent_max).to(torch.int8)
    sign = torch.where(magnitude > floor, w.detach().sign(), torch.zeros_like(magnitude)).to(torch.int8)
    return sign, torch.where(sign == 0, resting_exponent(window), exponent)


def greedy_terms(w: Tensor, terms: int, window: Window) -> PowerTerms:
    """Q_k(w) = Q_{k-1}(w) + R(w - Q_{k-1}(w)): each term takes the nearest power of what is left (LightNN)."""
    rest = w.detach()
    signs, exponents = [], []
    for _ in range(terms):
        sign, exponent = nearest_power(rest, window)
        rest = rest - sign * powers_of_two(exponent, window)
        signs.append(sign)
        exponents.append(exponent)
    return PowerTerms(torch.stack(signs), torch.stack(exponents), window)


def resting_exponent(window: Window) -> Tensor:
    """The exponent written where the sign is 0: 0, or the bound next to it."""
    return torch.tensor(min(max(0, window.exponent_min), window.exponent_max), dtype=torch.int8)


def ceil_log2(x: float) -> int:
    """Smallest e with 2**e >= x, for x > 0."""
    mantissa, exponent = math.frexp(x)
    return exponent - 1 if mantissa == 0.5 else exponent
