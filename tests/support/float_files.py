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


def mixed_net() -> FloatNet:
    """Layers whose channels are whole blocks, behind a first one and before a last one that are not."""
    net = FloatNet((3, 6, 6), seed=9).conv("c1", 8, 3).norm("n1", 8).node("Relu", "r1")
    net.conv("c2", 8, 8).norm("n2", 8).node("Relu", "r2").conv("point", 12, 8, 1, pads=[0] * 4).node("Relu", "r3")
    net.conv("deep", 12, 1, group=12).node("Relu", "r4").conv("c3", 8, 12, strides=[2, 2]).node("Relu", "r5")
    return net.node("Flatten", "f", axis=1).dense("hidden", 16, 72).node("Relu", "r6").dense("logits", 5, 16)


def same_everywhere(capsys: pytest.CaptureFixture[str], work: Path, target: tuple[str, ...] = ()) -> None:
    """No engine differs in a code of any layer."""
    assert run_verb(capsys, "convert", work / "exact.onnx", "-o", work / "project", *target)[0] == 0
    status, table, error = run_verb(
        capsys, "verify", work / "project", "--data", work / "few.npz", "--onnx", work / "exact.onnx",
        "--engines", "reference,onnxruntime,csim,native,verilator",
    )  # fmt: skip
    assert status == 0 and " 0 of " in table, table + error
    status, said, _ = run_verb(capsys, "csim", work / "project", "--data", work / "x.npz", "--native")
    assert status == 0 and "native: 40 samples, 0 of " in said
