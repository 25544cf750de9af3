"""Adder layers against a loop over every tap, outputs and all three gradients."""

import math

import pytest
import torch
from torch import Tensor, nn

from shiftwire_models.adder import AdderConv2d, AdderLinear
from shiftwire_models.bench import Workload, bench_adder, broadcast_step
from shiftwire_models.errors import ModelsError
from shiftwire_models.grid import Format
from shiftwire_models.l1 import negative_distance

S8_4 = Format(8, 4, True)


def naive(x: Tensor, w: Tensor, g: Tensor, stride: int, padding: int) -> tuple[Tensor, Tensor, Tensor]:
    """y, dX (slope clipped), dW (full precision, not rescaled), tap by tap."""
    x = nn.functional.pad(x, (padding,) * 4)
    y, dx, dw = torch.zeros_like(g), torch.zeros_like(x), torch.zeros_like(w)
    for n, o, u, v in torch.cartesian_prod(*(torch.arange(side) for side in g.shape)).tolist():
        rows, columns = (slice(p * stride, p * stride + w.shape[2]) for p in (u, v))
        difference = x[n, :, rows, columns] - w[o]
        y[n, o, u, v] = -difference.abs().sum()
        dw[o] += difference * g[n, o, u, v]
        dx[n, :, rows, columns] += (-difference).clamp(-1, 1) * g[n, o, u, v]
    inner = slice(padding, -padding or None)
    return y, dx[:, :, inner, inner], dw


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 1), (3, 2)])
def test_forward_and_gradients_equal_the_naive_loop(stride: int, padding: int) -> None:
    torch.manual_seed(1)
    layer = AdderConv2d(3, 5, 3, S8_4, stride=stride, padding=padding)
    x = (torch.randint(-60, 60, (2, 3, 6, 6)) / 16.0).requires_grad_()
    y = layer(x)
    g = torch.randn_like(y)
    y.backward(g)
    expected_y, dx, dw = naive(x.detach(), layer.weight().detach(), g, stride, padding)
    assert torch.equal(y, expected_y)
    assert len(y.unique()) > 20
    torch.testing.assert_close(x.grad, dx, rtol=1e-5, atol=1e-5)
    rescaled = dw * 0.2 * math.sqrt(135) / dw.norm()
    torch.testing.assert_close(layer.weight.latent.grad, rescaled, rtol=1e-4, atol=1e-6)


def test_weight_gradient_is_rescaled_to_a_fifth_of_the_root_of_its_size() -> None:
    layer = AdderConv2d(3, 5, 3, S8_4)
    layer(torch.randn(2, 3, 8, 8)).square().sum().backward()
    assert layer.weight.latent.grad is not None
    assert layer.weight.latent.grad.norm().item() == pytest.approx(2.32379, abs=1e-5)


def test_no_gradient_stays_no_gradient() -> None:
    layer = AdderLinear(3, 2, S8_4)
    (layer(torch.ones(1, 3)) * 0).sum().backward()
    assert layer.weight.latent.grad is not None
    assert layer.weight.latent.grad.abs().max() == 0


def test_hand_worked_gradients() -> None:
    x = torch.tensor([[0.25, 3.0]], requires_grad=True)
    w = torch.tensor([[0.5, 1.0]], requires_grad=True)
    y = negative_distance(x, w)
    y.backward(torch.tensor([[2.0]]))
    assert y.item() == -2.25
    assert x.grad is not None
    assert w.grad is not None
    assert x.grad.tolist() == [[0.5, -2.0]]  # 2 * clip(0.25), 2 * clip(-2)
    assert w.grad.tolist() == [[-0.5, 4.0]]  # 2 * (x - w), not its sign


def test_a_padded_tap_counts_minus_the_weight() -> None:
    layer = AdderConv2d(1, 1, 3, S8_4, padding=1)
    layer.weight.latent.data.fill_(0.5)
    y = layer(torch.full((1, 1, 2, 2), 0.5))
    assert y.flatten().tolist() == [-2.5] * 4  # four taps match, five meet the padding


def test_groups_see_only_their_channels() -> None:
    grouped = AdderConv2d(4, 6, 3, S8_4, padding=1, groups=2)
    x = torch.randint(-60, 60, (2, 4, 5, 5)) / 16.0
    halves = []
    for half in range(2):
        part = AdderConv2d(2, 3, 3, S8_4, padding=1)
        part.weight.latent.data = grouped.weight.latent.data[3 * half : 3 * half + 3]
        halves.append(part(x[:, 2 * half : 2 * half + 2]))
    assert torch.equal(grouped(x), torch.cat(halves, 1))
    with pytest.raises(ModelsError, match="3 groups do not divide 4 inputs and 6 outputs"):
        AdderConv2d(4, 6, 3, S8_4, groups=3)


def test_distance_is_exact_up_to_24_bits() -> None:
    generator = torch.Generator().manual_seed(5)
    x = torch.randint(-(2**13), 2**13, (64, 1000), generator=generator)
    w = torch.randint(-(2**13), 2**13, (7, 1000), generator=generator)
    exact = -(x[:, None] - w).abs().sum(2)
    assert exact.abs().max() > 2**22
    assert torch.equal(negative_distance(x.float(), w.float()).long(), exact)


def test_weights_saturate_to_the_grid_of_the_input() -> None:
    layer = AdderLinear(3, 1, S8_4)
    layer.weight.latent.data = torch.tensor([[70.8, -70.8, 0.04]])
    assert layer.weight.codes().tolist() == [[127, -128, 1]]
    assert layer.weight.codes().dtype == torch.int8


def test_broadcast_form_of_the_bench_is_the_same_layer() -> None:
    layer = AdderConv2d(3, 4, 3, S8_4, padding=1)
    x = torch.randn(2, 3, 6, 6, requires_grad=True)
    y = layer(x)
    g = torch.randn_like(y)
    y.backward(g)
    plain_y, plain_dx, _ = broadcast_step(x.detach(), layer.weight().detach(), g)
    torch.testing.assert_close(y, plain_y)
    torch.testing.assert_close(x.grad, plain_dx)


@pytest.mark.whole
def test_blocks_beat_the_broadcast_in_time_and_memory() -> None:
    bench = bench_adder(Workload(images=16, channels=16, side=16, steps=1))
    assert bench.broadcast.peak_mib > 60  # three tensors of 16 * 16 * 144 * 256 floats, 36 MiB each
    assert bench.memory_gain > 1
    assert bench.blocked.images_per_second > 0
