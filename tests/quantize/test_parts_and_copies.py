"""Parts, copies, curves spelled out and rows that become images in float files: the exact file in onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from float_texts import is_repeated
from moving_nets import NETS, samples
from shiftwire.ops.flatten import Unflatten
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.quantize.floats.float_run import Samples
from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import quantize_model
from static_quantization import exported
from tiers import some

NAMES = [name for name in NETS if name.startswith(("part", "copy", "curve", "image"))]
KEPT = (
    *("part: the last", "part: a channel, flat", "copy: linear", "copy: cubic", "copy: expanded", "copy: of a signal"),
    *("curve: hard shrink", "curve: masked", "curve: log sigmoid"),
    *("image: a row", "image: normed", "image: another image"),
)


@pytest.mark.parametrize("name", some(NAMES, *KEPT))
def test_a_float_net_of_torch(name: str, tmp_path: Path, count: Any) -> None:
    """Every number of the exact file, and the float net's own within what eight bits cost, more where a curve leaps."""
    torch.manual_seed(sum(map(ord, name)))
    x = samples(name)
    path = exported(NETS[name][0]().eval(), x, tmp_path / "net.onnx")
    made = quantize_model(path, Samples(x), Options(), lambda *_: None)
    assert made.report.answers.error.relative_error < (0.12 if name.startswith("curve") else 0.05)
    piped = run_pipeline(made.network)
    codes = made.network.encode({"x": x})
    assert np.array_equal(piped.evaluate(codes), made.network.evaluate(codes))
    if name in ("image: a row", "image: bent behind", "image: normed"):
        assert not any(isinstance(node.op, Unflatten) for node in piped.nodes)
    count(repeated_outputs=is_repeated(made, {"x": x.shape[1:]}))
