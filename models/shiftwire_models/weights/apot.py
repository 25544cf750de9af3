"""APoT: weights on levels that are sums of two powers of two, kept as small integers."""

import torch
from torch import Tensor, nn

from shiftwire_models.errors import ModelsError
from shiftwire_models.grid import straight_through
from shiftwire_models.terms import ExponentRange, PowerTerms
from shiftwire_models.weights.latent import Shape, ShiftWeight, initial_latent

# weight bits -> level -> the exponents whose powers add up to it
_LEVELS: dict[int, dict[int, tuple[int, ...]]] = {
    3: {0: (), 1: (0,), 2: (1,), 4: (2,)},
    4: {0: (), 1: (0,), 2: (1,), 3: (1, 0), 4: (2,), 6: (2, 1), 8: (3,), 10: (3, 1)},
}


def apot_levels(bits: int) -> tuple[int, ...]:
    """Magnitudes of a signed weight of 3 or 4 bits: exact integers, one common scale apart from the paper's."""
    if bits not in _LEVELS:
        raise ModelsError(f"APoT weights of {bits} bits have no level table; take 3 or 4")
    return tuple(_LEVELS[bits])


class AdditivePowerWeight(ShiftWeight):
    """The paper's scale alpha / top level is left to the Affine that follows, so the weight is an integer.

    The latent is in units of the top level (|latent| > 1 saturates); the nearest level wins, ties to the smaller.
    Source: Li et al., Additive Powers-of-Two Quantization, ICLR 2020.
    """

    def __init__(self, shape: Shape, bits: int) -> None:
        levels = apot_levels(bits)
        super().__init__(_exponent_range(bits))
        self.levels, self.bits = levels, bits
        latent = initial_latent(shape)
        self.latent = nn.Parameter(latent / (3 * latent.std()) if latent.numel() > 1 else latent)

    def terms(self) -> PowerTerms:
        """As many terms as a level has powers at most (1 for 3 bits, 2 for 4), the larger power first."""
        return apot_terms(self.latent.detach(), self.bits)[0]

    def forward(self) -> Tensor:
        """Integers as floats, (out, in...); dW passes straight to the latent, times the top level."""
        return straight_through(self.terms().value(), self.latent * self.levels[-1])


def apot_terms(latent: Tensor, bits: int) -> tuple[PowerTerms, int]:
    """The nearest levels of latents in units of the top level, ties to the smaller, and that level."""
    levels = torch.tensor(apot_levels(bits), dtype=torch.float32, device=latent.device)
    rows = list(_LEVELS[bits].values())
    index = torch.bucketize(latent.abs() * levels[-1], (levels[1:] + levels[:-1]) / 2)
    terms = max(len(row) for row in rows)
    used = [[int(t < len(row)) for row in rows] for t in range(terms)]
    exponent = [[row[t] if t < len(row) else 0 for row in rows] for t in range(terms)]
    sign = torch.tensor(used, dtype=torch.int8, device=latent.device)[:, index] * latent.sign().to(torch.int8)
    exponents = torch.tensor(exponent, dtype=torch.int8, device=latent.device)[:, index]
    return PowerTerms(sign, exponents, _exponent_range(bits)), apot_levels(bits)[-1]


def _exponent_range(bits: int) -> ExponentRange:
    return ExponentRange(0, max(max(row) for row in _LEVELS[bits].values() if row))
