"""The command line as a user meets it: results, exit codes, and one sentence for every mistake."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import onnx
from projects import small_net
from shiftwire.cli import main
from shiftwire.ir.host import channels_first
from shiftwire.ir.network import Network
from shiftwire.onnx.exporter import to_onnx
from shiftwire.project.project import load_project
from single_layers import single_layers
from verbs import run_verb


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small.onnx, its project and a data file."""
    folder = tmp_path_factory.mktemp("cli")
    network = small_net()
    onnx.save(to_onnx(network), folder / "small.onnx")
    assert main(["convert", str(folder / "small.onnx"), "-o", str(folder / "project")]) == 0
    values = channels_first(network.input.format.decode(codes(network)))
    np.savez(folder / "data.npz", x=values.astype(np.float32), y=network.evaluate(codes(network)).argmax(1))
    return folder


def codes(network: Network) -> np.ndarray:
    lo, hi = network.input.format.lo, network.input.format.hi
    return np.random.default_rng(0).integers(lo, hi + 1, (40, *network.input.shape))


def test_csim_passes_and_counts(work: Path, capsys, tmp_path: Path) -> None:
    arguments = ("csim", work / "project", "--data", work / "data.npz")
    status, out, _ = run_verb(capsys, *arguments, "--json", "--junit", tmp_path / "deep/out.xml")
    report = json.loads(out)
    assert status == 0
    assert (report["engine"], report["samples"]) == ("csim", 40)
    assert report["seconds_compile"] >= 0 and report["samples_per_second"] > 0
    assert [layer["name"] for layer in report["layers"]] == ["conv", "relu", "logits"]
    for layer in report["layers"]:
        assert layer["compared"] == 40 * small_net().tensors[layer["name"]].size
        assert layer["different"] == 0 and layer["live"] > 0
    suite = ET.parse(tmp_path / "deep/out.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("3", "0")
    status, out, _ = run_verb(capsys, *arguments, "--layers")
    assert "0 of 7320 codes differ" in out and "logits" in out


def test_csim_explains_the_first_difference(work: Path, capsys, tmp_path: Path) -> None:
    """A sign flipped in the generated weights: exit 1, and the output it broke with its inputs and weights."""
    project = tmp_path / "project"
    shutil.copytree(work / "project", project)
    (file,) = (project / "hls/firmware/weights").glob("conv*_weight.txt")
    weights = [int(float(word)) for word in file.read_text().split(",")]
    at = next(at for at, code in enumerate(weights) if code)
    weights[at] ^= 1
    file.write_text(",".join(map(str, weights)))
    status, out, _ = run_verb(
        capsys, "csim", project, "--data", work / "data.npz", "--json", "--junit", tmp_path / "o.xml"
    )
    report = json.loads(out)
    assert status == 1
    difference = report["first_difference"]
    assert (difference["layer"], difference["kind"]) == ("conv", "ShiftConv")
    names = [name for name, _ in difference["witness"]]
    assert names == ["inputs", "weights", "bias"]
    network = small_net()
    sample, index = difference["sample"], tuple(difference["index"])
    assert network.evaluate_layers(codes(network))["conv"][(sample, *index)] == difference["expected"]
    assert difference["expected"] != difference["actual"]
    suite = ET.parse(tmp_path / "o.xml").getroot()
    assert int(suite.get("failures", 0)) >= 1
    assert "expected code" in suite.find("testcase/failure").text  # type: ignore[union-attr]
    status, out, _ = run_verb(capsys, "csim", project, "--data", work / "data.npz")
    assert status == 1
    assert f"expected code {difference['expected']}, found {difference['actual']}; inputs [" in out


def test_csim_warns_of_a_vacuous_comparison(work: Path, capsys, tmp_path: Path) -> None:
    np.save(tmp_path / "zeros.npy", np.zeros((5, 4, 6, 5), np.float32))
    status, _, err = run_verb(capsys, "csim", work / "project", "--data", tmp_path / "zeros.npy")
    assert status == 0
    assert "no output of layer 'logits' varies over these samples, so its agreement proves nothing" in err


def test_verify_sets_engines_side_by_side(work: Path, capsys, tmp_path: Path) -> None:
    network = small_net()
    outputs = network.output.format.decode(network.evaluate(codes(network)))
    np.savez(tmp_path / "torch.npz", logits=outputs)
    arguments = ("verify", work / "project", "--data", work / "data.npz", "--onnx", work / "small.onnx")
    status, out, _ = run_verb(capsys, *arguments, "--expect", f"torch={tmp_path / 'torch.npz'}", "--json")
    report = json.loads(out)
    assert status == 0
    assert [engine["engine"] for engine in report["engines"]] == ["reference", "torch", "onnxruntime", "csim"]
    assert all(engine["different"] == 0 and engine["accuracy"] == 100 for engine in report["engines"])
    assert all(engine["compared"] >= 120 for engine in report["engines"][1:])
    np.savez(tmp_path / "torch.npz", logits=outputs + 1)
    status, out, _ = run_verb(capsys, *arguments, "--expect", f"torch={tmp_path / 'torch.npz'}")
    assert status == 1
    assert "120 of" in out
    np.save(tmp_path / "torch.npy", outputs)
    wrong = np.load(work / "data.npz")
    np.savez(tmp_path / "half.npz", x=wrong["x"], y=np.where(np.arange(40) < 10, 0, wrong["y"]))
    right = 100 * np.mean(np.where(np.arange(40) < 10, 0, wrong["y"]) == wrong["y"])
    arguments = ("verify", work / "project", "--data", tmp_path / "half.npz")
    status, out, _ = run_verb(capsys, *arguments, "--expect", f"torch={tmp_path / 'torch.npy'}", "--json")
    assert status == 0
    assert all(engine["accuracy"] == right < 100 for engine in json.loads(out)["engines"])


def test_inspect_shows_the_same_for_model_and_project(work: Path, capsys) -> None:
    status, out, _ = run_verb(capsys, "inspect", work / "small.onnx", "--json")
    assert status == 0
    model = json.loads(out)
    project = json.loads(run_verb(capsys, "inspect", work / "project", "--json")[1])
    assert model["layers"] == project["layers"]
    conv = project["built"]["layers"][0]
    assert conv["name"] == "conv" and conv["units"].startswith("window mvu")
    slowest = max(layer["cycles"] for layer in project["built"]["layers"])
    assert slowest == project["built"]["modelled"]["interval_cycles"]
    conv = model["layers"][1]
    assert (conv["kind"], conv["shape"]) == ("ShiftConv", [3, 5, 6])
    assert conv["operations"]["multiplies"] == 0
    dense = model["layers"][4]
    assert dense["operations"]["multiplies"] == 3 * 90
    assert "per inference:" in run_verb(capsys, "inspect", work / "project")[1]


def save(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)
    return path


DATA_MISTAKES = {
    "shape": ({"x": np.zeros((3, 6, 5, 4))}, r"'x' has shape \(3, 6, 5, 4\), wanted \(N, 4, 6, 5\) as in the model"),
    "type": ({"x": np.array([["a"]])}, "'x' has type <U1, wanted numbers"),
    "objects": ({"x": np.array([None, {}], object)}, "no .npz or .npy file of plain numbers"),
    "off the grid": ({"x": np.full((1, 4, 6, 5), 0.01)}, "values such as 0.01 are not codes of s8.4"),
    "nan": ({"x": np.full((1, 4, 6, 5), np.nan)}, "NaN or infinite values, or beyond float32; remove them"),
    "no x": ({"images": np.zeros(3)}, "found the arrays images, wanted 'x'"),
    "no samples": ({"x": np.zeros((0, 4, 6, 5))}, "'x' holds no samples"),
    "labels": ({"x": np.zeros((2, 4, 6, 5)), "y": np.zeros(3)}, "labels 'y' of shape"),
}


@pytest.mark.parametrize("case", DATA_MISTAKES)
def test_data_mistakes(case: str, work: Path, capsys, tmp_path: Path) -> None:
    arrays, words = DATA_MISTAKES[case]
    path = save(tmp_path / "wrong.npz", **arrays)
    status, out, err = run_verb(capsys, "csim", work / "project", "--data", path)
    assert (status, out) == (2, "")
    assert_one_sentence(err, words)
    assert "wrong.npz" in err


def test_other_mistakes(work: Path, capsys, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "empty.onnx").write_bytes(b"")
    (tmp_path / "text.npz").write_text("no numbers")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("keep")
    small, other = work / "small.onnx", tmp_path / "other.onnx"
    onnx.save(to_onnx(single_layers()["shift_dense"]), other)
    cases: list[tuple[Sequence[object], str]] = [
        (("convert", tmp_path / "none.onnx"), "found no file"),
        (("convert", tmp_path / "empty.onnx"), "is empty; export the model again"),
        (("convert", small, "--board", "zcu14", "-o", tmp_path / "p"), "no board 'zcu14'; did you mean 'zcu104'"),
        (("convert", small, "-o", mine), "exists and is no shiftwire project"),
        (("csim", tmp_path, "--data", work / "data.npz"), "found no design.json"),
        (("csim", work / "project", "--data", tmp_path / "text.npz"), "no .npz or .npy file of plain numbers"),
        (("csim", work / "project", "--data", tmp_path / "none.npz"), "found no file"),
        (("verify", work / "project", "--data", work / "data.npz", "--expect", "torch"), "write --expect torch=out"),
        (("inspect", tmp_path / "none.onnx"), "found no file"),
        (("convert", small, "--clock-ns", "0", "-o", tmp_path / "p"), "a clock period of 0.0 ns makes no clock"),
        (("verify", work / "project", "--data", work / "data.npz", "--onnx", tmp_path / "none.onnx"), "found no file"),
        (("verify", work / "project", "--data", work / "data.npz", "--onnx", other), "name the model that the project"),
    ]
    for argv, words in cases:
        status, _, err = run_verb(capsys, *argv)
        assert status == 2, argv
        assert_one_sentence(err, words)
    assert (mine / "notes.txt").read_text() == "keep"
    monkeypatch.setenv("CXX", "no-such-compiler")
    status, _, err = run_verb(capsys, "csim", work / "project", "--data", work / "data.npz")
    assert status == 3
    assert_one_sentence(err, r"found no 'no-such-compiler' on PATH, which is needed to C-simulate; install it")


def assert_one_sentence(err: str, words: str) -> None:
    assert "Traceback" not in err
    lines = [line for line in err.splitlines() if line.startswith("shiftwire ")]
    assert len(lines) == 1, err
    assert re.search(words, lines[0]), lines[0]


@pytest.mark.parametrize("verb", ["convert", "csim", "cosim", "synth", "report", "inspect", "verify", "doctor", "demo"])
def test_help_has_an_example(verb: str, capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([verb, "--help"])
    assert stopped.value.code == 0
    assert f"example: shiftwire {verb}" in capsys.readouterr().out


def test_as_a_program(work: Path) -> None:
    """The installed entry point; a traceback only with --debug."""
    command = [sys.executable, "-c", "import sys; from shiftwire.cli import main; sys.exit(main())"]
    broken = [*command, "inspect", str(work / "none.onnx")]
    done = subprocess.run(broken, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("shiftwire inspect: found no file")
    debug = subprocess.run([*broken, "--debug"], capture_output=True, text=True, check=False)
    assert "Traceback" in debug.stderr and debug.returncode == 2
    assert debug.stderr.splitlines()[-1].startswith("shiftwire inspect: found no file")


def test_convert_folds_to_a_target(work: Path, capsys, tmp_path: Path) -> None:
    arguments = ("convert", work / "small.onnx", "-o", tmp_path / "project", "--json")
    status, out, _ = run_verb(capsys, *arguments, "--fps", 100000, "--fold", "conv=2,4")
    built = json.loads(out)["modelled"]
    assert status == 0 and built["frames_per_second"] >= 100000
    layers = json.loads(run_verb(capsys, "inspect", tmp_path / "project", "--json")[1])["built"]["layers"]
    assert (layers[0]["pe"], layers[0]["simd"]) == (2, 4)
    small, large = (json.loads(run_verb(capsys, *arguments, "--luts", share)[1])["modelled"] for share in ("3%", "60"))
    assert small["lut"] < large["lut"] and small["interval_cycles"] > large["interval_cycles"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--fps", 1e9), "no fold reaches 1e+09 frames a second"),
        (("--luts", "0.01%"), "no fold fits 0.01 % of TUL PYNQ-Z2"),
        (("--fold", "conv=5,4"), "a fold of PE 5 and SIMD 4 does not divide layer 'conv'"),
        (("--fold", "cnv=1,1"), "found a fold for 'cnv', which is no layer"),
    ],
)
def test_targets_that_cannot_be_met(work: Path, capsys, tmp_path: Path, words: Sequence[object], sentence: str) -> None:
    status, out, err = run_verb(capsys, "convert", work / "small.onnx", "-o", tmp_path / "project", *words)
    assert status == 2 and not out and not (tmp_path / "project").exists()
    assert sentence in err


@pytest.mark.parametrize("engine", ["native", "bounded"])
def test_csim_on_lanes(work: Path, capsys, engine: str) -> None:
    arguments = ("csim", work / "project", "--data", work / "data.npz", f"--{engine}")
    report = json.loads(run_verb(capsys, *arguments, "--json", "--check", 20)[1])
    assert (report["engine"], report["samples"]) == (engine, 40)
    assert report["checked"] == (20 if engine == "native" else 40)
    assert all(layer["different"] == 0 and layer["live"] for layer in report["layers"])
    status, out, _ = run_verb(capsys, *arguments)
    assert status == 0 and "accuracy: 100.00 %" in out
    counted = {"bounded": load_project(work / "project").design.timing.interval}.get(engine)
    assert report.get("interval_cycles") == counted
    assert (f"slowest unit of the C++: {counted} iterations a frame, counted" in out) is (engine == "bounded")


def test_labels_of_another_numbering_are_refused(work: Path, capsys, tmp_path: Path) -> None:
    data = np.load(work / "data.npz")
    np.savez(tmp_path / "labels.npz", x=data["x"], y=data["y"] + 70)
    status, _, err = run_verb(capsys, "csim", work / "project", "--data", tmp_path / "labels.npz")
    assert status == 2 and "the network answers 0 to 2; number the classes as the model does" in err


def test_two_folds_of_one_layer_are_refused(work: Path, capsys, tmp_path: Path) -> None:
    words = ("--fold", "conv=1,1", "--fold", "conv=2,1")
    status, _, err = run_verb(capsys, "convert", work / "small.onnx", "-o", tmp_path / "project", *words)
    assert status == 2 and "found two folds for 'conv'; give one" in err


def test_a_method_of_fixed_terms_refuses_to_be_given_some(work: Path, capsys, tmp_path: Path) -> None:
    words = ("--method", "deepshift", "--terms", 3, "-o", tmp_path / "o.onnx")
    status, _, err = run_verb(capsys, "quantize", work / "small.onnx", "--calibrate", work / "data.npz", *words)
    assert status == 2 and "--method deepshift fixes how many terms a weight has, so --terms 3 says nothing" in err


def test_a_check_of_nothing_is_refused(work: Path, capsys) -> None:
    status, _, err = run_verb(capsys, "csim", work / "project", "--data", work / "data.npz", "--native", "--check", 0)
    assert status == 2 and "--check 0 would compare nothing; give at least 1" in err


def test_a_unit_alone(work: Path, capsys, tmp_path: Path) -> None:
    status, out, _ = run_verb(capsys, "unit", work / "project", "relu", "-o", tmp_path / "relu.cpp")
    assert status == 0 and "top function relu" in out
    assert "sw::relu<" in (tmp_path / "relu.cpp").read_text()
    status, _, err = run_verb(capsys, "unit", work / "project", "rel", "-o", tmp_path / "rel.cpp")
    assert status == 2 and "found no unit 'rel'; name one of" in err
    status, _, err = run_verb(capsys, "unit", work / "project", "relu", "-o", tmp_path)
    assert status == 2 and f"Is a directory {tmp_path}; name a file, not a folder" in err
