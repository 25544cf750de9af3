"""Batch norm as hardware does it: one scale of few powers of two and one bias a channel."""

import torch
from torch import Tensor, nn

from shiftwire_models.contract import ContractNode
from shiftwire_models.grid import Format, Rounding, quantize, straight_through, to_codes
from shiftwire_models.terms import ExponentRange, PowerTerms, greedy_terms

_BIAS_BITS = 24


class BatchNormAffine(nn.Module):
    """Trains with the batch's statistics, but already through the quantized scale and bias that evaluation uses.

    scale = gamma / sqrt(var + eps) as at most `terms` powers of two, bias = beta - mean * scale on 2**-bias_frac.
    The gradient passes straight through both roundings.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(
        self,
        channels: int,
        *,
        terms: int = 2,
        exponent_range: ExponentRange | None = None,
        bias_frac: int = 6,
        momentum: float = 0.1,
    ) -> None:
        super().__init__()
        self.term_count, self.exponent_range, self.momentum = terms, exponent_range or ExponentRange(-6, 1), momentum
        self.eps = 1e-5
        self.bias_grid = Format(_BIAS_BITS, bias_frac, True)
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, ...), the same shape out."""
        mean, var = self._batch_statistics(x) if self.training else (self.running_mean, self.running_var)
        real = self.gamma / torch.sqrt(var + self.eps)
        scale = straight_through(self._terms(real).value(), real)
        bias = quantize(self.beta - mean * scale, self.bias_grid, Rounding.HALF_EVEN)
        per_channel = (-1, *[1] * (x.dim() - 2))
        return x * scale.reshape(per_channel) + bias.reshape(per_channel)

    def frozen(self) -> ContractNode:
        """shiftwire::Affine: sign and exponent int8 (terms, channels), bias int32 (channels,), by the running mean."""
        terms = self._terms(self.gamma / torch.sqrt(self.running_var + self.eps))
        bias = self.beta.detach() - self.running_mean * terms.value()
        codes = to_codes(bias, self.bias_grid, Rounding.HALF_EVEN).to(torch.int32)
        attributes = {
            "exponent_min": self.exponent_range.lowest,
            "exponent_max": self.exponent_range.highest,
            "bias_frac": self.bias_grid.frac,
        }
        tensors = {"sign": terms.sign, "exponent": terms.exponent, "bias": codes}
        return ContractNode("shiftwire::Affine", tensors, attributes)

    def _terms(self, scale: Tensor) -> PowerTerms:
        return greedy_terms(scale, self.term_count, self.exponent_range)

    def _batch_statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        axes = [axis for axis in range(x.dim()) if axis != 1]
        mean, var = x.mean(axes), x.var(axes, unbiased=False)
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(var, self.momentum)
        return mean, var
