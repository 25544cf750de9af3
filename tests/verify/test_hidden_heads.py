"""Files of several heads of which some end in what only the host computes: each head is compared, in front of that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from torch import nn

import onnx
from shiftwire.api import load_network
from shiftwire.project.data import load_data
from shiftwire.verify.values import onnx_result, reference_result
from static_quantization import Static, exported, statically_quantized

TEXT = """<ir_version: 8, opset_import: ["" : 17, "qonnx.custom_op.general" : 1]>
g (float[N,4] a) => (float[N,4] cls, float[N,4] box)
    <float s = {{0.25}}, float zp = {{0}}, float b = {{6}}, float k = {{0.3}}> {{
    q = qonnx.custom_op.general.Quant<signed = 1, narrow = 0, rounding_mode = "ROUND">(a, s, zp, b)
    sum = Add(q, q)
    logits = Mul(sum, k)
    cls = {head}(logits)
    box = Relu(q)
}}"""


@pytest.mark.parametrize("head", ["Softmax<axis=1>", "LogSoftmax<axis=1>", "Sigmoid"])
def test_each_head_is_compared(head: str, tmp_path: Path) -> None:
    model = onnx.parser.parse_model(TEXT.format(head=head))
    onnx.save(model, tmp_path / "heads.onnx")
    x = np.random.default_rng(0).normal(0, 3, (20, 4)).astype(np.float32)
    y = np.arange(20) % 4
    np.savez(tmp_path / "x.npz", x=x, cls=y)
    network = load_network(tmp_path / "heads.onnx")
    data = load_data(tmp_path / "x.npz", network)
    reference, codes = reference_result(network, data)
    result = onnx_result(tmp_path / "heads.onnx", network, data, codes)
    assert (result.compared, result.different, result.first_difference) == (160, 0, None)
    assert result.scores["cls"].correct == reference.scores["cls"].correct
    for place, layer in ((2, network.exits[0].tensor), (5, network.exits[1].tensor)):
        wrong = codes.copy()
        wrong[3, place] += 1
        result = onnx_result(tmp_path / "heads.onnx", network, data, wrong)
        assert result.different == 1 and result.first_difference is not None
        assert (result.first_difference.layer, result.first_difference.sample) == (layer, 3)
        assert result.first_difference.index == (place % 4,)


@pytest.mark.parametrize("curve", [nn.Tanh, nn.Sigmoid])
@pytest.mark.parametrize("layer", [nn.ConvTranspose2d(2, 3, (2, 5), (3, 1), (1, 0)), nn.ConvTranspose2d(2, 3, 2, 2)])
def test_codes_in_front_of_a_curve(layer: nn.Module, curve: type[nn.Module], tmp_path: Path) -> None:
    """Between quantizers, behind a layer that several operations stand for."""
    x = np.random.default_rng(1).normal(size=(24, 2, 4, 5)).astype(np.float32)
    path = exported(nn.Sequential(layer, curve()).eval(), x, tmp_path / "net.onnx")
    model = statically_quantized(path, x, Static())
    np.savez(tmp_path / "x.npz", x=x)
    network = load_network(model)
    data = load_data(tmp_path / "x.npz", network)
    _, codes = reference_result(network, data)
    result = onnx_result(model, network, data, codes)
    assert (result.compared, result.different) == (codes.size, 0)
    assert len(np.unique(codes)) > 50
