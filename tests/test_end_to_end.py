"""From torch to the specification: the file is all that models and flow share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import onnx

torch = pytest.importorskip("torch", reason="torch is not installed; pip install 'shiftwire[train]'")

import shiftwire  # noqa: E402
from shiftwire.ir.network import Network  # noqa: E402
from shiftwire_models.adder import AdderConv2d, AdderLinear  # noqa: E402
from shiftwire_models.affine import BatchNormAffine  # noqa: E402
from shiftwire_models.exact_export import export_model  # noqa: E402
from shiftwire_models.grid import Format, Rounding  # noqa: E402
from shiftwire_models.nets import NETS, NetName, build  # noqa: E402
from shiftwire_models.quant import ActivationQuant  # noqa: E402
from shiftwire_models.shift import ShiftConv2d, ShiftLinear  # noqa: E402
from shiftwire_models.weights import WeightRule, WeightSpec  # noqa: E402
from tiers import some  # noqa: E402

S8 = Format(8, 4, True)


class Residual(torch.nn.Module):
    """What people write: a residual, a depthwise layer, a concat, functional calls, flatten, an adder classifier."""

    def __init__(self, rule: WeightRule) -> None:
        super().__init__()
        weight = WeightSpec(rule)
        self.pixels = ActivationQuant(Format(8, 5, True), Rounding.FLOOR)
        self.first = ShiftConv2d(3, 8, 3, padding=1, weight=weight)
        self.norm = BatchNormAffine(8)
        self.quant = ActivationQuant(S8)
        self.depthwise = ShiftConv2d(8, 8, 3, padding=1, groups=8, weight=weight, bias_frac=6)
        self.between = ActivationQuant(S8, Rounding.HALF_UP)
        self.adder = AdderConv2d(8, 8, 3, S8, padding=1)
        self.adder_norm = BatchNormAffine(8)
        self.pool = torch.nn.AvgPool2d(4)
        self.max_pool = torch.nn.MaxPool2d(3, stride=2, padding=1)
        self.hidden = ShiftLinear(64, 12, weight)
        self.hidden_quant = ActivationQuant(S8)
        self.classifier = AdderLinear(12, 5, S8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = self.quant(torch.relu(self.norm(self.first(self.pixels(x)))))
        b = self.adder_norm(self.adder(self.between(self.depthwise(a))))
        y = torch.cat([self.quant(torch.relu(a + b)), a], 1)
        y = torch.flatten(self.pool(self.max_pool(y)), 1)
        logits: torch.Tensor = self.classifier(self.hidden_quant(self.hidden(y)))
        return logits


def assert_same(net: torch.nn.Module, shape: tuple[int, ...], folder: Path) -> Network:
    """torch and the specification agree on noise of several scales and on extremes."""
    path = folder / "net.onnx"
    onnx.save(export_model(net, shape), path)
    network = shiftwire.load_network(path)
    noise = np.random.default_rng(0).normal(size=(24, *shape)).astype(np.float32)
    noise *= np.repeat(np.array([0.25, 1, 3, 12], np.float32), 6).reshape(-1, *[1] * len(shape))
    noise[0], noise[1], noise[2] = 3e38, -3e38, 0
    with torch.no_grad():
        expected = net(torch.from_numpy(noise)).numpy()
    codes = network.host_input.encode(noise, network.input.format)
    found = network.host_output.decode(network.evaluate(codes), network.output.format)
    assert np.array_equal(found, expected)
    assert len(np.unique(expected)) > 20
    return network


@pytest.mark.parametrize("rule", some(WeightRule, WeightRule.DEEPSHIFT_Q, WeightRule.FLIGHTNN))
def test_a_net_that_nobody_here_wrote(rule: WeightRule, tmp_path: Path) -> None:
    torch.manual_seed(1)
    net = Residual(rule)
    net.train()
    for _ in range(40):
        net(torch.randn(8, 3, 16, 16))
    network = assert_same(net.eval(), (3, 16, 16), tmp_path)
    kinds = [node.kind for node in network.nodes]
    assert kinds.count("ShiftConv") == 2 and kinds.count("AdderConv") == 1
    assert {"Add", "Concat", "MaxPool", "AveragePool", "Flatten", "AdderDense", "Affine"} <= set(kinds)
    assert {"first", "depthwise", "adder", "classifier"} & {node.name for node in network.nodes} == {
        "first",
        "depthwise",
        "adder",
    }


SMALL = [name for name in NetName if name.value.startswith(("digits", "jets"))]


@pytest.mark.parametrize("name", some(SMALL, NetName.DIGITS_SHIFTADD, NetName.JETS_MLP))
def test_every_small_net(name: NetName, tmp_path: Path) -> None:
    """The large ones go through `make zoo`."""
    net = build(NETS[name], seed=2).train()
    for _ in range(40):  # until the running statistics are the batch's: an unsettled adder net is all zeros
        net(torch.rand(16, *NETS[name].input_shape))
    assert_same(net.eval(), NETS[name].input_shape, tmp_path)
