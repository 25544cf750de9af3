"""Circulant layers in training: their dense form, gradients of a vector, and files that are exact."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import run_onnx
from shiftwire.ops.weights.circulant import Circulant
from shiftwire_models.circulant import CirculantConv2d, CirculantLinear, turned
from shiftwire_models.errors import ModelsError
from shiftwire_models.exporter import to_onnx
from shiftwire_models.grid import Format
from shiftwire_models.nets import NETS, NetName, build
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.weights import WeightRule, WeightSpec

RULES = [WeightSpec(WeightRule.LIGHTNN, terms=2), WeightSpec(WeightRule.DEEPSHIFT_PS), WeightSpec(WeightRule.APOT)]


@pytest.mark.parametrize("kernel", [(), (3,), (2, 3)])
def test_a_vector_is_turned_from_row_to_row(kernel: tuple[int, ...]) -> None:
    vectors = torch.randn(2, 3, 4, *kernel)
    whole = turned(vectors)
    for o, i in itertools.product(range(8), range(12)):
        assert torch.equal(whole[o, i], vectors[o // 4, i // 4, (i - o) % 4])


def test_a_vector_learns_from_all_its_diagonals() -> None:
    vectors = torch.randn(1, 2, 3, requires_grad=True)
    pull = torch.randn(3, 6)
    (turned(vectors) * pull).sum().backward()
    assert vectors.grad is not None
    for j, d in itertools.product(range(2), range(3)):
        expected = sum(pull[r, 3 * j + (r + d) % 3] for r in range(3))
        assert vectors.grad[0, j, d] == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize("spec", RULES, ids=lambda spec: spec.rule.value)
def test_a_file_says_what_the_net_does(spec: WeightSpec) -> None:
    torch.manual_seed(3)
    grid = Format(6, 3, True)
    net = nn.Sequential(
        ActivationQuant(grid),
        CirculantConv2d(4, 8, (3, 2), 2, stride=(1, 2), padding=1, weight=spec, bias_frac=4),
        ActivationQuant(grid),
        nn.Flatten(),
        CirculantLinear(8 * 20, 16, 4, weight=spec),
    ).eval()
    model = to_onnx(net, (4, 5, 6))
    x = torch.randn(5, 4, 5, 6) * 3
    with torch.no_grad():
        expected = net(x).numpy()
    assert np.array_equal(run_onnx(model, x.numpy()), expected)
    network = network_from_model(model)
    held = [node.op.weights for node in network.nodes if "Circulant" in node.kind]  # type: ignore[attr-defined]
    assert len(held) == 2 and all(isinstance(weights, Circulant) for weights in held)
    codes = network.evaluate(network.encode({network.inputs[0].name: x.numpy()}))
    assert np.array_equal(network.output.format.decode(codes), expected)
    assert np.unique(expected).size > 20


def test_blocks_divide_the_sides() -> None:
    with pytest.raises(ModelsError, match="blocks of 4 do not divide 10 outputs and 8 inputs; take a divisor of both"):
        CirculantLinear(8, 10, 4)


def test_the_perceptron_has_an_eighth_of_the_weights() -> None:
    net, plain = build(NETS[NetName.MLP_CIRCULANT], 0), build(NETS[NetName.DIGITS_MLP], 0)
    layers = [module for module in net.modules() if isinstance(module, CirculantLinear)]
    assert [layer.weight.terms().sign[0].numel() for layer in layers] == [512, 512]
    assert not any(isinstance(module, CirculantLinear) for module in plain.modules())


def test_it_trains() -> None:
    torch.manual_seed(0)
    layer = CirculantLinear(16, 8, 8, WeightSpec(WeightRule.LIGHTNN, terms=2))
    x, goal = torch.randn(64, 16), torch.randn(1, 2, 8)
    wanted = functional.linear(x, turned(goal))
    optimiser = torch.optim.Adam(layer.parameters(), 0.02)
    before = float(functional.mse_loss(layer(x), wanted))
    for _ in range(200):
        optimiser.zero_grad()
        functional.mse_loss(layer(x), wanted).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert float(functional.mse_loss(layer(x), wanted)) < 0.1 * before
