"""What a project keeps of the host's ends: a project read back does with values what the network did."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest

import onnx
from foreign_files import File
from integer_files import T
from shiftwire import api
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.runtime import run_onnx
from shiftwire.project.codec import _CLASSES, ArrayFolder, decode, encode
from shiftwire.project.project import load_project
from shiftwire.schedule.design import Target


def integer_input() -> onnx.ModelProto:
    """uint8 codes with a zero point, which no quantizer of the file made."""
    rng = np.random.default_rng(1)
    file = File((1, 5, 5))
    weights = rng.integers(-90, 90, (4, 1, 3, 3)).astype(np.int8)
    summed = file.add("ConvInteger", "x", weights, np.uint8(121))
    scaled = file.add("Mul", file.add("Cast", summed, to=T.FLOAT), 0.001)
    file.add("QuantizeLinear", scaled, 0.04, np.uint8(0), out="y")
    model = file.model()
    model.graph.input[0].type.tensor_type.elem_type = T.UINT8
    model.graph.output[0].type.tensor_type.elem_type = T.UINT8
    return model


def test_an_integer_input_comes_back(tmp_path: Path) -> None:
    """Codes of the file's own run, by a project that was written and read."""
    onnx.save(integer_input(), tmp_path / "net.onnx")
    network = api.load_network(tmp_path / "net.onnx")
    assert network.host_input.entry is not None
    project = api.convert(network, "pynq-z2", tmp_path / "project", target=Target(fps=1000))
    kept = load_project(project.path).design.network
    x = np.random.default_rng(2).integers(0, 256, (40, 1, 5, 5)).astype(np.uint8)
    codes = kept.evaluate(kept.host_input.encode(x, kept.input.format))
    made = kept.host_output.decode(codes, kept.output.format)
    assert np.array_equal(made, run_onnx(tmp_path / "net.onnx", x)) and len(np.unique(made)) > 20


def test_every_text_has_a_type_that_reads_it(tmp_path: Path) -> None:
    """Fields that are formats or words, also those that may be None, come back as they were."""
    seen = 0
    for kind in _CLASSES.values():
        for name, hint in get_type_hints(kind).items():
            for one in get_args(hint) or (hint,):
                is_word = isinstance(one, type) and issubclass(one, enum.Enum)
                values = [Fixed(7, 3, signed=True)] if one is Fixed else list(one) if is_word else []
                for value in values:
                    arrays = ArrayFolder(tmp_path)
                    assert decode(encode(value, arrays), arrays, hint) == value, (kind, name)
                    seen += 1
    assert seen > 10


@pytest.mark.parametrize("text", ["entry", "u8.4"])
def test_a_text_of_no_such_type_stays_one(text: str, tmp_path: Path) -> None:
    assert decode(text, ArrayFolder(tmp_path), str) == decode(text, ArrayFolder(tmp_path)) == text
