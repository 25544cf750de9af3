"""Places of an axis, single pixels over an image, curves spelled out in float files: the exact file in onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from float_texts import is_repeated
from moving_nets import NETS, samples
from shiftwire.quantize.float_run import Samples
from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import quantize_model
from static_quantization import exported
from tiers import some

NAMES = [name for name in NETS if name.startswith(("part", "copy", "curve"))]
KEPT = (
    *("part: the last", "part: a channel, flat", "copy: linear", "copy: cubic", "copy: expanded", "copy: of a signal"),
    *("curve: hard shrink", "curve: masked", "curve: log sigmoid"),
)


@pytest.mark.parametrize("name", some(NAMES, *KEPT))
def test_a_float_net_of_torch(name: str, tmp_path: Path, count: Any) -> None:
    """Every number of the exact file, and the float net's own within what eight bits cost, more where a curve leaps."""
    torch.manual_seed(sum(map(ord, name)))
    x = samples(name)
    path = exported(NETS[name][0]().eval(), x, tmp_path / "net.onnx")
    made = quantize_model(path, Samples(x), Options(), lambda *_: None)
    assert made.report.answers.error.relative_error < (0.12 if name.startswith("curve") else 0.05)
    count(repeated_outputs=is_repeated(made, {"x": x.shape[1:]}))
