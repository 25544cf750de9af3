"""What the comparison of the families counts and rewrites, beside plain arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from exchanging import exchanged_net, float_layers, off_grid
from family_nets import FAMILIES, Made, code_bits, stored_bits
from integer_weights import with_integers
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.numbers.smart_exchange import Theta, nearest_powers
from shiftwire.onnx.context.parameter import IntegerWeights
from shiftwire.onnx.importer import network_from_model
from shiftwire.ops.weights.integer import Int
from shiftwire_models.calibration import calibrated_net
from shiftwire_models.exact_export import export_model
from shiftwire_models.nets.resnet import ResNetConfig
from shiftwire_models.size import net_size

BY_NAME = {family.name: family for family in FAMILIES}


def small(name: str) -> ResNetConfig:
    """A family's net for pictures of 6 x 6."""
    config = BY_NAME[name].config
    assert isinstance(config, ResNetConfig)
    return replace(config, input_shape=(1, 6, 6))


def test_nets_are_one_topology_of_fewer_than_25_thousand_weights() -> None:
    sizes = {family.name: net_size(family.config) for family in FAMILIES}
    dense = 8 * 9 + 2 * 64 * 9 + 9 * (8 * 16 + 16 * 16 + 16 * 32 + 32 * 32) + 8 * 16 + 16 * 32 + 320
    same = {name for name, size in sizes.items() if size.weights == dense}
    assert same == set(sizes) - {"escalate", "circulant-4", "circulant-8"} and dense < 25_000
    assert sizes["circulant-8"].weights - 72 - 320 == (dense - 72 - 320) // 8
    assert sum(family.made is not Made.TRAINED for family in FAMILIES) == 2


@pytest.mark.parametrize(
    ("signs", "exponents", "bits"),
    [
        ([[[1, -1, 1, 1]]], [[[0, -1, -7, -3]]], 4 * 4),  # 8 exponents of two signs
        ([[[1, 0, 1, 1]]], [[[0, -1, -7, -3]]], 4 * 5),  # and zero
        ([[[1, -1, -1, 1]]], [[[2, 2, 2, 2]]], 4 * 1),
        ([[[1, -1, 0, 1]]], [[[0, 0, 0, 0]]], 4 * 2),
        ([[[1, -1, 1, 0]], [[-1, 0, 1, 0]]], [[[0, 0, -1, 0]], [[-3, 0, -3, 0]]], 4 * 4),  # 7, -8, 5, 0 eighths
        ([[[1, 1, 1, 1]], [[1, 1, 0, 1]]], [[[0, 0, 0, 0]], [[-7, 0, 0, -1]]], 4 * 2 * 5),  # 9 bits and a sign: 10
    ],
)
def test_a_layer_takes_the_smaller_of_two_codes(signs: list[int], exponents: list[int], bits: int) -> None:
    weights = ShiftWeights(np.array(signs, np.int8).reshape(-1, 2, 2), np.array(exponents, np.int8).reshape(-1, 2, 2))
    assert code_bits(weights) == bits


@pytest.mark.parametrize(
    ("name", "inner"), [("int4", 4), ("binary", 1), ("circulant-4", None), ("escalate", None), ("lightnn-1", None)]
)
def test_stored_bits_of_a_net(name: str, inner: int | None) -> None:
    """Between one bit and five for each number that the net counts as a weight; bases have 8."""
    net, _ = calibrated_net(small(name), seed=2, count=8)
    network, weights = network_from_model(export_model(net, (1, 6, 6))), net_size(small(name)).weights
    bits = stored_bits(network)
    if inner is None:
        assert weights * (2 if name == "escalate" else 4) <= bits <= weights * 5
    else:
        assert inner * (weights - 392) + 392 * min(inner, 4) <= bits <= inner * (weights - 392) + 392 * 5


def test_integers_spelt_for_multipliers_are_the_same_function() -> None:
    """In onnxruntime, and as a network of products, code for code."""
    net, x = calibrated_net(small("int4"), seed=3, count=16)
    model = export_model(net, (1, 6, 6))
    spelt = with_integers(model, 4)
    assert not any(node.op_type.startswith("Shift") for node in spelt.graph.node)
    runs = [onnxruntime.InferenceSession(each.SerializeToString(), providers=["CPUExecutionProvider"])
            for each in (model, spelt)]  # fmt: skip
    y, other = (run.run(None, {"x": x.numpy()})[0] for run in runs)
    assert np.array_equal(y, other) and len(np.unique(y)) > 40
    network = network_from_model(spelt, IntegerWeights.MULTIPLY)
    weighted = [node.op.weights for node in network.nodes if hasattr(node.op, "weights")]
    assert len(weighted) == 10 and all(isinstance(weights, Int) for weights in weighted)
    codes = network.host_input.encode(x.numpy(), network.input.format)
    assert np.array_equal(network.host_output.decode(network.evaluate(codes), network.output.format), y)


def test_a_projected_net_has_factors_for_weights_and_statistics_of_them() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3))
    before = [layer.weight.detach().clone() for layer in float_layers(net)]
    x = torch.randn(640, 2, 6, 6)
    exchanged_net(net, Theta(4e-3), x)
    for layer, wanted in zip(float_layers(net), before, strict=True):
        off = (layer.weight.detach() - wanted).norm() / wanted.norm()
        assert 0 < float(off) < 0.3
    rows = net[0].weight.detach().double().numpy()[0].reshape(-1, 3)
    assert np.linalg.matrix_rank(rows) <= 3 and nearest_powers(rows)[0].any()
    projected = net[0].weight.detach().clone()
    off_grid(net)
    assert 0 < float((net[0].weight.detach() / projected - 1).abs().max()) < 2**-17
    values = net[0](x).detach().transpose(0, 1).flatten(1)
    assert torch.allclose(net[1].running_var, values.var(1), rtol=0.02)
    assert torch.allclose(net[1].running_mean, values.mean(1), atol=1e-4) and net[1].momentum == 0.1
