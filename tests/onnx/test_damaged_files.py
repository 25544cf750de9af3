"""A thousand damaged files: each is read, or refused with a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from float_nets import FloatNet
from qonnx_nets import Net
from shiftwire.errors import InputError, ShiftwireError
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import import_onnx
from single_layers import single_layers

DAMAGES = 1000


def small_qonnx() -> bytes:
    net = Net(3, seed=41)
    net.quant(0.25, 4)
    last = net.last
    weight = net.quant(np.array([0.5, 0.25]), 3, net.constant(net.rng.normal(0, 1, (3, 2))))
    net.last = last
    net.add("MatMul", None, weight)
    net.add("Relu", None)
    net.quant(0.37, 3, signed=0)
    return bytes(net.model().SerializeToString())


def small_conv() -> bytes:
    net = Net(2, 4, 4, seed=42)
    net.rank = 4
    net.bipolar(1.0)
    net.conv(net.weight(2, 2, 3, 3, scale=0.5, bits=2), np.zeros(2))
    net.norm(2)
    net.add("MaxPool", None, kernel_shape=[2, 2], strides=[2, 2])
    net.quant(0.5, 3)
    return bytes(net.model().SerializeToString())


def small_float() -> bytes:
    net = FloatNet((2, 4, 4), seed=43).conv("c", 2, 2).norm("n", 2).node("Relu", "r")
    return bytes(net.node("GlobalAveragePool", "p").node("Flatten", "f", axis=1).model().SerializeToString())


FILES: dict[str, Callable[[], bytes]] = {
    "qonnx": small_qonnx,
    "conv": small_conv,
    "float": small_float,
    "contract": lambda: bytes(to_onnx(single_layers()["shift_conv"]).SerializeToString()),
}


def flipped(data: bytearray, rng: np.random.Generator) -> None:
    for at in rng.integers(0, len(data), rng.integers(1, 9)):
        data[at] ^= 1 << int(rng.integers(8))


def replaced(data: bytearray, rng: np.random.Generator) -> None:
    for at in rng.integers(0, len(data), rng.integers(1, 5)):
        data[at] = int(rng.integers(256))


def truncated(data: bytearray, rng: np.random.Generator) -> None:
    del data[int(rng.integers(len(data))) :]


def grown(data: bytearray, rng: np.random.Generator) -> None:
    at = int(rng.integers(len(data)))
    data[at:at] = rng.bytes(int(rng.integers(1, 9)))


def zeroed(data: bytearray, rng: np.random.Generator) -> None:
    at, size = int(rng.integers(len(data))), int(rng.integers(1, 33))
    data[at : at + size] = bytes(len(data[at : at + size]))


def cut_out(data: bytearray, rng: np.random.Generator) -> None:
    at = int(rng.integers(len(data)))
    del data[at : at + int(rng.integers(1, 17))]


def swapped(data: bytearray, rng: np.random.Generator) -> None:
    a, b = (int(at) for at in rng.integers(0, max(len(data) - 16, 1), 2))
    data[a : a + 8], data[b : b + 8] = data[b : b + 8], data[a : a + 8]


DAMAGING = (flipped, replaced, truncated, grown, zeroed, cut_out, swapped)


def damaged(seed: int, whole: list[bytes]) -> bytes:
    rng = np.random.default_rng(seed)
    data = bytearray(whole[seed % len(whole)])
    DAMAGING[int(rng.integers(len(DAMAGING)))](data, rng)
    return bytes(data)


def outcome(path: Path) -> str:
    """What reading a file ends in; whatever else it raises turns the test red, and the file's name tells its seed."""
    try:
        import_onnx(path)
    except ShiftwireError as error:
        assert len(error.sentence()) > 20
        return "refused"
    return "read"


@pytest.mark.filterwarnings("error", "ignore::ResourceWarning")
def test_a_thousand_damaged_files(tmp_path: Path, count: Any) -> None:
    whole = [make() for make in FILES.values()]
    found = Counter[str]()
    for seed in range(DAMAGES):
        path = tmp_path / f"{seed}.onnx"
        path.write_bytes(damaged(seed, whole))
        found[outcome(path)] += 1
        path.unlink()
    assert found["read"] > DAMAGES // 100 and found["refused"] > DAMAGES // 5
    count(damaged_files=DAMAGES)


@pytest.mark.parametrize("name", FILES)
def test_names_that_are_no_text(name: str, tmp_path: Path) -> None:
    """Every name in turn begins with a byte that UTF-8 does not have."""
    whole = FILES[name]()
    path = tmp_path / "model.onnx"
    said = set()
    for at in (at for at in range(len(whole) - 4) if whole[at : at + 4].isalpha()):
        path.write_bytes(whole[:at] + b"\xff" + whole[at + 1 :])
        found = outcome(path)
        assert found in ("read", "refused"), found
        said.add(found)
    assert "refused" in said


def test_a_name_that_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(small_qonnx().replace(b"relu_", b"relu\xff"))
    with pytest.raises(InputError, match="holds a name or text that is not UTF-8; the file is damaged, export"):
        import_onnx(path)
