"""Rules that turn trained floats into sums of powers of two, chosen by name."""

from dataclasses import dataclass
from enum import Enum

from shiftwire_models.terms import ExponentRange
from shiftwire_models.weights.apot import AdditivePowerWeight
from shiftwire_models.weights.deepshift import PowerSignWeight, RoundedWeight
from shiftwire_models.weights.flightnn import GatedWeight
from shiftwire_models.weights.integer import IntegerWeight
from shiftwire_models.weights.latent import GreedyWeight, Shape, ShiftWeight
from shiftwire_models.weights.ternary import TernaryWeight

__all__ = ["ShiftWeight", "WeightRule", "WeightSpec"]


class WeightRule(Enum):
    """The families; they round differently, so a checkpoint belongs to one of them."""

    DEEPSHIFT_PS = "deepshift-ps"
    DEEPSHIFT_Q = "deepshift-q"
    LIGHTNN = "lightnn"
    FLIGHTNN = "flightnn"
    APOT = "apot"
    TERNARY = "ternary"
    INTEGER = "integer"


@dataclass(frozen=True, slots=True)
class WeightSpec:
    """What a layer's weights are.

    bits  of sign and exponent code of one term; for APOT and INTEGER of the weight
    The rest counts where the rule asks for it.
    """

    rule: WeightRule = WeightRule.DEEPSHIFT_PS
    bits: int = 4
    terms: int = 2
    lambdas: tuple[float, ...] = (0.0, 0.05)
    thresholds: tuple[float, ...] = (0.0, 0.5)

    def build(self, shape: Shape) -> ShiftWeight:
        """A freshly drawn weight of shape (out, in...), from torch's global generator."""
        weight: ShiftWeight
        match self.rule:
            case WeightRule.DEEPSHIFT_PS:
                weight = PowerSignWeight(shape, self.bits)
            case WeightRule.DEEPSHIFT_Q:
                weight = RoundedWeight(shape, self.bits)
            case WeightRule.LIGHTNN:
                weight = GreedyWeight(shape, self.terms, self._exponent_range())
            case WeightRule.FLIGHTNN:
                weight = GatedWeight(shape, self._exponent_range(), self.lambdas, self.thresholds)
            case WeightRule.APOT:
                weight = AdditivePowerWeight(shape, self.bits)
            case WeightRule.TERNARY:
                weight = TernaryWeight(shape)
            case WeightRule.INTEGER:
                weight = IntegerWeight(shape, self.bits)
        return weight

    def _exponent_range(self) -> ExponentRange:
        return ExponentRange(1 - 2 ** (self.bits - 1), 0)
