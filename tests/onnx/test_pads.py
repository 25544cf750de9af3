"""What a Pad puts in front of a pool, and ranges without an end: exact, or refused with a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import onnx
from onnx import helper
from qonnx_nets import Net
from shiftwire.errors import InputError
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import run_onnx
from shiftwire.passes.pipeline import run_pipeline

LOWEST = float(np.finfo(np.float32).min)


def padded_pool(value: float | None, own: int, as_node: bool, with_scale: bool) -> onnx.ModelProto:
    """Pad, MaxPool and a last quantizer, on values of which most are negative."""
    net = Net(2, 6, 6, seed=34)
    net.rank = 4
    net.quant(0.0713 if with_scale else 0.25, 7)
    pads = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    constant = [] if value is None else [net.constant(value)]
    net.add("Pad", None, pads, *constant)
    net.add("MaxPool", None, kernel_shape=[3, 3], strides=[2, 2], pads=[own] * 4)
    net.quant(0.4, 7)
    model = net.model()
    if as_node and constant:
        tensor = next(tensor for tensor in model.graph.initializer if tensor.name == constant[0])
        model.graph.node.insert(0, helper.make_node("Constant", [], constant, value=tensor))
        model.graph.initializer.remove(tensor)
    return model


@pytest.mark.parametrize("with_scale", [False, True], ids=["exact", "scaled"])
@pytest.mark.parametrize("as_node", [False, True], ids=["initialiser", "node"])
@pytest.mark.parametrize("own", [0, 1])
@pytest.mark.parametrize("value", [None, 0.0, LOWEST, -np.inf], ids=["absent", "zero", "lowest", "infinite"])
def test_what_pads_a_max_pool(value: float | None, own: int, as_node: bool, with_scale: bool, count: Any) -> None:
    """Zeros take part, the lowest number does not."""
    model = padded_pool(value, own, as_node, with_scale)
    values = (np.random.default_rng(6).normal(-2, 1, (40, 2, 6, 6))).astype(np.float32)
    expected = run_onnx(model, values)
    network = network_from_model(model)
    codes = network.evaluate(network.host_input.encode(values, network.input.format))
    found = network.host_output.decode(codes, network.output.format)
    assert np.array_equal(found.astype(np.float32), expected)
    edge = expected[:, :, 0, 0]
    assert (edge == 0).mean() < 0.3 if value in (LOWEST, -np.inf) else (edge == 0).mean() > 0.5
    assert len(np.unique(expected)) > 4
    count(onnxruntime_outputs=expected.size)


@pytest.mark.parametrize(("value", "words"), [(-0.3, "a padding value of -0.3 is none"), (np.nan, "holds nan")])
def test_what_does_not_pad_a_max_pool(value: float, words: str) -> None:
    with pytest.raises(InputError, match=words):
        network_from_model(padded_pool(value, 0, as_node=False, with_scale=False))


@pytest.mark.parametrize("value", [-0.37, 0.37, 0.0], ids=["minus", "plus", "zero"])
def test_pads_of_signs(value: float, count: Any) -> None:
    """A Pad by either of the two values of a BipolarQuant, and by 0, which is neither; -1 is the bit 0."""
    net = Net(3, 6, 5, seed=9)
    net.quant(0.25, 5)
    net.add("Conv", None, net.weight(8, 3, 3, 3, scale=0.1), kernel_shape=[3, 3])
    net.norm(8, 0.5)
    net.bipolar(0.37)
    net.add("Pad", None, np.array([0, 0, 1, 1, 0, 0, 0, 1]), net.constant(value))
    net.add("Conv", None, net.weight(6, 8, 3, 3, scale=0.21, bits=1), kernel_shape=[3, 3])
    net.quant(0.5, 6)
    values = np.random.default_rng(8).normal(0, 2, (60, 3, 6, 5)).astype(np.float32)
    network = run_pipeline(network_from_model(net.model()))
    codes = network.evaluate(network.host_input.encode(values, network.input.format))
    expected = run_onnx(net.model(), values)
    assert np.array_equal(network.host_output.decode(codes, network.output.format).astype(np.float32), expected)
    binary = sum(node.kind == "BinaryConv" for node in network.nodes)
    assert binary == (value < 0) and len(np.unique(expected)) > 5
    count(onnxruntime_outputs=expected.size, binary_layers=binary)


def test_a_range_without_an_end() -> None:
    net = Net(4, seed=35)
    net.quant(0.25, 6)
    net.add("Clip", None, -1.0, np.inf)
    net.quant(0.5, 5)
    values = np.random.default_rng(7).normal(0, 3, (40, 4)).astype(np.float32)
    network = network_from_model(net.model())
    codes = network.evaluate(network.host_input.encode(values, network.input.format))
    assert np.array_equal(network.host_output.decode(codes, network.output.format), run_onnx(net.model(), values))
