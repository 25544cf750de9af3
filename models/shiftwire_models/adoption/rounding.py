"""What each family makes of its latents: powers of two, levels, integers, by its own equations."""

import torch
from torch import Tensor

from shiftwire_models.errors import ModelsError
from shiftwire_models.terms import ExponentRange, PowerTerms, resting_exponent
from shiftwire_models.weights.apot import apot_terms
from shiftwire_models.weights.filter_terms import least_left

_MOST_TERMS = 6
"""Signed digits of a 10-bit integer, at most."""
_STEPS = 127
"""Of the largest weight of APoT's first and last layer."""


def power_and_sign(shift: Tensor, sign: Tensor, bits: int) -> PowerTerms:
    """DeepShift-PS: p = round(clamp(shift, -(2^(b-1) - 2), 0)) half to even, s = sign(round(sign)); W = s * 2^p.

    Source: Elhoushi et al., DeepShift, 2021; ShiftAddNet's shift layers are these.
    """
    lowest = -(2 ** (bits - 1) - 2)
    return _one_term(torch.round(sign).sign(), torch.round(shift.clamp(lowest, 0)), ExponentRange(lowest, 0))


def rounded(weight: Tensor, bits: int) -> PowerTerms:
    """DeepShift-Q: W = sign(w) * 2^round(log2 |w|), |w| clamped to [2^-(2^(b-1) - 1), 1]; only an exact 0 is 0."""
    lowest = -(2 ** (bits - 1) - 1)
    exponent = torch.round(torch.log2(weight.abs().clamp(2.0**lowest, 1.0)))
    return _one_term(weight.sign(), exponent, ExponentRange(lowest, 0))


def powers_alone(weight: Tensor) -> PowerTerms | None:
    """Weights that are powers of two and zeros already, as they are; none for any others."""
    mantissa, exponent = torch.frexp(weight.abs())
    powers = (exponent - 1).where(weight != 0, 0)
    if bool(((weight != 0) & (mantissa != 0.5)).any()) or not -100 < int(powers.min()) <= int(powers.max()) < 100:
        return None
    return _one_term(weight.sign(), powers, ExponentRange(int(powers.min()), int(powers.max())))


def additive_powers(weight: Tensor, alpha: float, bits: int) -> tuple[PowerTerms, float]:
    """APoT: (w - mean) / std, clipped to alpha, on the nearest level; W = levels times the scale alpha / top level.

    Source: Li et al., Additive Powers-of-Two Quantization, ICLR 2020, with its weight normalization.
    """
    normal = (weight - weight.mean()) / weight.std()
    terms, top = apot_terms(normal / alpha, bits)
    return terms, alpha / top


def eight_bits(weight: Tensor) -> tuple[PowerTerms, float]:
    """APoT's first and last layer: the integers round(127 * w / max(w)) as signed digits, and their scale."""
    top = float(weight.max())
    if top <= 0:
        raise ModelsError("the first or the last layer has no positive weight, which sets its scale; train it again")
    return integer_terms(torch.round(weight / top * _STEPS)), top / _STEPS


def integer_terms(integers: Tensor) -> PowerTerms:
    """Whole numbers as sums of signed powers of two, exactly. Raises ModelsError beyond ten bits or so."""
    highest = max(int(integers.abs().max()).bit_length(), 1)
    exponent_range, rest = ExponentRange(0, highest), integers.clone()
    signs: list[Tensor] = []
    exponents: list[Tensor] = []
    while bool(rest.any()) or not signs:
        if len(signs) == _MOST_TERMS:
            raise ModelsError(f"integers up to {int(integers.abs().max())} are no 8-bit weights; train it again")
        sign, exponent = least_left(rest, exponent_range)
        rest = rest - sign * torch.exp2(exponent.float()).round()
        signs.append(sign)
        exponents.append(exponent.masked_fill(sign == 0, resting_exponent(exponent_range)))
    return PowerTerms(torch.stack(signs), torch.stack(exponents), exponent_range)


def _one_term(sign: Tensor, exponent: Tensor, exponent_range: ExponentRange) -> PowerTerms:
    signs = sign.to(torch.int8)
    exponents = exponent.to(torch.int8).masked_fill(signs == 0, resting_exponent(exponent_range))
    return PowerTerms(signs[None], exponents[None], exponent_range)
