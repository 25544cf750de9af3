"""The command line on networks of several inputs and outputs: names, figures of each, a sentence for a mistake."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import onnx
from heads_nets import small_agent, small_samples
from shiftwire.onnx.exporter import to_onnx
from verbs import run_verb


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several")
    onnx.save(to_onnx(small_agent()), folder / "agent.onnx")
    labels = {"act/policy": np.arange(9) % 3, "active": np.full((9, 4), 0.25)}
    np.savez(folder / "x.npz", **small_samples(), **labels)
    return folder


def test_convert_and_every_engine(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run_verb(capsys, "convert", work / "agent.onnx", "-o", work / "agent")
    assert status == 0
    ends = "from 'image' s8.4[2x2x2], 'vector' u6.3[2] to 'act/policy' s"
    assert ends in out and "[3], 'active' u" in out
    status, out, _ = run_verb(capsys, "convert", work / "agent.onnx", "-o", work / "agent", "--json")
    assert [end["name"] for end in json.loads(out)["outputs"]] == ["act/policy", "active"]
    status, out, _ = run_verb(capsys, "csim", work / "agent", "--data", work / "x.npz", "--native")
    assert status == 0 and " 0 of " in out
    assert "act/policy: accuracy: " in out and "active: against the labels: rms error" in out
    engines = ("--engines", "reference,onnxruntime,native")
    status, out, _ = run_verb(
        capsys, "verify", work / "agent", "--data", work / "x.npz", "--onnx", work / "agent.onnx", *engines
    )
    assert status == 0 and "verify: 9 samples, 3 pairs, 0 of" in out


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"image": small_samples()["image"]}, "and none for the input 'vector'; give 'image', 'vector' (in "),
        ({**small_samples(), "z": np.zeros(9)}, "found an array 'z', which is no input; give 'image', 'vector' (in "),
    ],
)
def test_one_sentence(
    work: Path, arrays: dict[str, np.ndarray], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_verb(capsys, "convert", work / "agent.onnx", "-o", tmp_path / "agent", "--backend", "rtl")
    np.savez(tmp_path / "x.npz", **arrays)
    for verb in ("csim", "cosim", "verify"):
        status, _, err = run_verb(capsys, verb, tmp_path / "agent", "--data", tmp_path / "x.npz")
        assert status == 2 and words in err.splitlines()[-1], verb


def test_formats_of_inputs_by_their_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (
        '<ir_version: 8, opset_import: ["" : 17]> g (float[N,3] a, float[N,3] b) => (float[N,3] y) { y = Add(a, b) }'
    )
    onnx.save(onnx.parser.parse_model(lines), tmp_path / "sum.onnx")
    convert = ("convert", tmp_path / "sum.onnx", "-o", tmp_path / "sum", "--input-format")
    status, out, err = run_verb(capsys, *convert, "a=u4.1,b=s6.3")
    assert status == 0 and "from 'a' u4.1[3], 'b' s6.3[3] to" in out
    assert "the host rounds the input 'b' to s6.3; the file itself rounds nothing there" in err
    status, _, err = run_verb(capsys, *convert, "a=u4.1,c=s6.3")
    assert status == 2 and "found a format for 'c', wanted one for 'a', 'b'; name inputs as the file does" in err
    with pytest.raises(SystemExit):
        run_verb(capsys, *convert, "a=u4.1,a=s6.3")
    assert "found 'a=s6.3', wanted NAME=FORMAT once an input, such as image=u8.0" in capsys.readouterr().err
