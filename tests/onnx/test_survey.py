"""Nodes whose operations are read, but never so: told before anything else is asked of the user."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import onnx
from foreign_files import File
from shiftwire.errors import InputError
from shiftwire.onnx.importer import import_onnx
from shiftwire.onnx.survey import Fate, survey
from shiftwire.quantize.floats.float_run import Samples
from shiftwire.quantize.handlers import KNOWN
from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import quantize_model


def floats() -> File:
    """Float layers, a quotient of two computed tensors, a bicubic resize, and an activation that nothing handles."""
    rng = np.random.default_rng(0)
    file = File((3, 4, 4))
    c = file.add("Conv", "x", rng.normal(size=(3, 3, 1, 1)).astype(np.float32), out="conv")
    other = file.add("Conv", "x", rng.normal(size=(3, 3, 1, 1)).astype(np.float32))
    gated = file.add("Div", c, file.add("Sigmoid", other), out="gate")
    larger = file.add("Resize", gated, "", np.array([1, 1, 2, 2], np.float32), mode="cubic", out="larger")
    file.add("Sin", larger, out="y")
    return file


def test_every_such_node_is_told_with_its_mend(tmp_path: Path) -> None:
    onnx.save(floats().model(), tmp_path / "net.onnx")
    told = {node.node: (node.fate, node.mend) for node in survey(tmp_path / "net.onnx", KNOWN)}
    assert told["conv"][0] is Fate.QUANTIZE and told["gate"][0] is told["larger"][0] is told["y"][0] is Fate.NOTHING
    assert "only two functions of one tensor" in told["gate"][1] and "resize by nearest or linear" in told["larger"][1]


@pytest.mark.parametrize("verb", ["convert", "quantize"])
def test_neither_verb_sends_to_the_other(verb: str, tmp_path: Path) -> None:
    """All three at once, and no word of quantizing, which would not help."""
    onnx.save(floats().model(), tmp_path / "net.onnx")
    samples = Samples(np.zeros((4, 3, 4, 4), np.float32))
    with pytest.raises(InputError, match="3 operations are not supported: ") as caught:
        if verb == "convert":
            import_onnx(tmp_path / "net.onnx")
        else:
            quantize_model(tmp_path / "net.onnx", samples, Options(), lambda *_: None)
    sentence = caught.value.sentence()
    assert all(f"(in '{name}')" in sentence for name in ("gate", "larger", "y")) and "quantize" not in sentence
