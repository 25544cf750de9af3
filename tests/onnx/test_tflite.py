"""Int8 files of TensorFlow Lite, made ONNX by tf2onnx, against TensorFlow Lite's own interpreter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shiftwire.errors import InputError
from shiftwire.onnx.file import load
from shiftwire.onnx.importer import import_onnx
from shiftwire.onnx.runtime import run_onnx

FOLDER = Path(__file__).parent / "tflite"


@pytest.mark.parametrize("name", ["cnn_io", "cnn_f", "mlp_io", "mlp_f"])
def test_an_int8_network_answers_as_its_own_interpreter(name: str) -> None:
    path = FOLDER / f"{name}.onnx"
    network = import_onnx(path)
    with np.load(path.with_suffix(".npz")) as data:
        x, wanted = data["x"], data["y"].astype(np.float64)
    codes = network.evaluate(network.host_input.encode(x, network.input.format))
    values = network.host_output.decode(codes, network.output.format)
    step = np.diff(np.unique(wanted)).min()
    assert np.abs(values - wanted).max() < 1e-3 * step
    assert np.abs(run_onnx(path, x) - wanted).max() < 1e-3 * step
    assert len(np.unique(codes)) > len(codes) // 2


def test_a_file_of_tensorflow_lite_itself_is_told_how_to_become_onnx(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(b"\x1c\x00\x00\x00TFL3" + bytes(64))
    with pytest.raises(InputError, match="TensorFlow Lite file; make ONNX of it by 'python -m tf2onnx"):
        load(path)
