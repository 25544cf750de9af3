"""Products of weights and data in every orientation, and layers of signals, held against onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest

from onnx_lines import QUANT, Constants, model_of_lines
from shiftwire.errors import InputError
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import run_onnx

SCALES: Constants = {"s": 0.37, "z": 0.0, "b": 6.0, "t": 0.21, "h": 0.5, "b4": 4.0}
WEIGHT = f"wq = {QUANT}(w, h, z, b4); m = "
BIAS: Constants = {"c": [0.5, 1.0, -2.0]}
EDGES = 0.005
"""Share of outputs that may lie on the very edge between two codes."""

ROWS: dict[str, tuple[str, Constants]] = {
    "gemm": ("Gemm(q, wq)", {"w": (4, 3)}),
    "gemm, turned": ("Gemm<transB=1>(q, wq)", {"w": (3, 4)}),
    "gemm and a bias": ("Gemm<transB=1>(q, wq, c)", {"w": (3, 4)} | BIAS),
    "gemm by half": ("Gemm<transB=1, alpha=0.5>(q, wq)", {"w": (3, 4)}),
    "gemm by a float": ("Gemm<alpha=0.31>(q, wq)", {"w": (4, 3)}),
    "gemm less": ("Gemm<transB=1, alpha=-1.0>(q, wq, c)", {"w": (3, 4)} | BIAS),
    "gemm and half a bias": ("Gemm<transB=1, beta=0.5>(q, wq, c)", {"w": (3, 4)} | BIAS),
    "matmul": ("MatMul(q, wq)", {"w": (4, 3)}),
}

SIGNALS: dict[str, tuple[str, Constants]] = {
    "transposed": ("ConvTranspose<strides=[2], pads=[1, 0]>(q, wq)", {"w": (2, 3, 3)}),
    "dilated": ("Conv<dilations=[3]>(q, wq)", {"w": (2, 2, 2)}),
    "interpolated": ('Resize<mode="linear">(q, , n)', {"n": [1.0, 1.0, 2.0]}),
    "rounded up": ("MaxPool<kernel_shape=[3], strides=[2], ceil_mode=1>(q)", {}),
    "mean, rounded up": ("AveragePool<kernel_shape=[3], strides=[2], ceil_mode=1>(q)", {}),
    "largest": ("GlobalMaxPool(q)", {}),
    "mean": ("GlobalAveragePool(q)", {}),
    "leaky": ("LeakyRelu<alpha=0.1>(q)", {}),
    "leaky by channel": ("PRelu(q, p)", {"p": [[0.1], [0.3]]}),
    "hard swish": ("HardSwish(q)", {}),
    "gelu": ("Gelu(q)", {}),
}


def agrees(layer: str, constants: Constants, shape: list[object]) -> None:
    front = f"q = {QUANT}(x, s, z, b); "
    lines = front + (WEIGHT if "w" in constants else "m = ") + layer + f"; y = {QUANT}(m, t, z, b)"
    model = model_of_lines(lines, shape, SCALES | constants, 20)
    network = network_from_model(model)
    x = np.random.default_rng(0).normal(0, 5, (60, *shape[1:])).astype(np.float32)  # type: ignore[arg-type]
    codes = network.evaluate(network.host_input.encode(x, network.input.format))
    difference = np.abs(network.host_output.scores(codes, network.output.format) - run_onnx(model, x))
    assert (difference > 1e-4).mean() < EDGES and len(np.unique(codes)) > 8


@pytest.mark.parametrize("name", ROWS)
def test_rows(name: str) -> None:
    agrees(*ROWS[name], ["N", 4])


@pytest.mark.parametrize("name", SIGNALS)
def test_signals(name: str) -> None:
    agrees(*SIGNALS[name], ["N", 2, 8])


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        ("MatMul(wq, q)", r"MatMul \(in 'm'\) is not supported in this form; it is read so: two axes, the second"),
        ("Gemm(wq, q)", "its weights stand first and would mix samples of the batch; write x @ w, the weights second"),
        ("Gemm<transA=1>(q, wq)", "attribute transA = 1 is not handled; only 0 is"),
    ],
)
def test_orientations_that_mix_samples_are_refused(layer: str, sentence: str) -> None:
    lines = f"q = {QUANT}(x, s, z, b); {WEIGHT}{layer}; y = {QUANT}(m, t, z, b)"
    with pytest.raises(InputError, match=sentence):
        network_from_model(model_of_lines(lines, [4, 4], SCALES | {"w": (4, 4)}, 20))


def test_a_dilation_beyond_the_image_is_refused() -> None:
    lines = f"q = {QUANT}(x, s, z, b); {WEIGHT}Conv<dilations=[7, 7]>(q, wq); y = {QUANT}(m, t, z, b)"
    with pytest.raises(
        InputError, match=r"a kernel of \(15, 15\) does not fit the padded image of \(6, 6\); shrink it"
    ):
        network_from_model(model_of_lines(lines, ["N", 2, 6, 6], SCALES | {"w": (2, 2, 3, 3)}, 20))
