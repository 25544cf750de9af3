"""Products of two computed tensors in a file: gates of squeeze and excite, in either order, and what stays a table."""

from __future__ import annotations

import numpy as np
import pytest

import onnx
from onnx_lines import QUANT, Constants, model_of_lines
from shiftwire.errors import InputError
from shiftwire.ir.network import Network
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import run_onnx
from shiftwire.ops.add import Multiply
from shiftwire.ops.threshold import Lookup, Threshold

SCALES: Constants = {"s": 0.37, "z": 0.0, "b": 6.0, "t": 0.021, "u": 0.11, "v": 0.05, "b4": 4.0, "h": 0.5}
UNSIGNED = QUANT.replace("signed=1", "signed=0")
FRONT = f"q = {QUANT}(x, s, z, b); "
CONV_GATE = f"g = GlobalAveragePool(q); gq = {QUANT}(g, v, z, b); wq = {QUANT}(w, h, z, b4); c = Conv(gq, wq); "
DENSE_GATE = f"g = GlobalAveragePool(q); f = Flatten(g); fq = {QUANT}(f, v, z, b); wq = {QUANT}(w, h, z, b4); "


def run(lines: str, constants: Constants, shape: list[object]) -> tuple[onnx.ModelProto, Network]:
    """The network of a file agrees with the file under onnxruntime but for edges between two codes."""
    model = model_of_lines(lines, shape, SCALES | constants, 20)
    network = network_from_model(model)
    x = np.random.default_rng(0).normal(0, 5, (40, *shape[1:])).astype(np.float32)
    codes = network.evaluate(network.host_input.encode(x, network.input.format))
    difference = np.abs(network.host_output.scores(codes, network.output.format) - run_onnx(model, x))
    assert (difference > 1e-4).mean() < 0.002 and len(np.unique(codes)) > 10
    return model, network


@pytest.mark.parametrize("order", ["q, a", "a, q"])
@pytest.mark.parametrize("curve", ["HardSigmoid", "Sigmoid"])
def test_an_image_times_a_gate(order: str, curve: str) -> None:
    lines = f"{FRONT}{CONV_GATE}e = {curve}(c); a = {UNSIGNED}(e, t, z, b); m = Mul({order}); y = {QUANT}(m, u, z, b)"
    _, network = run(lines, {"w": np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)}, ["N", 3, 4, 5])
    (product,) = (node for node in network.nodes if isinstance(node.op, Multiply))
    assert product.name == "m" and [tensor.shape for tensor in network.sources(product)] == [(4, 5, 3), (1, 1, 3)]


@pytest.mark.parametrize(("order", "pixels"), [("q, r", (4, 5)), ("q, r", (1, 1)), ("r, q", (1, 1))])
def test_a_gate_of_dense_layers(order: str, pixels: tuple[int, int]) -> None:
    """Whose row gets the axes of the image back; one as large as the image is a row all the same."""
    lines = (f"{FRONT}{DENSE_GATE}d = Gemm<transB=1>(fq, wq); e = HardSigmoid(d); a = {UNSIGNED}(e, t, z, b); "
             f"r = Reshape(a, n); m = Mul({order}); y = {QUANT}(m, u, z, b)")  # fmt: skip
    constants = {"w": np.eye(3, dtype=np.float32), "n": np.array([0, 3, 1, 1])}
    _, network = run(lines, constants, ["N", 3, *pixels])
    (product,) = (node for node in network.nodes if isinstance(node.op, Multiply))
    assert [tensor.shape for tensor in network.sources(product)] == [(*pixels, 3), (3,)]


def test_two_branches_of_one_shape() -> None:
    """On grids of their own, one of which is no power of two."""
    lines = (f"{FRONT}wq = {QUANT}(w, h, z, b4); c = Conv(q, wq); p = {QUANT}(c, v, z, b); d = Neg(c); "
             f"o = Relu(d); r = {UNSIGNED}(o, t, z, b); k = MaxPool<kernel_shape=[3, 3], pads=[1, 1, 1, 1]>(r); "
             f"m = Mul(p, k); y = {QUANT}(m, u, z, b)")  # fmt: skip
    _, network = run(lines, {"w": np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)}, ["N", 3, 4, 5])
    assert any(isinstance(node.op, Multiply) for node in network.nodes)


def test_by_hand() -> None:
    """1.5 and -2 times a quarter and three quarters, in eighths; without a quantizer behind, scales stay."""
    requantize = 'shiftwire.Requantize<bits=4, frac=2, signed=1, rounding="floor", overflow="saturate">'
    model = model_of_lines(f"p = GlobalMaxPool(x); a = {requantize}(p); y = Mul(x, a)", ["N", 2, 1, 2], {}, 20)
    model.opset_import.append(onnx.helper.make_opsetid("shiftwire", 1))
    onnx.helper.set_model_props(model, {"shiftwire.input": "s4.1"})
    network = network_from_model(model)
    found = network.evaluate(np.array([[[[3, -4], [2, 1]]]]))
    assert network.output.format.decode(found).tolist() == [[[[1.5 * 1.5, -2 * 0.5], [1 * 1.5, 0.5 * 0.5]]]]


def test_functions_of_one_tensor_stay_a_table() -> None:
    lines = f"{FRONT}e = HardSigmoid(q); a = {UNSIGNED}(e, t, z, b); m = Mul(q, a); y = {QUANT}(m, u, z, b)"
    _, network = run(lines, {}, ["N", 3, 4, 5])
    assert {type(node.op) for node in network.nodes} <= {Lookup, Threshold}


def test_a_gate_without_a_quantizer_is_refused() -> None:
    lines = f"{FRONT}{CONV_GATE}e = Sigmoid(c); m = Mul(q, e); y = {QUANT}(m, u, z, b)"
    model = model_of_lines(lines, ["N", 3, 4, 5], SCALES | {"w": (3, 3, 1, 1)}, 20)
    with pytest.raises(InputError, match=r"it reads 'e', float values .* quantize them by a Quant node in front of"):
        network_from_model(model)


def test_other_shapes_are_refused() -> None:
    """A gate of pixels, one for all channels."""
    lines = (f"{FRONT}wq = {QUANT}(w, h, z, b4); c = Conv(q, wq); a = {QUANT}(c, v, z, b); m = Mul(q, a); "
             f"y = {QUANT}(m, u, z, b)")  # fmt: skip
    model = model_of_lines(lines, ["N", 3, 4, 5], SCALES | {"w": (1, 3, 1, 1)}, 20)
    with pytest.raises(InputError, match=r"\(4, 5, 3\) and \(4, 5, 1\) cannot be multiplied; make them equal, or give"):
        network_from_model(model)
