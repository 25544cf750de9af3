"""Files that ONNX, qonnx and onnxruntime bring for their own tests: read, or refused with a sentence, never a crash."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from shiftwire.errors import InputError
from shiftwire.onnx.importer import import_onnx
from shiftwire.onnx.runtime import run_onnx

FOLDERS = {
    "onnx": ("backend/test/data/simple", "backend/test/data/pytorch-operator", "backend/test/data/pytorch-converted"),
    "onnxruntime": ("datasets",),
    "qonnx": ("data/onnx",),
}
PUBLIC = "data/onnx/bsd300x3-espcn/nn_resize/quant_model.onnx"
"""A super-resolution network of the QONNX model zoo."""


def root(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"{package} is not installed")
    return Path(spec.origin).parent


@pytest.mark.parametrize("package", FOLDERS)
def test_every_file_is_read_or_refused(package: str) -> None:
    files = [path for folder in FOLDERS[package] for path in sorted((root(package) / folder).rglob("*.onnx"))]
    if not files:
        pytest.skip(f"this {package} brings no files")
    for path in files:
        try:
            import_onnx(path)
        except InputError as refusal:
            assert len(str(refusal)) > 20, path


def test_a_network_of_the_public_zoo_equals_its_own_run() -> None:
    path = root("qonnx") / PUBLIC
    if not path.exists():
        pytest.skip("this qonnx brings no networks")
    network = import_onnx(path)
    x = np.random.default_rng(0).random((1, *network.host_input.model_shape(network.input.shape)), np.float32)
    codes = network.evaluate(network.host_input.encode(x, network.input.format))
    values, wanted = network.host_output.decode(codes, network.output.format), run_onnx(path, x)
    off = np.count_nonzero(np.abs(values - wanted) > 1e-5 * np.abs(wanted).max())
    assert len(np.unique(codes)) > 20 and off <= 1e-4 * codes.size, off
