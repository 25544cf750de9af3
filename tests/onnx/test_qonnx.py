"""QONNX files: the codes that qonnx itself computes, whatever the scales, from integers and thresholds alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import onnx
import shiftwire
from onnx import helper
from onnx_graphs import model_of
from qonnx_nets import DOMAIN, NETS, Net, bipolar, scaled_cnn
from shiftwire.errors import InputError
from shiftwire.ir.network import Network
from shiftwire.onnx.context.parameter import IntegerWeights
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import run_onnx
from shiftwire.ops.pool import SumPool
from shiftwire.ops.threshold import Threshold
from shiftwire.ops.weights.integer import Int
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.project.codec import ArrayFolder, decode, encode
from shiftwire.verify.comparison import compared
from shiftwire.verify.csim import Csim
from shiftwire_boards.runtime.host_steps import Largest

qonnx_exec = pytest.importorskip("qonnx.core.onnx_exec", reason="qonnx is not installed; pip install 'shiftwire[dev]'")
from qonnx.core.modelwrapper import ModelWrapper  # noqa: E402
from qonnx.transformation.infer_shapes import InferShapes  # noqa: E402

from tiers import some  # noqa: E402


def executed(net: Net, values: np.ndarray) -> np.ndarray:
    """Outputs of qonnx itself, all samples as one batch."""
    model = net.model(len(values))
    model.opset_import[1].version = net.version
    outputs = qonnx_exec.execute_onnx(ModelWrapper(model).transform(InferShapes()), {"x": values})
    return outputs[net.last]


@cache
def case(name: str) -> tuple[Network, np.ndarray, np.ndarray]:
    """Network, input values and qonnx's outputs."""
    net = NETS[name]()
    values = net.values()
    return run_pipeline(network_from_model(net.model())), values, executed(net, values)


def decoded(network: Network, values: np.ndarray) -> np.ndarray:
    codes = network.host_input.encode(values, network.input.format)
    return network.host_output.decode(network.evaluate(codes), network.output.format)


@pytest.mark.parametrize("name", NETS)
def test_the_codes_are_those_of_qonnx(name: str, count: Any) -> None:
    network, values, expected = case(name)
    assert np.array_equal(decoded(network, values).astype(np.float32), expected)
    layers = network.evaluate_layers(network.host_input.encode(values, network.input.format))
    codes = layers[network.output_name]
    assert min(len(np.unique(layer)) for layer in layers.values()) > 1 and len(np.unique(codes)) > 5
    assert len(values) >= 200 and np.count_nonzero(codes) > codes.size // 5
    count(qonnx_outputs=codes.size)


@pytest.mark.parametrize("name", NETS)
def test_onnxruntime_executes_the_file_itself(name: str, count: Any) -> None:
    """A second oracle: the quantizers as functions of ONNX's own operations."""
    network, values, expected = case(name)
    made = run_onnx(NETS[name]().model(), values)
    codes = network.evaluate(network.host_input.encode(values, network.input.format))
    assert made.shape == expected.shape
    assert np.array_equal(network.host_output.nearest(made, network.output.format), codes)
    count(onnxruntime_outputs=codes.size)


@pytest.mark.parametrize("name", NETS)
def test_no_multiplier_unless_asked_for(name: str) -> None:
    network, _, _ = case(name)
    for node in network.nodes:
        assert node.op.operations(network.sources(node), network.tensors[node.name]).multiplies == 0


def test_integer_weights_by_multiplier_give_the_same_codes() -> None:
    network = run_pipeline(network_from_model(NETS["scaled_cnn"]().model(), IntegerWeights.MULTIPLY))
    assert any(isinstance(getattr(node.op, "weights", None), Int) for node in network.nodes)
    exact, values, _ = case("scaled_cnn")
    assert np.array_equal(decoded(network, values), decoded(exact, values))


def test_the_same_file_twice_gives_the_same_thresholds() -> None:
    first, second = (network_from_model(scaled_cnn().model()) for _ in range(2))
    for one, two in zip(first.nodes, second.nodes, strict=True):
        if isinstance(one.op, Threshold) and isinstance(two.op, Threshold):
            assert np.array_equal(one.op.thresholds, two.op.thresholds)


@pytest.mark.parametrize("name", some(["po2_mlp", "pooled"], "po2_mlp"))
def test_a_qonnx_file_becomes_a_project(name: str, tmp_path: Path, count: Any) -> None:
    """Converted from the file, C-simulated, every layer's codes compared."""
    path = tmp_path / "net.onnx"
    onnx.save(NETS[name]().model(), path)
    project = shiftwire.convert(path, output=tmp_path / "project")
    network, values, _ = case(name)
    report = compared(Csim(project), network.host_input.encode(values[:40], network.input.format))
    assert report.different == 0 and report.compared > 1000
    count(csim_codes=report.compared)


def test_scales_and_offsets_survive_the_project_files(tmp_path: Path) -> None:
    net = Net(4, seed=9)
    net.quant(0.071, 5, zero=3)
    net.gemm(net.weight(3, 4, scale=np.array([[0.1], [0.2], [0.35]])), net.rng.normal(0, 1, 3))
    network, values = network_from_model(net.model()), net.values()
    assert np.allclose(decoded(network, values), executed(net, values), rtol=1e-5, atol=1e-5)
    folder = ArrayFolder(tmp_path)
    again = decode(encode(network, folder), folder)
    assert np.array_equal(decoded(again, values), decoded(network, values))
    with pytest.raises(
        InputError, match="scale that is no power of two and an odd zero point, or a rounding other than"
    ):
        to_onnx(network)


def trunc(version: int) -> Net:
    net = Net(6, seed=11)
    net.quant(0.25, 8)
    attributes = {"rounding_mode": "FLOOR"} | ({"narrow": 0, "signed": 1} if version == 2 else {})
    inputs = [0.25, 0.0, 8.0, 5.0] if version == 1 else [0.25, 0.0, 8.0, 2.0, 5.0]
    net.add("Trunc", None, *inputs, domain=DOMAIN, **attributes)
    net.version = version
    return net


def sign_of_a_float() -> Net:
    net = Net(5, seed=12)
    net.quant(0.1, 6)
    net.add("Mul", None, -1.37)
    net.add("Add", None, net.rng.normal(0, 0.5, 5))
    net.add("Sign", None)
    return net


def concat_of_scales() -> Net:
    """Two scales side by side in front of a depthwise layer, which takes each as it is."""
    net = Net(2, 4, 4, seed=13)
    first = net.quant(0.0713, 5)
    other = net.quant(0.191, 4, x=first)
    net.add("Concat", first, other, axis=1)
    net.conv(net.weight(4, 1, 3, 3, scale=0.3), group=4)
    net.quant(0.111, 6)
    net.rank = 4
    return net


def powers_of_two_by_channel() -> Net:
    """Activation scales that differ by powers of two are one scale and other codes."""
    net = Net(3, 4, 4, seed=14)
    net.quant(0.0713, 7)
    net.quant(0.3 * 2.0 ** np.array([0, -2, 1]).reshape(1, 3, 1, 1), 4)
    net.conv(net.weight(4, 3, 3, 3, scale=0.3))
    net.quant(0.777, 6)
    net.rank = 4
    return net


def transposed_weight() -> Net:
    net = Net(5, seed=15)
    net.quant(0.0713, 7)
    weight = net.weight(4, 5, scale=np.array([[0.1], [0.2], [0.3], [0.4]]))
    last = net.last
    net.last = "quant_3"
    turned = net.add("Transpose", weight, perm=[1, 0])
    net.last = last
    net.add("MatMul", None, turned)
    net.quant(0.0517, 8)
    return net


def relu_first() -> Net:
    net = Net(6, seed=16)
    net.add("Relu", None)
    net.quant(0.0713, 5, signed=0)
    net.gemm(net.weight(4, 6, scale=0.31))
    net.quant(0.117, 7)
    return net


SMALL: dict[str, Callable[[], Net]] = {
    "trunc 1": lambda: trunc(1),
    "trunc 2": lambda: trunc(2),
    "sign": sign_of_a_float,
    "concat": concat_of_scales,
    "powers of two by channel": powers_of_two_by_channel,
    "transposed weight": transposed_weight,
    "relu first": relu_first,
}


@pytest.mark.parametrize("name", SMALL)
def test_small_files(name: str, count: Any) -> None:
    net = SMALL[name]()
    values = net.values()
    expected = executed(net, values)
    network = network_from_model(net.model())
    assert np.array_equal(decoded(network, values).astype(np.float32), expected)
    assert len(np.unique(expected)) > 1
    count(qonnx_outputs=expected.size)


def test_a_mean_over_nine_is_a_sum_whose_scale_is_kept() -> None:
    pool = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[3, 3])
    network = network_from_model(model_of([pool], shape=("N", 1, 5, 5)))
    assert isinstance(network.nodes[0].op, SumPool)
    codes = np.arange(25).reshape(1, 5, 5, 1)
    values = network.host_output.decode(network.evaluate(codes), network.output.format)
    assert np.allclose(values[0, 0], np.array([[6, 7, 8], [11, 12, 13], [16, 17, 18]]) / 16)
    x = np.ldexp(np.arange(-25, 25).reshape(2, 1, 5, 5), -4).astype(np.float32)
    assert np.array_equal(run_onnx(to_onnx(network), x), decoded(network, x).astype(np.float32))


def test_a_ranking_by_topk_is_left_to_the_host() -> None:
    net = bipolar()
    net.add("TopK", None, np.array([2]), axis=1)
    model = net.model()
    model.graph.node[-1].output.append("indices")
    model.graph.output[0].name = "indices"
    (step,) = network_from_model(model).host_output.steps
    assert isinstance(step, Largest) and (step.axis, step.count, step.keeps) == (1, 2, True)


def refused(change: Callable[[Net], Any]) -> onnx.ModelProto:
    net = Net(2, 4, 4)
    net.rank = 4
    net.quant(0.1, 6)
    change(net)
    return net.model()


REFUSED: dict[str, tuple[Callable[[Net], Any], str]] = {
    "other scale": (
        lambda net: net.add("Add", net.quant(0.3, 4), "quant_4"),
        "differ by more than a power of two; share the quantizer's scale",
    ),
    "scales by channel": (
        lambda net: (
            net.quant(np.array([0.1, 0.3]).reshape(1, 2, 1, 1), 4),
            net.conv(net.weight(3, 2, 3, 3, scale=0.1)),
        ),
        "another scale in each channel.*use one scale for the whole tensor",
    ),
    "float weights": (
        lambda net: net.add("Conv", None, net.constant(np.full((3, 2, 1, 1), 0.3))),
        "is a float tensor; convert takes files whose weights and activations are all quantized",
    ),
    "few float weights": (
        lambda net: net.add("Conv", None, net.constant(net.rng.normal(size=(3, 2, 1, 1)))),
        "is a float tensor; convert takes files whose weights and activations are all quantized",
    ),
    "float in front of a layer": (
        lambda net: (net.add("Add", None, 0.7), net.conv(net.weight(3, 2, 3, 3, scale=0.1))),
        "float values behind a float scale, bias or batch norm; quantize them by a Quant node",
    ),
    "pool of falling values": (
        lambda net: (net.add("Mul", None, -0.7), net.add("MaxPool", None, kernel_shape=[2, 2])),
        "fall where codes rise.*quantize them by a Quant node in front of the pool",
    ),
    "too many levels": (
        lambda net: (net.add("Sigmoid", None), net.quant(1e-5, 18)),
        "thresholds a channel, more than 4096; quantize to fewer bits",
    ),
    "unknown rounding": (lambda net: net.quant(0.1, 4, mode="STOCHASTIC"), "rounding_mode STOCHASTIC is not handled"),
    "zero point of a half": (lambda net: net.quant(0.1, 4, zero=0.5), "zeropt 0.5 .* is not handled"),
    "scale below zero": (lambda net: net.quant(-0.1, 4), "a scale of -0.1.* is not positive"),
    "scale of each pixel": (
        lambda net: net.quant(np.linspace(0.1, 0.2, 4).reshape(1, 1, 1, 4), 4),
        "only one for the whole tensor or for each channel is handled",
    ),
    "scale of each input": (
        lambda net: net.conv(net.weight(3, 2, 3, 3, scale=np.array([0.1, 0.3]).reshape(1, 2, 1, 1))),
        "only one for the whole tensor or for each output is handled",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    change, words = REFUSED[name]
    with pytest.raises(InputError, match=words):
        network_from_model(refused(change))
