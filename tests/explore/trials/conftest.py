"""A small float network whose trials take no time, explored in one process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from float_nets import FloatNet
from shiftwire.cli import main
from shiftwire.explore.trials import sensitivity
from trials_bench import FAST, FEW, TRIALS


@pytest.fixture(scope="module", autouse=True)
def few_choices() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sensitivity, "SCHEMES", FEW)
        patch.setattr(sensitivity, "BITS", ("4", "8"))
        patch.setattr(sensitivity, "INPUT_BITS", ("8",))
        yield


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A float network, samples, and labels that it answers nearly always."""
    folder = tmp_path_factory.mktemp("trials")
    net = FloatNet((2, 6, 6), seed=4).conv("c1", 4, 2).node("Relu", "r1").conv("c2", 6, 4, strides=[2, 2])
    net.node("Relu", "r2").node("Flatten", "f", axis=1).dense("logits", 4, 54)
    path, x = net.save(folder), net.samples(200)
    outputs = api_outputs(path, x)
    y = outputs.argmax(axis=1)
    y[::17] = (y[::17] + 1) % 4
    np.savez(folder / "x.npz", x=x, y=y)
    return folder


def api_outputs(path: Path, x: np.ndarray) -> np.ndarray:
    return onnxruntime.InferenceSession(str(path)).run(None, {"x": x})[0]


@pytest.fixture(scope="module")
def front(work: Path) -> Path:
    """One search in one process."""
    output = work / "one" / "front.json"
    asked = [
        "--calibrate",
        work / "x.npz",
        "--samples",
        24,
        *FAST,
        "--trials",
        TRIALS,
        "--html",
        work / "one" / "f.html",
    ]
    asked += ["--csv", work / "one" / "f.csv", "-o", output]
    assert main([*map(str, ("explore", work / "float.onnx", *asked))]) == 0
    return output


@pytest.fixture(scope="module")
def every(work: Path) -> dict[str, Any]:
    """All candidates tried in one process."""
    output = work / "every" / "front.json"
    asked = ["--calibrate", work / "x.npz", "--samples", 24, *FAST, "--trials", 1000, "-o", output]
    assert main([*map(str, ("explore", work / "float.onnx", *asked))]) == 0
    data: dict[str, Any] = json.loads(output.read_text())
    return data
