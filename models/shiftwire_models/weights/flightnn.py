"""FLightNN: every filter learns how many powers of two its weights are worth."""

import torch
from torch import Tensor, nn

from shiftwire_models.grid import straight_through
from shiftwire_models.terms import ExponentRange, PowerTerms, nearest_power, powers_of_two
from shiftwire_models.weights.latent import Shape, ShiftWeight, initial_latent


class GatedWeight(ShiftWeight):
    """r_{j+1} = r_j - g_j R(r_j) with gate g_j = 1(||r_j||_2 > t_j) per filter; W = sum g_j R(r_j).

    A filter whose gates are all closed is pruned. t_j is trained with the gate's slope taken as
    sigmoid'(||r_j|| - t_j), R straight through. `penalty()` = sum_j lambda_j sum_i ||r_ij||_2, the group lasso that
    drives residuals under their thresholds. Source: Ding et al., FLightNNs, DAC 2019.
    """

    def __init__(
        self, shape: Shape, exponent_range: ExponentRange, lambdas: tuple[float, ...], thresholds: tuple[float, ...]
    ) -> None:
        super().__init__(exponent_range)
        self.lambdas = lambdas
        self.latent = nn.Parameter(initial_latent(shape))
        self.threshold = nn.Parameter(torch.tensor(thresholds))

    def terms(self) -> PowerTerms:
        """A term a threshold, (thresholds, out, in...); the sign is 0 where a gate is closed."""
        rest = self.latent.detach()
        signs, exponents = [], []
        for threshold in self.threshold.detach():
            sign, exponent = nearest_power(rest, self.exponent_range)
            sign = sign * _per_filter(_norms(rest) > threshold, rest).to(torch.int8)
            rest = rest - sign * powers_of_two(exponent, self.exponent_range)
            signs.append(sign)
            exponents.append(exponent)
        return PowerTerms(torch.stack(signs), torch.stack(exponents), self.exponent_range)

    def forward(self) -> Tensor:
        """Values (out, in...), differentiable through gates and residuals."""
        rest: Tensor = self.latent
        total = torch.zeros_like(rest)
        for threshold in self.threshold:
            term = self._gated_term(rest, threshold)
            total = total + term
            rest = rest - term
        return total

    def penalty(self) -> Tensor:
        """sum_j lambda_j sum_i ||r_ij||_2, the paper's group lasso."""
        rest: Tensor = self.latent
        loss = rest.new_zeros(())
        for weight, threshold in zip(self.lambdas, self.threshold, strict=True):
            loss = loss + weight * _norms(rest).sum()
            rest = rest - self._gated_term(rest, threshold)
        return loss

    def terms_per_filter(self) -> Tensor:
        """Open gates of each filter, int64 (out,)."""
        rest = self.latent.detach()
        count = torch.zeros(rest.shape[0], dtype=torch.int64, device=rest.device)
        for threshold in self.threshold.detach():
            count += (_norms(rest) > threshold).long()
            rest = rest - self._gated_term(rest, threshold).detach()
        return count

    def _gated_term(self, rest: Tensor, threshold: Tensor) -> Tensor:
        margin = _norms(rest) - threshold
        gate = straight_through((margin > 0).to(rest.dtype), torch.sigmoid(margin))
        sign, exponent = nearest_power(rest, self.exponent_range)
        return _per_filter(gate, rest) * straight_through(sign * powers_of_two(exponent, self.exponent_range), rest)


def _norms(rest: Tensor) -> Tensor:
    """L2 norm of each filter, (out,)."""
    norms: Tensor = torch.linalg.vector_norm(rest.flatten(1), dim=1)
    return norms


def _per_filter(x: Tensor, like: Tensor) -> Tensor:
    return x.reshape(-1, *[1] * (like.dim() - 1))
