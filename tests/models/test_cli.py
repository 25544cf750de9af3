"""The command shiftwire-train, as a user meets it."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from shiftwire_models.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("digits")
    assert main(["train", "--net", "digits-mlp", "--epochs", "3", "-o", str(where)]) == 0
    return where


@pytest.mark.whole
def test_train_and_export_write_a_file_that_says_what_torch_says(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data, expected = (tmp_path / name for name in ("m.onnx", "test.npz", "torch.npz"))
    code = main(["export", str(folder), "-o", str(model), "--data-out", str(data), "--expect", str(expected), "--json"])
    assert code == 0
    assert json.loads(capsys.readouterr().out)["net"] == "digits-mlp"
    test = np.load(data)
    assert (test["x"].shape, test["x"].dtype, test["y"].shape) == ((360, 1, 8, 8), np.float32, (360,))
    (y,) = onnxruntime.InferenceSession(model).run(None, {"x": test["x"]})
    assert np.array_equal(y, np.load(expected)["logits"])
    assert (y.argmax(1) == test["y"]).mean() > 0.8
    assert len(np.unique(y)) > 300


def test_train_reports_plain_lines_off_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--net", "digits-mlp", "--epochs", "2", "-o", str(tmp_path), "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err.splitlines()[-1].startswith("epoch 2/2  loss ")
    report = json.loads(captured.out)
    assert (report["epochs"], report["written"]) == (2, str(tmp_path))


def test_nets_lists_every_net_with_its_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nets"]) == 0
    assert "digits-shiftadd 6,424 weights, 55,456 operations" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--net", "resnet", "-o", "x"], "no net is called 'resnet'; take one of digits-shiftadd, "),
        (["train", "--net", "jets-mlp", "-o", "x"], "jets-mlp reads (16,), and the data holds (1, 8, 8)"),
        (["train", "--net", "digits-mlp", "--data", "cifar", "-o", "x"], "no data set is called 'cifar'; take one of "),
        (["train", "--net", "digits-mlp", "--pictures", "0", "-o", "x"], "training on 0 pictures teaches nothing"),
        (
            ["import-addernet", "nothing.pth", "-o", "m.onnx"],
            "import-addernet is part of adopt; shiftwire-train",
        ),
        (
            ["adopt", "no.pth", "--as", "adder", "--net", "resnet20", "-o", "m.onnx"],
            "found no file no.pth; name a ",
        ),
        (
            ["adopt", "no.pth", "--as", "bnn", "--net", "resnet20", "-o", "m.onnx"],
            "no family is called 'bnn'; take",
        ),
        (["train", "--net", "digits-mlp", "--epochs", "0", "-o", "x"], "training for 0 epochs does nothing"),
        (["export", "nowhere", "-o", "m.onnx"], "nowhere holds no weights.safetensors; make one with: shiftwire-train"),
    ],
)
def test_mistakes_get_one_sentence_and_code_2(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["train", "export", "finetune", "zoo", "adopt", "nets"])
def test_help_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    assert f"example: shiftwire-train {command}" in capsys.readouterr().out


def test_an_output_that_cannot_be_written_is_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "file").write_text("")
    assert main(["export", str(folder), "-o", str(folder / "file" / "m.onnx")]) == 2
    assert "Traceback" not in capsys.readouterr().err
