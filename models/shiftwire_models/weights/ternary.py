"""ESCALATE's second stage: weights of -1, 0 and 1, which take adds alone."""

import torch
from torch import Tensor, nn

from shiftwire_models.grid import straight_through
from shiftwire_models.terms import ExponentRange, PowerTerms
from shiftwire_models.weights.latent import Shape, ShiftWeight


class TernaryWeight(ShiftWeight):
    """W is the whole number nearest to a latent within -1..1; a tie, 0.5 or -0.5, is 0.

    dL/dlatent = dL/dW; the latent itself is clamped, so that none drifts out of reach. Latents begin evenly spread,
    half of them as zeros.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__(ExponentRange(0, 0))
        self.latent = nn.Parameter(torch.empty(shape).uniform_(-1.0, 1.0))

    def terms(self) -> PowerTerms:
        """One term of the exponent 0, (1, out, in...)."""
        sign = torch.round(self.latent.detach().clamp(-1.0, 1.0)).to(torch.int8)[None]
        return PowerTerms(sign, torch.zeros_like(sign), self.exponent_range)

    def forward(self) -> Tensor:
        """Values (out, in...); dW passes straight to the latent."""
        if self.training:
            self.latent.data.clamp_(-1.0, 1.0)
        return straight_through(self.terms().value(), self.latent)
