"""Weights whose number of terms is fixed, filter by filter: what a quantizer chose."""

from collections.abc import MutableMapping
from enum import Enum
from typing import Any

import torch
from torch import Tensor, nn

from shiftwire_models.errors import ModelsError
from shiftwire_models.grid import straight_through
from shiftwire_models.terms import ExponentRange, PowerTerms, nearest_power, powers_of_two, resting_exponent
from shiftwire_models.weights.latent import ShiftWeight


class Nearest(Enum):
    """Where one power of two ends and the next begins.

    LINEAR  in the middle, 1.5 times the smaller, ties to the smaller: what leaves least
    LOG     at sqrt(2) times the smaller (LightNN, DeepShift)
    SIGN    nowhere: a weight is its sign times the one power there is, and never 0
    """

    LINEAR = "linear"
    LOG = "log"
    SIGN = "sign"


class FilterTermsWeight(ShiftWeight):
    """Each term takes the nearest power of two of what is left; filter o has terms_per_filter[o].

    latent            float32 (out, in...)
    terms_per_filter  float32 (out,), whole numbers, which averages of buffers leave whole

    Slots beyond terms_per_filter keep the sign 0, `slots` of them in all. The gradient of the sum passes straight to
    the latent. A state dict says by which rule its latents are rounded, and a net that loads it rounds by that rule.
    """

    terms_per_filter: Tensor

    def __init__(
        self,
        latent: Tensor,
        terms_per_filter: Tensor,
        slots: int,
        exponent_range: ExponentRange,
        nearest: Nearest = Nearest.LINEAR,
    ) -> None:
        super().__init__(exponent_range)
        self.slots, self.nearest = slots, nearest
        self.latent = nn.Parameter(latent.clone())
        self.register_buffer("terms_per_filter", terms_per_filter.float())

    def terms(self) -> PowerTerms:
        """`slots` terms, (slots, out, in...)."""
        rest = self.latent.detach()
        each_filter = (-1, *[1] * (rest.dim() - 1))
        power = {Nearest.LINEAR: least_left, Nearest.LOG: nearest_power, Nearest.SIGN: sign_alone}[self.nearest]
        signs, exponents = [], []
        for slot in range(self.slots):
            sign, exponent = power(rest, self.exponent_range)
            sign = sign * (slot + 0.5 < self.terms_per_filter).reshape(each_filter).to(torch.int8)
            rest = rest - sign * powers_of_two(exponent, self.exponent_range)
            signs.append(sign)
            exponents.append(exponent.masked_fill(sign == 0, resting_exponent(self.exponent_range)))
        return PowerTerms(torch.stack(signs), torch.stack(exponents), self.exponent_range)

    def forward(self) -> Tensor:
        """Values (out, in...); dW passes straight to the latent."""
        return straight_through(self.terms().value(), self.latent)

    def get_extra_state(self) -> Tensor:
        """int64 (4,): the rule, the slots, the lowest exponent and the highest."""
        rule = list(Nearest).index(self.nearest)
        return torch.tensor([rule, self.slots, self.exponent_range.lowest, self.exponent_range.highest])

    def set_extra_state(self, state: Tensor) -> None:
        """Raises ModelsError for latents of other slots or exponents, which this net's file does not have."""
        rule, *theirs = (round(number) for number in state.tolist())
        ours = self.get_extra_state().tolist()[1:]
        if theirs != ours or rule not in range(len(Nearest)):
            raise ModelsError(
                f"the state dict has weights of {_described(*theirs)}, and this net of {_described(*ours)}; load it "
                "into from_exact of the file that its own net exported"
            )
        self.nearest = list(Nearest)[rule]

    def _load_from_state_dict(self, state_dict: MutableMapping[str, Any], prefix: str, *rest: Any) -> None:
        # older state dicts say no rule: the net keeps its own
        state_dict.setdefault(f"{prefix}_extra_state", self.get_extra_state())
        super()._load_from_state_dict(state_dict, prefix, *rest)


def _described(slots: int, lowest: int, highest: int) -> str:
    return f"{slots} {'term' if slots == 1 else 'terms'} with exponents {lowest}..{highest}"


def least_left(w: Tensor, exponent_range: ExponentRange) -> tuple[Tensor, Tensor]:
    """Sign and exponent, int8, of the power nearest to w in the linear domain; 0 up to half the smallest power."""
    mantissa, exponent = torch.frexp(w.abs())  # mantissa in 0.5..1, and 1.5 * 2**e has the mantissa 0.75
    nearest = (exponent - 1 + (mantissa > 0.75).int()).clamp(exponent_range.lowest, exponent_range.highest)
    sign = torch.where(w.abs() > 2.0 ** (exponent_range.lowest - 1), w.sign(), torch.zeros_like(w))
    return sign.to(torch.int8), nearest.to(torch.int8)


def sign_alone(w: Tensor, exponent_range: ExponentRange) -> tuple[Tensor, Tensor]:
    """Sign, 1 for 0, and the lowest exponent, int8."""
    sign = torch.where(w < 0, -1, 1).to(torch.int8)
    return sign, torch.full_like(sign, exponent_range.lowest)
