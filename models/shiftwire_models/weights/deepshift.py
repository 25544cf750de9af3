"""DeepShift: one power of two a weight, trained as shift and sign (PS) or as a rounded float (Q)."""

import math

import torch
from torch import Tensor, nn

from shiftwire_models.grid import straight_through
from shiftwire_models.terms import PowerTerms, Window, resting_exponent
from shiftwire_models.weights.latent import Shape, ShiftWeight, initial_latent


class PowerSignWeight(ShiftWeight):
    """DeepShift-PS: W = s * 2**p with p = round(shift) to even, s = the sign of `sign` outside |sign| <= 0.5.

    dL/dshift = dL/dW * W * ln 2 and dL/dsign = dL/dW, not times 2**p. Never a left shift: |W| <= 1.
    Source: Elhoushi et al., DeepShift, 2021.
    """

    def __init__(self, shape: Shape, bits: int) -> None:
        super().__init__(Window(-(2 ** (bits - 1) - 2), 0))
        latent = initial_latent(shape)
        self.shift = nn.Parameter(torch.log2(latent.abs().clamp_min(2.0**self.window.exponent_min)).clamp_max(0.0))
        self.sign = nn.Parameter(latent.sign() * torch.empty(shape).uniform_(0.25, 1.0))

    def terms(self) -> PowerTerms:
        window = self.window
        shift = self.shift.detach().clamp(window.exponent_min, window.exponent_max)
        sign = torch.round(self.sign.detach()).sign().to(torch.int8)
        exponent = torch.where(sign == 0, resting_exponent(window), torch.round(shift).to(torch.int8))
        return PowerTerms(sign[None], exponent[None], window)

    def forward(self) -> Tensor:
        if self.training:
            # the latent itself is clamped, as in the paper: left alone it would drift out of reach
            self.shift.data.clamp_(self.window.exponent_min, self.window.exponent_max)
        W = self.terms().value()
        return straight_through(W, self.shift * W * math.log(2.0) + self.sign)


class RoundedWeight(ShiftWeight):
    """DeepShift-Q: W = sign(w) * 2**round(log2 |w|), |w| clamped to the window; only an exact 0 is 0.

    dL/dw = dL/dW, also where the clamp bites. Source: Elhoushi et al., DeepShift, 2021.
    """

    def __init__(self, shape: Shape, bits: int) -> None:
        super().__init__(Window(-(2 ** (bits - 1) - 1), 0))
        self.latent = nn.Parameter(initial_latent(shape))

    def terms(self) -> PowerTerms:
        latent, window = self.latent.detach(), self.window
        magnitude = latent.abs().clamp(2.0**window.exponent_min, 2.0**window.exponent_max)
        sign = latent.sign().to(torch.int8)
        exponent = torch.where(sign == 0, resting_exponent(window), torch.round(torch.log2(magnitude)).to(torch.int8))
        return PowerTerms(sign[None], exponent[None], window)

    def forward(self) -> Tensor:
        return straight_through(self.terms().value(), self.latent)
