"""Pads below 0: one sentence that says what would do, whatever pads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import onnx
from float_nets import FloatNet
from onnx import numpy_helper
from shiftwire.errors import InputError
from shiftwire.onnx.importer import import_onnx


@pytest.mark.parametrize("kind", ["constant", "edge", "MaxPool"])
def test_the_mend_is_told(kind: str, tmp_path: Path) -> None:
    net = FloatNet((3, 8, 8), seed=2)
    numbers = [net.constant(name, np.array(value)) for name, value in (("s", 0.125), ("z", 0.0), ("b", 8.0))]
    net.node("Quant", "q", *numbers, domain="qonnx.custom_op.general", signed=1, narrow=0, rounding_mode="ROUND")
    if kind == "MaxPool":
        net.node(kind, "p", kernel_shape=[2, 2], pads=[-1, 0, 0, 0], strides=[2, 2])
    else:
        net.node("Pad", "p", "pads", mode=kind)
    model = net.model()
    model.graph.initializer.append(numpy_helper.from_array(np.array([0, 0, -1, 0, 0, 0, 0, 0]), "pads"))
    onnx.save(model, tmp_path / "model.onnx")
    told = r"pads of \(-1, 0\) in front and \(0, 0\) behind take pixels away, wanted 0 or more; put a Slice in front"
    with pytest.raises(InputError, match=told):
        import_onnx(tmp_path / "model.onnx")
