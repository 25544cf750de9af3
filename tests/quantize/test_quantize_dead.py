"""Layers that training left at almost nothing: what decides behind them comes out, in every engine, without a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from float_nets import FloatNet
from qonnx_nets import Net
from shiftwire.errors import InputError
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.native.host import host_pipeline
from shiftwire.native.program import native_program, simulate
from shiftwire.native.simulation import simulation
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.onnx.file import write_model
from shiftwire.onnx.importer import import_onnx, network_from_model
from shiftwire.onnx.runtime import run_onnx
from shiftwire.ops.requantize import Requantize
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.quantize.floats.float_run import Samples
from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import Quantized, quantize_model
from shiftwire.tools.host_cpp import Processor

GAINS = (1e-6, 1e-12, 1e-20, 1e-30, 1e-38)
HLS4ML_BITS = 53


def weaken(net: FloatNet, gain: float, *names: str) -> None:
    for name in names:
        net.constants[name] = (net.constants[name] * gain).astype(np.float32)


def first_layer(gain: float) -> FloatNet:
    net = FloatNet((2, 6, 6), seed=51).conv("c1", 4, 2).node("Relu", "r1").node("GlobalAveragePool", "g")
    net.node("Flatten", "f", axis=1).dense("y", 4, 4)
    weaken(net, gain, "c1_w", "c1_b")
    net.constants["y_b"] = np.array([0.4, -1.1, 0.7, 0.2], np.float32)
    return net


def two_in_a_row(gain: float) -> FloatNet:
    net = FloatNet((2, 6, 6), seed=52).conv("c1", 4, 2).node("Relu", "r1").conv("c2", 4, 4).node("Relu", "r2")
    net.node("GlobalAveragePool", "g").node("Flatten", "f", axis=1).dense("y", 4, 4)
    weaken(net, gain, "c1_w", "c1_b", "c2_w", "c2_b")
    net.constants["y_b"] = np.array([0.4, -1.1, 0.7, 0.2], np.float32)
    return net


def batch_norm(gain: float) -> FloatNet:
    """Its own factor is almost nothing."""
    net = FloatNet((2, 6, 6), seed=53).conv("c1", 4, 2).norm("n", 4).node("Relu", "r1").conv("c2", 3, 4)
    net.node("GlobalAveragePool", "g").node("Flatten", "y", axis=1)
    weaken(net, gain, "n_0")
    return net


def behind_a_norm(gain: float) -> FloatNet:
    """The layer in front of the batch norm is dead."""
    net = FloatNet((2, 6, 6), seed=54).conv("c1", 4, 2).norm("n", 4).node("Relu", "r1").conv("c2", 3, 4)
    net.node("GlobalAveragePool", "g").node("Flatten", "y", axis=1)
    weaken(net, gain, "c1_w", "c1_b")
    return net


def residual(gain: float) -> FloatNet:
    net = FloatNet((2, 6, 6), seed=55).conv("c1", 4, 2).node("Relu", "r1").conv("c2", 4, 4).node("Add", "a", "r1")
    net.node("Relu", "r2").node("GlobalAveragePool", "g").node("Flatten", "f", axis=1).dense("y", 3, 4)
    weaken(net, gain, "c2_w", "c2_b")
    return net


def concat(gain: float) -> FloatNet:
    net = FloatNet((2, 6, 6), seed=56).conv("c1", 4, 2).node("Relu", "r1").conv("c2", 4, 4).node("Relu", "r2")
    net.node("Concat", "j", "r1", axis=1).node("GlobalAveragePool", "g").node("Flatten", "f", axis=1).dense("y", 3, 8)
    weaken(net, gain, "c2_w", "c2_b")
    return net


def last_layer(gain: float) -> FloatNet:
    """Behind large values, so that what is left of the last weights is far coarser than its biases."""
    net = FloatNet((2, 6, 6), seed=58).conv("c1", 4, 2).node("GlobalAveragePool", "g").node("Flatten", "f", axis=1)
    net.dense("y", 4, 4)
    net.constants["c1_b"] = np.array([6e7, -3e7, 4e7, 5e7], np.float32)
    weaken(net, 0.0 if gain < 1e-12 else gain, "y_w")
    net.constants["y_b"] = np.array([0.4, -1.1, 0.7, 0.2], np.float32)
    return net


NETS: dict[str, Callable[[float], FloatNet]] = {
    make.__name__: make for make in (first_layer, two_in_a_row, batch_norm, behind_a_norm, residual, concat, last_layer)
}


def quantized(net: FloatNet, folder: Path, values: np.ndarray) -> Quantized:
    return quantize_model(net.save(folder), Samples(values), Options(), lambda *_: None)


def decoded(network: Network, values: np.ndarray) -> np.ndarray:
    codes = network.evaluate(network.host_input.encode(values, network.input.format))
    return network.host_output.decode(codes, network.output.format)


@pytest.mark.filterwarnings("error", "ignore::ResourceWarning")
@pytest.mark.parametrize("gain", GAINS)
@pytest.mark.parametrize("name", NETS)
def test_what_is_left_decides(name: str, gain: float, tmp_path: Path, count: Any) -> None:
    """Near the file's own run, equal to the exact file's, narrow enough to build, and lanes wide enough for it."""
    net = NETS[name](gain)
    values = net.samples(48)
    right = run_onnx(net.model(), values).astype(np.float64)
    write_model(quantized(net, tmp_path, values).model, tmp_path / "exact.onnx")
    network = run_pipeline(import_onnx(tmp_path / "exact.onnx"))
    found = decoded(network, values)
    assert np.sqrt(np.mean(np.square(found - right))) < 0.05 * (right.std() + 1e-30)
    assert np.array_equal(run_onnx(tmp_path / "exact.onnx", values), found.astype(np.float32))
    assert max(tensor.format.bits for tensor in network.tensors.values()) <= HLS4ML_BITS
    units = host_pipeline(network, Processor())
    assert simulation(units, {name: fifo.depth for name, fifo in units.fifos.items()}).source
    count(onnxruntime_outputs=found.size)


@pytest.mark.parametrize("rounding", Rounding)
def test_a_grid_far_away_leaves_nothing(rounding: Rounding, tmp_path: Path, count: Any) -> None:
    """More bits dropped than a code has: all floors are 0 or -1, all roundings 0, in the specification as in C++."""
    given = Tensor((2, 2, 4), Fixed(9, 84, signed=True))
    op = Requantize(Fixed(4, 9, signed=True), rounding, Overflow.SATURATE)
    network = Network.of("x", given, (Node("y", op, ("x",)),), "y")
    codes = np.random.default_rng(0).integers(-256, 256, (40, 2, 2, 4))
    codes[0], codes[1] = -256, 255
    expected = network.evaluate(codes)
    assert np.array_equal(expected, np.where((codes < 0) & (rounding is Rounding.FLOOR), -1, 0))
    program = native_program(network, tmp_path)
    made = simulate(program, codes).codes
    (output,) = made.values()
    assert np.array_equal(output.reshape(expected.shape), expected)
    count(native_codes=expected.size)


def test_samples_that_no_grid_holds_are_refused(tmp_path: Path) -> None:
    net = first_layer(1.0)
    with pytest.raises(InputError, match=r"are 0 on the finest grid there is, .* scale the samples"):
        quantized(net, tmp_path, net.samples(20) * np.float32(1e-25))


def test_a_weight_scale_that_no_tensor_has(tmp_path: Path) -> None:
    net = Net(4, seed=57)
    net.quant(0.25, 6)
    net.gemm(net.weight(3, 4, scale=np.float32(2.0**-140)))
    with pytest.raises(InputError, match=r"weights are multiples of .*, finer than any tensor is; rescale the layer"):
        network_from_model(net.model())
