"""Batch norm folded to a few powers of two a channel."""

import pytest
import torch
from torch import nn

from shiftwire_models.affine import BatchNormAffine
from shiftwire_models.terms import ExponentRange


def trained(channels: int, batches: int = 200) -> tuple[BatchNormAffine, torch.Tensor]:
    torch.manual_seed(2)
    bn = BatchNormAffine(channels, terms=3, exponent_range=ExponentRange(-12, 2), bias_frac=12, momentum=0.1)
    bn.gamma.data, bn.beta.data = torch.rand(channels) + 0.5, torch.randn(channels)
    x = torch.randn(64, channels, 4, 4) * 3 + 5
    for _ in range(batches):
        bn(x)
    return bn.eval(), x


def test_with_many_terms_it_approaches_batch_norm() -> None:
    bn, x = trained(4)
    real = nn.functional.batch_norm(x, x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False), bn.gamma, bn.beta)
    assert (bn(x) - real).abs().max() < 0.15  # three terms leave about 1 % of the scale


def test_training_already_sees_the_quantized_scale() -> None:
    bn = BatchNormAffine(1, terms=1, exponent_range=ExponentRange(-2, 0), bias_frac=0)
    x = torch.tensor([[-2.0], [2.0]])  # deviation 2, so the real scale is 1/2; gamma makes it 0.6
    bn.gamma.data = torch.tensor([1.2])
    assert bn(x).flatten().tolist() == [-1.0, 1.0]


def test_gradient_passes_straight_to_gamma_and_beta() -> None:
    bn = BatchNormAffine(1, terms=1, exponent_range=ExponentRange(-2, 0), bias_frac=2)
    y = bn(torch.tensor([[-2.0], [2.0]]))
    y.backward(torch.tensor([[0.0], [1.0]]))
    assert bn.gamma.grad is not None
    assert bn.beta.grad is not None
    assert bn.gamma.grad.item() == pytest.approx(1.0, abs=1e-4)
    assert bn.beta.grad.item() == 1.0


def test_evaluation_is_exactly_its_contract_node() -> None:
    bn, _ = trained(4)
    node = bn.frozen()
    powers = node.get_buffer("sign") * 2.0 ** node.get_buffer("exponent").float()
    scale, bias = powers.sum(0), node.get_buffer("bias") / 2.0**12
    x = torch.randint(-500, 500, (50, 4)) / 16.0
    assert torch.equal(bn(x), x * scale + bias)
    assert node.get_buffer("bias").dtype == torch.int32
    assert len(bn(x).unique()) > 150


def test_running_statistics_follow_the_batches() -> None:
    bn = BatchNormAffine(1, momentum=0.5)
    bn(torch.tensor([[1.0], [5.0]]))
    assert bn.running_mean.item() == 1.5  # half way from 0 to 3
    assert bn.running_var.item() == 2.5  # half way from 1 to 4
