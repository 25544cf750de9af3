"""Codes of data files of any length: those of the whole file, in memory that only codes and labels fill."""

from __future__ import annotations

import gc
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from heads_nets import small_agent, small_samples
from shiftwire.errors import InputError
from shiftwire.ir.network import Network, NetworkInput, NetworkOutput, Node, Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.relu import Relu
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.project import data
from shiftwire.project.data import load_codes, load_data
from test_tiny import tiny

SAMPLES, SIZE = 1000, 2048


def long_net(format: Fixed) -> Network:
    """An input that is the output."""
    return Network.of("x", Tensor((SIZE,), format), (), "x")


def values(format: Fixed) -> np.ndarray:
    codes = np.random.default_rng(0).integers(format.lo, format.hi + 1, (SAMPLES, SIZE))
    return format.decode(codes)


WRITERS: dict[str, Callable[[Path, np.ndarray], None]] = {
    "npy": lambda path, x: np.save(path.open("wb"), x),
    "npz": lambda path, x: np.savez(path.open("wb"), x=x),
    "compressed": lambda path, x: np.savez_compressed(path.open("wb"), x=x),
    "float64": lambda path, x: np.savez(path.open("wb"), x=x.astype(np.float64)),
    "columns first": lambda path, x: np.savez(path.open("wb"), x=np.asfortranarray(x)),
    "big-endian": lambda path, x: np.savez(path.open("wb"), x=x.astype(">f4")),
}


@pytest.mark.parametrize("format", ["u8.4", "s8.0", "s12.4", "u1.0"])
@pytest.mark.parametrize("writer", WRITERS)
def test_codes_are_those_of_the_whole_file(
    writer: str, format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "ENCODED", 300 * SIZE)
    network, path = long_net(Fixed.parse(format)), tmp_path / "data"
    WRITERS[writer](path, values(network.input.format).astype(np.float32))
    codes, labels = load_codes(path, network)
    whole = load_data(path, network)
    assert codes.itemsize == (2 if format == "s12.4" else 1) and whole.codes.dtype == np.int64
    assert np.array_equal(codes, whole.codes) and np.array_equal(
        codes / 2.0**network.input.format.frac, whole.values["x"]
    )
    assert not labels and not whole.labels


@pytest.mark.parametrize("writer", ["npy", "npz", "compressed"])
def test_no_more_than_codes_is_in_memory(writer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes are 2 MB and values 8 MB."""
    monkeypatch.setattr(data, "ENCODED", 10 * SIZE)
    network, path = long_net(Fixed.parse("u8.4")), tmp_path / "data"
    WRITERS[writer](path, values(network.input.format).astype(np.float32))
    tracemalloc.start()
    try:
        load_codes(path, network)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert SAMPLES * SIZE < peak < 2 * SAMPLES * SIZE


def test_labels_and_shapes_are_those_of_the_whole_file(tmp_path: Path) -> None:
    network, path = tiny(), tmp_path / "data.npz"
    np.savez(path, x=np.zeros((5, 2)), y=np.arange(5.0))
    codes, labels = load_codes(path, network)
    assert codes.shape == (5, 2) and labels["y"].values.ravel().tolist() == [0, 1, 2, 3, 4]
    for wrong in (np.zeros((5, 3)), np.zeros((0, 2)), np.array(3.0), np.array(["a"]), np.full((5, 2), 0.1)):
        np.savez(path, x=wrong)
        sentences = []
        for load in (load_codes, load_data):
            with pytest.raises(InputError) as found:
                load(path, network)
            sentences.append(found.value.sentence())
        assert sentences[0] == sentences[1]


def test_labels_may_have_the_name_of_an_only_input(tmp_path: Path) -> None:
    """Its samples are `x` in a file."""
    ends = (NetworkInput("image", Tensor((4,), Fixed.parse("s8.0"))),), (Node("top", Relu(), ("image",)),)
    network = Network(*ends, (NetworkOutput("image"), NetworkOutput("top")))
    np.savez(tmp_path / "data.npz", x=np.zeros((3, 4)), image=np.array([1, 2, 3]), top=np.array([3, 2, 1]))
    codes, labels = load_codes(tmp_path / "data.npz", network)
    assert codes.shape == (3, 4) and not codes.any()
    assert {name: each.values.tolist() for name, each in labels.items()} == {"image": [1, 2, 3], "top": [3, 2, 1]}


def test_several_inputs_and_their_labels(tmp_path: Path) -> None:
    network = run_pipeline(small_agent())
    classes, values = np.arange(6) % 3, np.linspace(0, 1, 24).reshape(6, 4)
    np.savez(tmp_path / "data.npz", **small_samples(6), **{"act/policy": classes}, y=values)
    codes, labels = load_codes(tmp_path / "data.npz", network)
    whole = load_data(tmp_path / "data.npz", network)
    assert np.array_equal(codes, whole.codes) and len(labels) == len(whole.labels) == 2
    for name, each in labels.items():
        assert np.array_equal(each.values, whole.labels[name].values) and each.values.any()


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize(
    ("writer", "damage"), [("npy", cut), ("npz", cut), ("npz", flipped), ("compressed", flipped), ("compressed", cut)]
)
def test_damaged_files_are_named(writer: str, damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """Bytes of which every one is a code, so that only lengths and checksums tell."""
    network, path = long_net(Fixed.parse("u8.0")), tmp_path / "data"
    WRITERS[writer](path, values(network.input.format).astype(np.uint8))
    path.write_bytes(damage(path.read_bytes()))
    for load in load_codes, load_data:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            with pytest.raises(InputError, match=r"it is no \.npz or \.npy file of plain numbers") as refused:
                load(path, network)
            assert str(path) in refused.value.sentence()
            del refused
            gc.collect()
        assert not [each for each in said if each.category is ResourceWarning], "a file that was refused stays open"
