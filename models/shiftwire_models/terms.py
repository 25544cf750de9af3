"""Weights as sums of signed powers of two, the only multiplication a wire can do."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from shiftwire_models.errors import ModelsError


@dataclass(frozen=True, slots=True)
class ExponentRange:
    """The exponents a layer may use, both ends included; its width sets the adders' guard bits."""

    lowest: int
    highest: int

    def __post_init__(self) -> None:
        if not -100 <= self.lowest <= self.highest <= 100:
            raise ModelsError(
                f"an exponent range {self.lowest}..{self.highest} is empty or leaves float32; "
                "take ascending bounds within -100..100"
            )


@dataclass(frozen=True, slots=True)
class PowerTerms:
    """weight = sum over terms of sign * 2**exponent; where sign is 0 the exponent is not read.

    sign      int8 (terms, out, in...), each -1, 0 or 1
    exponent  int8 (terms, out, in...), each inside the exponent range (0 clamped into it where sign is 0)
    """

    sign: Tensor
    exponent: Tensor
    exponent_range: ExponentRange

    def value(self) -> Tensor:
        """float32 (out, in...), exact."""
        return (self.sign * powers_of_two(self.exponent, self.exponent_range)).sum(0)


def powers_of_two(exponent: Tensor, exponent_range: ExponentRange) -> Tensor:
    """By table: exp2 and pow of a vector library need not be exact."""
    low, high = exponent_range.lowest, exponent_range.highest
    table = torch.tensor([2.0**e for e in range(low, high + 1)], device=exponent.device)
    return table[exponent.long() - low]


def nearest_power(w: Tensor, exponent_range: ExponentRange) -> tuple[Tensor, Tensor]:
    """R(w) of LightNN: nearest in the log domain, so 1.42 goes to 2; what falls below the exponent range becomes 0.

    Returns sign and exponent, int8, of w's shape.
    """
    magnitude = w.detach().abs()
    floor = 2.0 ** (exponent_range.lowest - 0.5)
    exponent = torch.round(torch.log2(magnitude.clamp_min(floor)))
    exponent = exponent.clamp(exponent_range.lowest, exponent_range.highest).to(torch.int8)
    sign = torch.where(magnitude > floor, w.detach().sign(), torch.zeros_like(magnitude)).to(torch.int8)
    return sign, exponent.masked_fill(sign == 0, resting_exponent(exponent_range))


def greedy_terms(w: Tensor, terms: int, exponent_range: ExponentRange) -> PowerTerms:
    """Q_k(w) = Q_{k-1}(w) + R(w - Q_{k-1}(w)): each term takes the nearest power of what is left (LightNN)."""
    rest = w.detach()
    signs, exponents = [], []
    for _ in range(terms):
        sign, exponent = nearest_power(rest, exponent_range)
        rest = rest - sign * powers_of_two(exponent, exponent_range)
        signs.append(sign)
        exponents.append(exponent)
    return PowerTerms(torch.stack(signs), torch.stack(exponents), exponent_range)


def resting_exponent(exponent_range: ExponentRange) -> int:
    """The exponent written where the sign is 0: 0, or the bound next to it."""
    return min(max(0, exponent_range.lowest), exponent_range.highest)


def ceil_log2(x: float) -> int:
    """Smallest e with 2**e >= x, for x > 0."""
    mantissa, exponent = math.frexp(x)
    return exponent - 1 if mantissa == 0.5 else exponent
