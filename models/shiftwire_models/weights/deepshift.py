"""DeepShift: one power of two a weight, trained as shift and sign (PS) or as a rounded float (Q)."""

import math

import torch
from torch import Tensor, nn

from shiftwire_models.grid import straight_through
from shiftwire_models.terms import ExponentRange, PowerTerms, resting_exponent
from shiftwire_models.weights.latent import Shape, ShiftWeight, initial_latent


class PowerSignWeight(ShiftWeight):
    """DeepShift-PS: W = s * 2**p with p = round(shift) to even, s = the sign of `sign` outside |sign| <= 0.5.

    dL/dshift = dL/dW * W * ln 2 and dL/dsign = dL/dW, not times 2**p. Never a left shift: |W| <= 1.
    Source: Elhoushi et al., DeepShift, 2021.
    """

    def __init__(self, shape: Shape, bits: int) -> None:
        super().__init__(ExponentRange(-(2 ** (bits - 1) - 2), 0))
        latent = initial_latent(shape)
        self.shift = nn.Parameter(torch.log2(latent.abs().clamp_min(2.0**self.exponent_range.lowest)).clamp_max(0.0))
        self.sign = nn.Parameter(latent.sign() * torch.empty(shape).uniform_(0.25, 1.0))

    def terms(self) -> PowerTerms:
        """One term, (1, out, in...)."""
        exponent_range = self.exponent_range
        shift = self.shift.detach().clamp(exponent_range.lowest, exponent_range.highest)
        sign = torch.round(self.sign.detach()).sign().to(torch.int8)
        exponent = torch.round(shift).to(torch.int8).masked_fill(sign == 0, resting_exponent(exponent_range))
        return PowerTerms(sign[None], exponent[None], exponent_range)

    def forward(self) -> Tensor:
        """Values (out, in...) with the gradients above; in training the shift is clamped first."""
        if self.training:
            # the latent itself is clamped, as in the paper: left alone it would drift out of reach
            self.shift.data.clamp_(self.exponent_range.lowest, self.exponent_range.highest)
        W = self.terms().value()
        return straight_through(W, self.shift * W * math.log(2.0) + self.sign)


class RoundedWeight(ShiftWeight):
    """DeepShift-Q: W = sign(w) * 2**round(log2 |w|), |w| clamped to the exponent range; only an exact 0 is 0.

    dL/dw = dL/dW, also where the clamp bites. Source: Elhoushi et al., DeepShift, 2021.
    """

    def __init__(self, shape: Shape, bits: int) -> None:
        super().__init__(ExponentRange(-(2 ** (bits - 1) - 1), 0))
        self.latent = nn.Parameter(initial_latent(shape))

    def terms(self) -> PowerTerms:
        """One term, (1, out, in...)."""
        latent, exponent_range = self.latent.detach(), self.exponent_range
        magnitude = latent.abs().clamp(2.0**exponent_range.lowest, 2.0**exponent_range.highest)
        sign = latent.sign().to(torch.int8)
        nearest = torch.round(torch.log2(magnitude)).to(torch.int8)
        exponent = nearest.masked_fill(sign == 0, resting_exponent(exponent_range))
        return PowerTerms(sign[None], exponent[None], exponent_range)

    def forward(self) -> Tensor:
        """Values (out, in...); dW passes straight to the latent."""
        return straight_through(self.terms().value(), self.latent)
