"""A float net as a file with samples, quantized by the verb, and its project in every engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from float_nets import FloatNet
from verbs import run_verb


def written(net: FloatNet, folder: Path) -> Path:
    """float.onnx, forty samples in x.npz, and in few.npz three of them and three extreme ones."""
    net.save(folder)
    samples = net.samples(40)
    np.savez(folder / "x.npz", x=samples)
    extreme = np.stack([samples[0] * 0 + 1e3, samples[0] * 0 - 1e3, np.sign(samples[1]) * 1e3])
    np.savez(folder / "few.npz", x=np.concatenate([samples[:3], extreme]))
    return folder


def quantize(capsys: pytest.CaptureFixture[str], work: Path, *words: object) -> tuple[int, str, str]:
    """exact.onnx of such a folder: status, what was printed, and what was noted."""
    asked = ("--no-trials", "-o", work / "exact.onnx", *words)
    return run_verb(capsys, "quantize", work / "float.onnx", "--calibrate", work / "x.npz", *asked)
