"""What every shift weight can do, and the rules that round one latent float a weight."""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from shiftwire_models.grid import straight_through
from shiftwire_models.terms import ExponentRange, PowerTerms, greedy_terms

Shape = tuple[int, ...]


class ShiftWeight(nn.Module, ABC):
    """A weight tensor whose forward value is exactly the sum of its `terms()`, with its paper's gradient."""

    def __init__(self, exponent_range: ExponentRange) -> None:
        super().__init__()
        self.exponent_range = exponent_range

    @abstractmethod
    def terms(self) -> PowerTerms:
        """The weight as it is exported."""

    def penalty(self) -> Tensor:
        """What the rule adds to the training loss; most add nothing."""
        return torch.zeros(())


class GreedyWeight(ShiftWeight):
    """LightNN-k: k powers of two a weight, each nearest in the log domain to what the earlier ones left.

    The gradient of the sum passes straight to the latent. Source: Ding et al., LightNN (k terms).
    """

    def __init__(self, shape: Shape, terms: int, exponent_range: ExponentRange) -> None:
        super().__init__(exponent_range)
        self.term_count = terms
        self.latent = nn.Parameter(initial_latent(shape))

    def terms(self) -> PowerTerms:
        """k terms, (k, out, in...)."""
        return greedy_terms(self.latent, self.term_count, self.exponent_range)

    def forward(self) -> Tensor:
        """Values (out, in...); dW passes straight to the latent."""
        return straight_through(self.terms().value(), self.latent)


def initial_latent(shape: Shape) -> Tensor:
    """Kaiming's normal for a ReLU net; shape (out, in...)."""
    fan_in = math.prod(shape[1:])
    return torch.randn(shape) * math.sqrt(2.0 / fan_in)
