"""A float net whose weights go to the products of SmartExchange's factors between epochs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from exchanging import exchanged, float_layers
from shiftwire.numbers.smart_exchange import Theta
from shiftwire_models import training
from shiftwire_models.errors import ModelsError
from shiftwire_models.floats.exchange import exchange
from shiftwire_models.floats.resnet import FloatResNetConfig
from shiftwire_models.nets import NETS, NetName, build
from shiftwire_models.training import TrainConfig, train

SMALL = FloatResNetConfig((1, 8, 8), (4, 8, 8), 1)


def test_weights_are_the_products_of_the_loop() -> None:
    """Those that the flow's own decomposition of each layer gives, exactly; a depthwise or 5x5 kernel keeps its own."""
    net = nn.Sequential(build(SMALL, 0))
    expected = [exchanged(layer.weight.detach().double().numpy(), Theta(1e-2))[1] for layer in float_layers(net)]
    exchange(net, torch.rand(16, 1, 8, 8), 1e-2)
    layers = float_layers(net)
    assert len(layers) == 10
    for layer, wanted in zip(layers, expected, strict=True):
        assert np.array_equal(layer.weight.detach().numpy(), wanted)
    others = nn.Sequential(nn.Conv2d(2, 2, 5, padding=2), nn.Conv2d(2, 2, 3, groups=2), nn.Conv2d(2, 3, 3))
    before = [layer.weight.detach().clone() for layer in others]  # type: ignore[union-attr, operator]
    exchange(others, torch.rand(16, 2, 8, 8), 4e-3)
    changed = [not torch.equal(layer.weight, old) for layer, old in zip(others, before, strict=True)]  # type: ignore[arg-type]
    assert changed == [False, False, True]


def test_the_net_is_trained_between_projections(monkeypatch: pytest.MonkeyPatch) -> None:
    """After every epoch but the last, with the theta of the net."""
    seen: list[tuple[int, float]] = []
    monkeypatch.setattr(training, "exchange", lambda _, x, theta: seen.append((len(x), theta)))
    result = train(TrainConfig(NetName.RESNET8_SMARTEXCHANGE, epochs=3, pictures=64), lambda _: None)
    assert seen == [(16, 4e-3)] * 2
    assert isinstance(result.net_config, FloatResNetConfig) and result.net_config.blocks == 1
    assert NETS[NetName.RESNET20_FLOAT].theta is None  # type: ignore[union-attr]


def test_what_quantize_refuses_is_one_sentence() -> None:
    with pytest.raises(ModelsError, match="theta"):
        exchange(build(SMALL, 0), torch.rand(16, 1, 8, 8), -1.0)
