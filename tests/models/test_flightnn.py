"""FLightNN's gates: how many terms a filter gets, and what trains that."""

import pytest
import torch

from shiftwire_models.flightnn_study import flightnn_comparison
from shiftwire_models.terms import ExponentRange
from shiftwire_models.weights.flightnn import GatedWeight

ROWS = torch.tensor([[0.75, -0.375], [0.5, -0.25], [0.02, 0.01]])
"""Two terms to be exact, one term, too small to keep."""


def gated(lambdas: tuple[float, float] = (0.0, 1.0)) -> GatedWeight:
    weight = GatedWeight((3, 2), ExponentRange(-7, 0), lambdas, (0.1, 0.1))
    weight.latent.data = ROWS.clone()
    return weight


def test_each_filter_opens_the_gates_its_residual_needs() -> None:
    weight = gated()
    assert weight.terms_per_filter().tolist() == [2, 1, 0]
    # 0.75 is nearer to 1 than to 0.5 in the log domain; the second term takes the rest away again
    assert weight().tolist() == [[0.75, -0.375], [0.5, -0.25], [0.0, 0.0]]
    assert weight.terms().sign[:, 1].tolist() == [[1, -1], [0, 0]]


def test_penalty_is_the_norm_of_what_each_term_left() -> None:
    first = torch.tensor([0.75, -0.375]).norm() + torch.tensor([0.5, -0.25]).norm() + torch.tensor([0.02, 0.01]).norm()
    second = torch.tensor([-0.25, 0.125]).norm() + torch.tensor([0.02, 0.01]).norm()
    assert gated((2.0, 3.0)).penalty().item() == pytest.approx(2 * first.item() + 3 * second.item())


def test_threshold_learns_through_the_slope_of_a_sigmoid() -> None:
    weight = GatedWeight((1, 1), ExponentRange(-7, 0), (0.0,), (0.1,))
    weight.latent.data = torch.tensor([[0.5]])
    (3.0 * weight()).sum().backward()
    gate = torch.sigmoid(torch.tensor(0.5 - 0.1))
    # W = g * R(r), so dL/dt = -3 * R(r) * sigmoid'(||r|| - t)
    assert weight.threshold.grad is not None
    assert weight.threshold.grad.item() == pytest.approx((-3.0 * 0.5 * gate * (1 - gate)).item())


@pytest.mark.slow
def test_trained_gates_cost_no_accuracy() -> None:
    """A mean k of 1.43 to 1.51, by the processor that trains: no two round sums of floats alike."""
    study = flightnn_comparison()
    assert study.mean_terms <= 1.6
    assert study.flightnn_accuracy >= study.lightnn2_accuracy - 0.005
