"""shiftwire quantize at the command line: the file, the figures, and one sentence for every mistake."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from float_nets import convolutional
from shiftwire.cli import main
from shiftwire.onnx.importer import import_onnx


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with float.onnx and its samples."""
    folder = tmp_path_factory.mktemp("quantize")
    net = convolutional()
    net.save(folder)
    values = net.samples(40)
    np.savez(folder / "x.npz", x=values)
    np.savez(folder / "xy.npz", x=values, y=np.arange(40) % 5)
    np.save(folder / "y.npy", np.arange(40) % 5)
    np.savez(folder / "short.npz", y=np.arange(39) % 5)
    np.savez(folder / "wide.npz", x=values[:, :, :-1])
    return folder


def quantize(work: Path, *arguments: str, data: str = "x.npz", output: str = "exact.onnx") -> int:
    given = ["quantize", str(work / "float.onnx"), "--calibrate", str(work / data), "-o", str(work / output)]
    return main([*given, *arguments])


def test_the_figures_in_json(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert quantize(work, "--labels", str(work / "y.npy"), "--samples", "20", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["model"] == str(work / "exact.onnx")
    assert found["calibrated"] == 20
    assert found["answers"]["samples"] == 40
    assert found["answers"]["accuracy_float"] is not None
    assert found["answers"]["held_out_agreement"] is not None
    layers = {layer["name"]: layer for layer in found["layers"]}
    assert layers["logits"]["terms_max"] == 3
    assert layers["r1"]["format"].startswith("u8.")
    assert layers["x"]["format"].startswith("s10.")
    assert found["advice"].startswith("the largest cost is in '")
    network = import_onnx(work / "exact.onnx")
    assert network.tensors["r1"].format.bits == 8


def test_a_table_for_people(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert quantize(work, "--error-budget", "0.05", "--act-bits", "9", "--minmax", data="xy.npz") == 0
    said = capsys.readouterr()
    for words in (
        "SQNR dB",
        "answers: ",
        "accuracy: ",
        "points lost",
        "tried on 40 samples, --",
        "next: shiftwire convert",
    ):
        assert words in said.out
    assert "tried on 40 samples, --" in said.out and "trying options: " in said.err
    assert "exact network: 40 of 40" in said.err


def test_few_samples_are_warned_of(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert quantize(work, "--act-bits", "5", "--terms", "1", "--samples", "9", output="small.onnx") == 0
    assert "warning: 9 samples choose formats and biases poorly" in capsys.readouterr().err
    assert main(["inspect", str(work / "small.onnx")]) == 0


def test_a_user_names_a_format(work: Path) -> None:
    assert quantize(work, "--format", "r1=u9.4", "--format", "r2=u7.3") == 0
    network = import_onnx(work / "exact.onnx")
    assert [str(network.tensors[name].format) for name in ("r1", "r2")] == ["u9.4", "u7.3"]


@pytest.mark.parametrize(
    ("arguments", "data", "words"),
    [
        ([], "wide.npz", r"'x' has shape (40, 3, 11, 12), wanted (N, 3, 12, 12) as in the model"),
        ([], "none.npz", "found no file"),
        ([], "short.npz", "found the arrays y, wanted 'x'"),
        (["--labels", "short.npz"], "x.npz", "labels 'y' of shape (39,) and type int64 do not fit 40 samples"),
        (["--labels", "xx.npz"], "x.npz", "found no file"),
        (["--format", "r1"], "x.npz", "'r1' names no tensor; write --format relu1=u8.4"),
        (["--format", "r1=8"], "x.npz", "'8' is no number format"),
        (["--format", "r1=u8.8"], "x.npz", "beyond the format u8.8 asked for"),
        (["--terms", "0"], "x.npz", "0 terms are outside 1..8"),
        (["--percentile", "3"], "x.npz", "a percentile of 3.0 is outside 50..100"),
    ],
)
def test_one_sentence(
    work: Path, arguments: list[str], data: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = [str(work / text) if text.endswith(".npz") else text for text in arguments]
    assert quantize(work, *named, data=data, output="never.onnx") == 2
    assert words in capsys.readouterr().err.splitlines()[-1]
    assert not (work / "never.onnx").exists()


def test_samples_are_never_overwritten(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (work / "x.npz").read_bytes()
    assert quantize(work, output="x.npz") == 2
    assert "x.npz is the calibration file itself; name another file with -o" in capsys.readouterr().err
    assert (work / "x.npz").read_bytes() == before


def test_the_float_file_is_never_overwritten(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (work / "float.onnx").read_bytes()
    assert quantize(work, output="float.onnx") == 2
    assert "is the float model itself; name another file" in capsys.readouterr().err
    assert (work / "float.onnx").read_bytes() == before
