"""Outputs that no layer makes: constants go along, what the host alone makes becomes codes, inputs are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

import onnx
from float_texts import drawn, float_model, is_repeated, quantized_text, samples_of
from shiftwire.errors import InputError
from shiftwire.onnx.importer import network_from_model
from verbs import run_verb

IMAGE = {"x": (3, 6, 6)}
TABLE = np.arange(10, dtype=np.float32).reshape(2, 5) / 7
WEIGHTS = drawn(w=(3, 3, 3, 3)) | {"k": np.float32(0.3), "c": TABLE}
CONSTANTS = {
    "an initialiser in front": ({"c": 2, "y": 4}, "y = Conv(x, w)", {"c": TABLE}),
    "a folded sum behind": ({"y": 4, "d": 2}, "d = Add(c, c); y = Conv(x, w)", {"d": TABLE + TABLE}),
    "a node Constant between": (
        {"y": 4, "d": 1, "z": 2}, "d = Constant<value_floats=[1.5,2.5]>(); y = Conv(x, w); z = Flatten(y)",
        {"d": np.array([1.5, 2.5], np.float32)},
    ),
}  # fmt: skip


def with_shapes(model: onnx.ModelProto, constants: dict[str, np.ndarray]) -> onnx.ModelProto:
    for value in model.graph.output:
        if value.name in constants:
            value.CopyFrom(onnx.helper.make_tensor_value_info(value.name, 1, constants[value.name].shape))
    return model


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_are_outputs_of_the_file_written(name: str, tmp_path: Path, count: Any) -> None:
    """In their place and with their values; convert reads the others."""
    outputs, lines, constants = CONSTANTS[name]
    model = with_shapes(float_model(IMAGE, outputs, lines, WEIGHTS), constants)
    made = quantized_text(model, IMAGE, tmp_path)
    onnx.checker.check_model(made.model, full_check=True)
    session = onnxruntime.InferenceSession(made.model.SerializeToString())
    assert [end.name for end in session.get_outputs()] == list(outputs)
    given = {session.get_inputs()[0].name: samples_of(IMAGE)["x"]}
    values = dict(zip(outputs, session.run(None, given), strict=True))
    for constant, wanted in constants.items():
        assert np.array_equal(values[constant], wanted) and values[constant].dtype == wanted.dtype
    assert len(network_from_model(made.model).outputs) == len(outputs) - len(constants)
    count(repeated_outputs=is_repeated(made, IMAGE))


def test_what_the_host_makes_beside_a_layer_is_an_output_too(tmp_path: Path, count: Any) -> None:
    model = float_model(IMAGE, {"y": 4, "n": 4}, "n = Mul(x, k); y = Conv(n, w)", WEIGHTS)
    made = quantized_text(model, IMAGE, tmp_path)
    assert max(of_head.error.relative_error for of_head in made.report.heads.values()) < 0.02
    count(repeated_outputs=is_repeated(made, IMAGE))


def test_an_input_that_leads_to_an_output_of_its_own(tmp_path: Path, count: Any) -> None:
    """The host alone makes it, and its codes go through."""
    inputs = {"a": (3, 6, 6), "b": (3, 6, 6)}
    made = quantized_text(
        float_model(inputs, {"y": 4, "n": 4}, "n = Mul(a, k); y = Conv(b, w)", WEIGHTS), inputs, tmp_path
    )
    assert max(of_head.error.relative_error for of_head in made.report.heads.values()) < 0.02
    count(repeated_outputs=is_repeated(made, inputs))


REFUSED = {
    "an input": ({"y": 4, "x": 4}, "y = Conv(x, w)", "'x' is an input of the graph and an output as well, which"),
    "constants alone": ({"d": 2}, "d = Add(c, c); y = Conv(x, w)", "every output of the graph is constant; export it"),
    "the host alone": ({"n": 4}, "n = Mul(x, k)", "all of the graph is what the host does to its input; give a"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str, tmp_path: Path) -> None:
    outputs, lines, words = REFUSED[name]
    with pytest.raises(InputError, match=words):
        quantized_text(float_model(IMAGE, outputs, lines, WEIGHTS), IMAGE, tmp_path)


@pytest.mark.parametrize("name", CONSTANTS)
def test_convert_tells_what_it_leaves_out(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Quantize keeps a constant output in the file; a project has no part of it, and convert says so."""
    outputs, lines, constants = CONSTANTS[name]
    model = with_shapes(float_model(IMAGE, outputs, lines, WEIGHTS), constants)
    made = quantized_text(model, IMAGE, tmp_path)
    onnx.save(made.model, tmp_path / "exact.onnx")
    status, _, notes = run_verb(capsys, "convert", tmp_path / "exact.onnx", "-o", tmp_path / "project")
    assert status == 0
    for constant in constants:
        assert f"the graph output '{constant}' is constant and no part of the project; take its values" in notes
    assert notes.count("is constant and") == len(constants)
