"""Files of Brevitas's exporters, QONNX and QCDQ, converted as they come: the codes are those of the file's own run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("brevitas.nn", reason="brevitas is not installed; pip install 'shiftwire[dev]'")
pytest.importorskip("onnxoptimizer", reason="brevitas exports QONNX through onnxoptimizer; install it")
onnx_exec = pytest.importorskip("qonnx.core.onnx_exec", reason="qonnx is not installed; pip install 'shiftwire[dev]'")

from qonnx.core.modelwrapper import ModelWrapper  # noqa: E402
from qonnx.transformation.infer_shapes import InferShapes  # noqa: E402

from brevitas_nets import KINDS, NETS, SAMPLES, exported  # noqa: E402
from rounding_ties import held  # noqa: E402
from shiftwire.api import load_network  # noqa: E402
from tiers import some  # noqa: E402

FILES = [(net, kind) for net in NETS for kind in KINDS if kind != "po2" or net in ("mlp", "cnn")]
"""Fourteen in either format, by the older exporter of torch; tests/onnx/test_brevitas.py takes the newer one."""


def values(net: str) -> np.ndarray:
    """As many samples as the files are exported for, some beyond what the scales were settled on."""
    shape = NETS[net][1]
    spans = np.resize([0.25, 1, 3, 12], SAMPLES).reshape(-1, *[1] * len(shape))
    return (np.random.default_rng(0).normal(size=(SAMPLES, *shape)) * spans).astype(np.float32)


@pytest.mark.parametrize(("net", "kind"), some(FILES, ("mlp", "shifted"), ("cnn", "channel")))
def test_qonnx(net: str, kind: str, tmp_path: Path, count: Any) -> None:
    """Besides onnxruntime, qonnx's own execution says what the file means."""
    x, path = values(net), tmp_path / "net.onnx"
    wrapper = ModelWrapper(exported(net, kind, path, qcdq=False)).transform(InferShapes())
    held(path, x, "brevitas_qonnx", count)
    network = load_network(path)
    expected = onnx_exec.execute_onnx(wrapper, {wrapper.graph.input[0].name: x})[wrapper.graph.output[0].name]
    made = network.host_output.decode(network.evaluate(network.host_input.encode(x, network.input.format)),
                                      network.output.format)  # fmt: skip
    assert np.array_equal(made.astype(np.float32), expected)


@pytest.mark.parametrize(("net", "kind"), some(FILES, ("mlp", "po2"), ("residual", "float")))
def test_qcdq(net: str, kind: str, tmp_path: Path, count: Any) -> None:
    path = tmp_path / "net.onnx"
    model = exported(net, kind, path, qcdq=True)
    assert {node.op_type for node in model.graph.node} >= {"QuantizeLinear", "DequantizeLinear"}
    fewer = min(KINDS[kind]["bits"], KINDS[kind]["act_bits"]) < 8
    assert not fewer or "Clip" in {node.op_type for node in model.graph.node}
    held(path, values(net), "brevitas_qcdq", count)
