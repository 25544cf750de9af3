"""A user's own .npz: trained on, exported, exact; and every way in which it is no data set, in one sentence."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from native_values import differing, native_values
from shiftwire_models.checkpoint import CONFIG, load_checkpoint
from shiftwire_models.cli import main
from shiftwire_models.data import OwnData, load_data
from shiftwire_models.data.own import require_channels_first
from shiftwire_models.errors import ModelsError
from tiers import first

RNG = np.random.default_rng(0)


def vectors(count: int, features: int, classes: int) -> dict[str, np.ndarray]:
    """Each class around a centre of its own."""
    centres, y = RNG.normal(size=(classes, features)), RNG.integers(0, classes, count)
    return {"x": (2 * centres[y] + RNG.normal(size=(count, features))).astype(np.float32), "y": y}


def test_vectors_are_trained_on_and_the_file_is_exact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "mine.npz", **vectors(500, 12, 3))
    folder, model, data = tmp_path / "net", tmp_path / "net.onnx", tmp_path / "test.npz"
    arguments = ["--net", "jets-mlp", "--data", str(tmp_path / "mine.npz"), "--epochs", "6"]
    assert main(["train", *arguments, "-o", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["test accuracy"] > 0.8
    assert main(["export", str(folder), "-o", str(model), "--data-out", str(data)]) == 0
    test = np.load(data)
    assert test["x"].shape == (len(test["y"]), 12) and 90 <= len(test["y"]) <= 100
    x = torch.from_numpy(test["x"])
    with torch.no_grad():
        y = load_checkpoint(folder).net(x)
    values = native_values(model, x)
    assert values.shape == (len(x), 3) and differing(values, y) == 0 and len(np.unique(values)) > 100


@pytest.mark.parametrize(
    ("net", "shape"), first(("resnet8", (2, 9, 7)), ("digits-shiftadd", (1, 8, 8)), ("lenet5-float", (1, 28, 28)))
)
def test_pictures_are_trained_on(net: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    x = RNG.integers(0, 256, (40, *shape)).astype(np.uint8)
    np.savez(tmp_path / "mine.npz", x=x[:, 0] if shape[0] == 1 else x, y=np.arange(40) % 4)
    assert (
        main(["train", "--net", net, "--data", str(tmp_path / "mine.npz"), "--epochs", "1", "-o", str(tmp_path / "n")])
        == 0
    )
    net_config = load_checkpoint(tmp_path / "n").config
    assert (net_config.input_shape, net_config.classes) == (shape, 4)
    assert main(["export", str(tmp_path / "n"), "-o", str(tmp_path / "m.onnx")]) == 0


def test_the_split_keeps_a_fifth_of_each_class_and_every_sample() -> None:
    y = np.repeat([0, 1, 2], [50, 10, 25])
    x = np.arange(85, dtype=np.float32).reshape(85, 1)
    path = Path("mine.npz")
    np.savez(path, x=x, y=y[:, None].astype(np.float64))
    data = load_data(OwnData(path))
    assert data.test.y.bincount().tolist() == [10, 2, 5]
    assert sorted(torch.cat([data.train.x, data.test.x]).flatten().tolist()) == x.flatten().tolist()
    assert all(
        int(y[int(value)]) == label
        for value, label in zip(data.test.x[:, 0].tolist(), data.test.y.tolist(), strict=True)
    )


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_lone_array_is_told() -> None:
    np.save("mine.npy", np.zeros((20, 3)))
    with pytest.raises(ModelsError, match=r"mine\.npy holds one array, wanted an \.npz of x and y"):
        load_data(OwnData(Path("mine.npy")))


GOOD = {"x": np.zeros((20, 3), np.float32), "y": np.arange(20) % 4}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y": None}, r"found the arrays x, wanted 'x' and 'y', in mine.npz; np.savez\(path, x=x, y=y\)"),
        ({"y": np.arange(19) % 4}, "found 20 samples and 19 labels in mine.npz; give one label a sample"),
        ({"x": np.full((20, 3), np.nan)}, "found values in x that are NaN or infinite in mine.npz; remove those"),
        ({"x": np.zeros((20, 3), np.int32)}, r"found x of type int32 in mine.npz, wanted uint8 or floats; x.astype"),
        (
            {"x": np.zeros((20, 1, 2, 3, 4))},
            r"found x of shape \(20, 1, 2, 3, 4\) in mine.npz, wanted \(N, C, H, W\), ",
        ),
        ({"x": np.array([{}] * 20)}, "mine.npz is no .npz of plain arrays"),
        (
            {"y": 1 + np.arange(20) % 4},
            r"found 4 classes from 1 to 4 in mine.npz, wanted 0..3; np.unique\(y, return_inv",
        ),
        ({"y": np.arange(20) / 4}, "found labels that are no whole numbers in mine.npz, wanted classes from 0"),
        ({"y": np.eye(4)[np.arange(20) % 4]}, r"found y of shape \(20, 4\) .*, wanted classes \(N,\); y.argmax\(1\)"),
        (
            {"y": np.array(["cat", "dog"] * 10)},
            r"found y of shape \(20,\) and type <U3 in mine.npz, wanted classes \(N,\); np.unique\(y, return_inverse=",
        ),
        ({"x": np.zeros((0, 3)), "y": np.zeros(0)}, r"found no samples: x is of shape \(0, 3\) in mine.npz; give some"),
        ({"y": np.zeros(20, int)}, "found 1 classes in mine.npz, wanted 2 to 4096"),
        ({"y": np.arange(20) % 7 % 6}, "found 3 samples of class 1 in mine.npz, wanted 5 of each at least"),
    ],
)
def test_files_that_teach_no_net(change: dict[str, object], words: str) -> None:
    np.savez("mine.npz", **{name: value for name, value in {**GOOD, **change}.items() if value is not None})
    with pytest.raises(ModelsError, match=words):
        load_data(OwnData(Path("mine.npz")))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 truncated", b"hello"])
def test_damaged_files_and_unfit_ones_are_one_sentence(content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.npz").write_bytes(content)
    assert main(["train", "--net", "jets-mlp", "--data", "mine.npz", "-o", "net"]) == 2
    assert "mine.npz is no .npz of plain arrays, or a truncated one" in capsys.readouterr().err
    for data, words in (
        ("no.npz", "found no file no.npz; name an .npz"),
        ("cifar", "or your own MINE.npz with x and y"),
    ):
        assert main(["train", "--net", "jets-mlp", "--data", data, "-o", "net"]) == 2
        assert words in capsys.readouterr().err
    np.savez("mine.npz", x=np.zeros((20, 8, 8, 1), np.uint8), y=GOOD["y"])
    assert main(["train", "--net", "digits-shift", "--data", "mine.npz", "-o", "net"]) == 2
    words = "found x of shape (N, 8, 8, 1) in mine.npz: the data are channels last, the nets take channels first; tran"
    assert words in capsys.readouterr().err
    assert not Path("net").exists()


@pytest.mark.parametrize(
    ("shape", "is_last"),
    [((9, 9, 3), True), ((9, 7, 1), True), ((12, 8, 4), True), ((3, 9, 3), False), ((5, 3, 3), False)],
)
def test_pictures_of_channels_last_are_not_trained_on(
    shape: tuple[int, ...], is_last: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    x = RNG.normal(size=(20, *shape)).astype(np.float32)
    np.savez("mine.npz", x=x, y=GOOD["y"])
    code = main(["train", "--net", "resnet8", "--data", "mine.npz", "--epochs", "1", "-o", "net"])
    assert code == (2 if is_last else 0) and Path("net").exists() is not is_last
    words = f"found x of shape (N, {str(shape)[1:]} in mine.npz: the data are channels last, the nets take channels fir"
    assert (words in (error := capsys.readouterr().err)) is is_last
    if is_last:
        for mend in ((0, 3, 1, 2), (0, 1, 3, 2)):
            assert f"np.transpose(x, {mend})" in error
            require_channels_first(np.transpose(x, mend).shape, "")


@pytest.mark.parametrize("size", [1e30, 1e8, 1e-8, 1e-37])
def test_values_that_no_exact_net_spans_are_refused_before_training(
    size: float, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez("mine.npz", x=np.full((20, 3), size, np.float32), y=GOOD["y"])
    assert main(["train", "--net", "jets-mlp", "--data", "mine.npz", "--epochs", "1", "-o", "net"]) == 2
    error = capsys.readouterr().err
    assert f"found values in x up to {size:.3g} in mine.npz" in error and "scale x to about -1..1, (x - x" in error


def test_a_checkpoint_that_lost_its_shape_is_one_sentence() -> None:
    np.savez("mine.npz", **GOOD)
    assert main(["train", "--net", "jets-mlp", "--data", "mine.npz", "--epochs", "1", "-o", "net"]) == 0
    config = json.loads(Path("net", CONFIG).read_text())
    for change in ({"input_shape": "3"}, {"classes": None}, {"input_shape": [0]}):
        Path("net", CONFIG).write_text(json.dumps({**config, **change}))
        with pytest.raises(ModelsError, match="does not say what its net reads; train again"):
            load_checkpoint(Path("net"))


@pytest.mark.parametrize("wish", ["--data-out", "--calibration-out", "--expect"])
def test_a_file_that_changed_after_training_is_one_sentence(wish: str, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez("mine.npz", **GOOD)
    assert main(["train", "--net", "jets-mlp", "--data", "mine.npz", "--epochs", "1", "-o", "net"]) == 0
    features = GOOD["x"].shape[1]
    for change, words in (
        (
            {"x": np.ones((20, features + 1), np.float32)},
            f"reads ({features},), and mine.npz holds ({features + 1},) now",
        ),
        (
            {"y": np.arange(25) % 5, "x": np.ones((25, features), np.float32)},
            "tells 4 classes, and mine.npz holds 5 now",
        ),
    ):
        np.savez("mine.npz", **{**GOOD, **change})
        assert main(["export", "net", "-o", "net.onnx", wish, "out.npz"]) == 2
        assert words in capsys.readouterr().err
    assert not Path("net.onnx").exists() and not Path("out.npz").exists()
