"""Ordinary integers of up to 8 bits as sums of signed powers of two: two terms up to 4 bits, four for 8."""

import torch
from torch import Tensor, nn

from shiftwire_models.errors import ModelsError
from shiftwire_models.grid import Format, Rounding, straight_through, to_codes
from shiftwire_models.terms import ExponentRange, PowerTerms, resting_exponent
from shiftwire_models.weights.latent import Shape, ShiftWeight, initial_latent

_MOST_BITS = 8


class IntegerWeight(ShiftWeight):
    """W is the nearest multiple of 2**(1 - bits) within -1..1, halves to even; the layer's scale is what follows.

    dL/dlatent = dL/dW; the latent itself is clamped, so that none drifts out of reach.
    """

    def __init__(self, shape: Shape, bits: int) -> None:
        if not 2 <= bits <= _MOST_BITS:
            raise ModelsError(f"found integers of {bits} bits, wanted few powers a weight; take 2 to {_MOST_BITS}")
        super().__init__(ExponentRange(1 - bits, 0))
        self.grid = Format(bits, bits - 1, True)
        self.count = max(2, (bits + 1) // 2)
        latent = initial_latent(shape)
        self.latent = nn.Parameter(latent / (3 * latent.std()) if latent.numel() > 1 else latent)

    def terms(self) -> PowerTerms:
        """Terms (terms, out, in...): the power of two that leaves least, ties to the larger, and again of the rest.

        Each leaves at most a third: half as many terms as bits, two at least, leave nothing.
        """
        rest = to_codes(self.latent.detach(), self.grid, Rounding.HALF_EVEN).int()
        signs, exponents = [], []
        for _ in range(self.count):
            sign, power = _nearest(rest, self.grid.bits)
            rest = rest - sign * (1 << power)
            exponent = power + self.exponent_range.lowest
            signs.append(sign.to(torch.int8))
            exponents.append(exponent.masked_fill(sign == 0, resting_exponent(self.exponent_range)).to(torch.int8))
        return PowerTerms(torch.stack(signs), torch.stack(exponents), self.exponent_range)

    def forward(self) -> Tensor:
        """Values (out, in...); dW passes straight to the latent."""
        if self.training:
            self.latent.data.clamp_(-1.0, 1.0)
        return straight_through(self.terms().value(), self.latent)


def _nearest(code: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """Sign and exponent of the power of two that leaves least of an integer; ties, 3, 6, 12 ..., go to the larger."""
    magnitude = code.abs()
    edges = torch.tensor([2, *(3 << k for k in range(bits - 2))], dtype=magnitude.dtype, device=code.device)
    return code.sign(), torch.bucketize(magnitude, edges, right=True)
