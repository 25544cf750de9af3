"""Every rule's weight is exactly its terms, with the gradient its paper gives."""

import math

import pytest
import torch
from torch import Tensor

from shiftwire_models.errors import ModelsError
from shiftwire_models.terms import ExponentRange, greedy_terms, nearest_power
from shiftwire_models.weights import ShiftWeight, WeightRule, WeightSpec
from shiftwire_models.weights.apot import AdditivePowerWeight, apot_levels
from shiftwire_models.weights.deepshift import PowerSignWeight, RoundedWeight
from shiftwire_models.weights.integer import IntegerWeight


def power_sign(shift: list[float], sign: list[float], bits: int = 5) -> PowerSignWeight:
    weight = PowerSignWeight((1, len(shift)), bits)
    weight.shift.data, weight.sign.data = torch.tensor([shift]), torch.tensor([sign])
    return weight


def test_deepshift_ps_gradients_are_the_papers() -> None:
    weight = power_sign([-1.3], [-0.8])
    W = weight()
    (3.0 * W).sum().backward()
    assert W.item() == -0.5
    assert weight.shift.grad is not None
    assert weight.sign.grad is not None
    assert weight.shift.grad.item() == pytest.approx(-1.03972, abs=1e-5)
    assert weight.sign.grad.item() == 3.0


def test_deepshift_ps_rounds_to_even_and_keeps_a_dead_zone() -> None:
    weight = power_sign([-0.5, -1.5, -2.5, -20.0, 3.0, -1.0], [1.0, -1.0, 0.51, 0.9, -2.0, 0.5])
    assert weight().tolist() == [[1.0, -0.25, 0.25, 2.0**-14, -1.0, 0.0]]
    assert weight.shift.min() == -14  # the latent is clamped while training
    assert weight.shift.max() == 0


@pytest.mark.parametrize(("bits", "lowest"), [(2, 0), (3, -2), (4, -6), (5, -14)])
def test_deepshift_ps_windows(bits: int, lowest: int) -> None:
    assert PowerSignWeight((1, 1), bits).exponent_range == ExponentRange(lowest, 0)


def test_deepshift_q_clamps_and_has_only_the_exact_zero() -> None:
    weight = RoundedWeight((1, 5), 5)
    weight.latent.data = torch.tensor([[0.0, 1e-9, -3.0, 0.36, -0.35]])
    W = weight()
    W.sum().backward()
    assert W.tolist() == [[0.0, 2.0**-15, -1.0, 0.5, -0.25]]
    assert weight.latent.grad is not None
    assert weight.latent.grad.tolist() == [[1.0] * 5]


def test_apot_levels_are_exact_small_integers() -> None:
    assert apot_levels(3) == (0, 1, 2, 4)
    assert apot_levels(4) == (0, 1, 2, 3, 4, 6, 8, 10)
    weight = AdditivePowerWeight((1, 16), 4)
    weight.latent.data = torch.tensor([[sign * level / 10 for level in apot_levels(4) for sign in (1.0, -1.0)]])
    assert weight().tolist() == [[sign * level for level in apot_levels(4) for sign in (1, -1)]]
    with pytest.raises(ModelsError, match="APoT weights of 7 bits have no level table; take 3 or 4"):
        apot_levels(7)


def test_apot_takes_the_nearest_level_and_the_lower_of_two() -> None:
    weight = AdditivePowerWeight((1, 4), 3)
    weight.latent.data = torch.tensor([[0.375, -0.75, 0.76, 5.0]])  # of 4: 1.5, 3, 3.04, 20
    assert weight().tolist() == [[1.0, -2.0, 4.0, 4.0]]


@pytest.mark.parametrize(("bits", "terms"), [(2, 2), (3, 2), (4, 2), (5, 3), (6, 3), (7, 4), (8, 4)])
def test_every_integer_of_few_bits_is_a_sum_of_powers(bits: int, terms: int) -> None:
    """Of 4 bits too those that take a difference, 7 = 8 - 1; what lies beyond saturates, and is brought back."""
    half = 1 << bits - 1
    weight = IntegerWeight((1, 2 * half + 2), bits).eval()
    weight.latent.data = torch.tensor([[code / half for code in range(-half, half)] + [1.0, -9.0]])
    W = weight()
    assert (W * half).tolist() == [[*range(-half, half), half - 1, -half]]
    (W * torch.arange(W.numel())).sum().backward()
    assert weight.latent.grad is not None and weight.latent.grad.tolist() == [list(range(W.numel()))]
    assert len(weight.terms().sign) == terms and weight.exponent_range == ExponentRange(1 - bits, 0)
    assert torch.equal(weight.train()(), W) and weight.latent.min() == -1


def test_integers_round_halves_to_even_and_have_at_most_8_bits() -> None:
    weight = IntegerWeight((1, 4), 4)
    weight.latent.data = torch.tensor([[2.5, 3.5, -0.5, 2.51]]) / 8
    assert (weight() * 8).tolist() == [[2, 4, 0, 3]]
    with pytest.raises(ModelsError, match="found integers of 9 bits, wanted few powers a weight; take 2 to 8"):
        IntegerWeight((1, 1), 9)


@pytest.mark.parametrize(("terms", "error"), [(1, 0.1971704888), (2, 0.0374533582), (3, 0.0113339159)])
def test_lightnn_error_falls_with_every_term(terms: int, error: float) -> None:
    """Figures of a scalar program in math.log2 with exponents -7..0; a trained net gave 0.205, 0.040 and 0.016."""
    w = torch.randn(2000, generator=torch.Generator().manual_seed(0)) * 0.25
    rest = w - greedy_terms(w, terms, ExponentRange(-7, 0)).value()
    assert (rest.norm() / w.norm()).item() == pytest.approx(error, rel=1e-5)


def test_nearest_power_is_nearest_in_the_log_domain() -> None:
    w = torch.tensor([1.41, 1.42, -3.0, 2.0**-4.4, 2.0**-4.6, 0.0, 1e9])
    sign, exponent = nearest_power(w, ExponentRange(-4, 3))
    assert sign.tolist() == [1, 1, -1, 1, 0, 0, 1]
    assert exponent.tolist() == [0, 1, 2, -4, 0, 0, 3]


def rules() -> list[WeightSpec]:
    specs = [WeightSpec(rule) for rule in WeightRule]
    return [*specs, WeightSpec(WeightRule.LIGHTNN, terms=3), WeightSpec(WeightRule.APOT, bits=3), WeightSpec(bits=2)]


@pytest.mark.parametrize("spec", rules(), ids=str)
def test_forward_is_exactly_the_sum_of_the_terms(spec: WeightSpec) -> None:
    torch.manual_seed(3)
    weight = spec.build((6, 4, 3, 3))
    terms = weight.terms()
    assert torch.equal(weight(), scalar_sum(terms.sign, terms.exponent))
    assert terms.sign.dtype == terms.exponent.dtype == torch.int8
    assert terms.exponent.min() >= weight.exponent_range.lowest
    assert terms.exponent.max() <= weight.exponent_range.highest
    assert len(weight().unique()) > 2  # more than one live magnitude


def scalar_sum(sign: Tensor, exponent: Tensor) -> Tensor:
    """math.ldexp, one number at a time."""
    pairs = zip(sign.flatten(1).T.tolist(), exponent.flatten(1).T.tolist(), strict=True)
    sums = [sum(math.ldexp(s, p) for s, p in zip(*pair, strict=True)) for pair in pairs]
    return torch.tensor(sums).reshape(sign.shape[1:])


def test_a_rule_without_terms_says_so() -> None:
    with pytest.raises(TypeError, match="abstract method terms"):
        ShiftWeight(ExponentRange(0, 0))  # type: ignore[abstract]


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(ModelsError, match=r"an exponent range 1\.\.0 is empty"):
        ExponentRange(1, 0)
