"""The distribution loss by hand, its gradient by differences, and the net that trains with it."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import onnx
from onnx import numpy_helper
from shiftwire_models.distribution import binarisations, distribution_losses, watched
from shiftwire_models.errors import ModelsError
from shiftwire_models.exact_export import export_model
from shiftwire_models.grid import Format
from shiftwire_models.nets import NETS, NetName, build
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.training import TrainConfig, train

HALF = [-0.5, 0.5, -0.5, 0.5]
"""mu 0, sigma 0.5: 2 - 0.5 of a reach of 2 are unused."""
HIGH = [2.0, 4.0, 2.0, 4.0]
"""mu 3, sigma 1: min(2 - 4, 2 + 2) is no loss, mu^2 - sigma^2 = 8 is."""
WIDE = [-6.0, 6.0, -6.0, 6.0]
"""mu 0, sigma 6: two beyond 4."""


@pytest.mark.parametrize(
    ("channels", "first", "second"),
    [
        ([HALF], 1.5**2, 0.0),
        ([HIGH], 0.0, 8.0),
        ([WIDE], 2.0**2, 0.0),
        ([HALF, HIGH, WIDE], (2.25 + 4.0) / 3, 8.0 / 3),
        ([[1.0, 1.0, 1.0, 1.0]], (2 - 1 - 1e-6) ** 2, 1.0),
        ([[-0.5, -1.5, -0.5, -1.5]], (2 - 1 - 0.5) ** 2, 1 - 0.25),
    ],
)
def test_by_hand(channels: list[list[float]], first: float, second: float) -> None:
    x = torch.tensor(channels, dtype=torch.float64).T
    assert [float(loss) for loss in distribution_losses(x)] == pytest.approx([first, second], rel=1e-12, abs=1e-12)


def test_pixels_count_as_samples_do() -> None:
    x = torch.randn(6, 3, 2, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    rows = x.movedim(1, -1).reshape(-1, 3)
    assert torch.stack(distribution_losses(x)).allclose(torch.stack(distribution_losses(rows)), rtol=1e-12)


@pytest.mark.parametrize("which", [0, 1])
def test_gradients_are_differences(which: int) -> None:
    """Of channels that pay for each of the terms."""
    generator = torch.Generator().manual_seed(1)
    drawn = torch.randn(7, 5, dtype=torch.float64, generator=generator)
    x = drawn * torch.tensor([0.3, 0.5, 1.0, 7.0, 0.4]) + torch.tensor([0.2, -1.0, 4.0, 0.5, -3.0])
    assert all(float(loss) > 0 for loss in distribution_losses(x))

    def loss(values: Tensor) -> Tensor:
        return distribution_losses(values)[which]

    assert torch.autograd.gradcheck(loss, (x.requires_grad_(),), eps=1e-6, atol=1e-7)


def test_a_constant_channel_has_a_finite_gradient() -> None:
    x = torch.ones(4, 1, requires_grad=True)
    torch.autograd.backward(sum(distribution_losses(x), torch.zeros(())))
    assert x.grad is not None and bool(x.grad.isfinite().all())


def test_a_bit_is_the_sign_of_twice_its_input_less_a_step() -> None:
    """What the loss sees has its bound at 0, on any grid; wider quantizers are not seen."""
    for frac in (-1, 0, 2):
        net = nn.Sequential(ActivationQuant(Format(1, frac, False)), ActivationQuant(Format(2, 0, True)))
        assert binarisations(net) == [net[0]]
        x = torch.linspace(-0.2, 1.1, 41)[:, None] * 2.0**-frac
        with watched(net) as seen:
            net(x)
        z = x * 2 * 2.0**frac - 1
        assert torch.equal(net[0](x) * 2.0**frac, (z > 0).to(x.dtype))
        assert float(seen.taken()) == float(sum(distribution_losses(z), torch.zeros(()))) > 0
        assert float(seen.taken()) == 0
        net(x)
        assert float(seen.taken()) == 0, "seen when nobody looks"


def total(net: nn.Module, x: Tensor) -> float:
    with watched(net) as seen, torch.no_grad():
        net(x)
    return float(seen.taken())


def test_training_with_the_loss_lowers_it() -> None:
    plain, shaped = (
        train(TrainConfig(NetName.DIGITS_BINARY, epochs=6, distribution_loss=weight), lambda _: None)
        for weight in (0.0, 2.0)
    )
    x = torch.rand(200, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert min(plain.test_accuracy, shaped.test_accuracy) > 0.5
    assert total(shaped.net, x) < total(plain.net, x)


def test_a_net_without_bits_has_no_such_loss() -> None:
    with pytest.raises(ModelsError, match="digits-mlp has no quantizer of one bit"):
        train(TrainConfig(NetName.DIGITS_MLP, epochs=1, distribution_loss=2.0), lambda _: None)


def test_the_binary_net_has_two_weights(tmp_path: Path) -> None:
    config = NETS[NetName.DIGITS_BINARY]
    made = export_model(build(config, 0).eval(), config.input_shape)
    model = made if isinstance(made, onnx.ModelProto) else onnx.load_from_string(made)
    arrays = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    dense = [node for node in model.graph.node if node.op_type == "ShiftDense"]
    assert len(dense) == 3
    for node in dense:
        assert set(arrays[node.input[1]].ravel().tolist()) == {-1, 1} and not arrays[node.input[2]].any()
