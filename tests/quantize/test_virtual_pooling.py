"""ViP from a float file to every engine: interpolated codes are exact, order and bounds are those of the net."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from float_files import quantize, written
from float_nets import FloatNet
from shiftwire.errors import InputError
from shiftwire.onnx.importer import import_onnx
from shiftwire.ops.upsample import Upsample
from shiftwire.quantize.floats.pooling_bounds import FloatConv, bound, interpolated
from shiftwire.quantize.floats.virtual_pooling import Pooling
from verbs import run_verb

SIZE = (9, 8)


def mixed_net() -> FloatNet:
    """Odd and even sizes; a Relu behind a batch norm, behind a convolution, and none in front of a sum."""
    net = FloatNet((3, *SIZE), seed=4).conv("c1", 6, 3).norm("n1", 6).node("Relu", "r1")
    net.conv("c2", 6, 6).norm("n2", 6).node("Add", "a", "r1").node("Relu", "r2")
    net.conv("c3", 8, 6, strides=[2, 2]).node("Relu", "r3").conv("c4", 8, 8).node("Relu", "r4")
    net.conv("deep", 8, 1, group=8).node("Relu", "r5").conv("point", 8, 8, 1).node("Relu", "r6")
    return net.node("GlobalAveragePool", "g").node("Flatten", "f", axis=1).dense("logits", 4, 8)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(mixed_net(), tmp_path_factory.mktemp("pooled"))


def plain(half: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Exact numbers (rows, columns) of a plane whose even places are `half`, place by place."""

    def known(row: int, column: int) -> Fraction:
        return Fraction(half[min(row // 2, half.shape[0] - 1), min(column // 2, half.shape[1] - 1)].item())

    def number(row: int, column: int) -> Fraction:
        around = [(r, c) for r in {row - row % 2, row + row % 2} for c in {column - column % 2, column + column % 2}]
        return sum((known(*place) for place in around), Fraction(0)) / len(around)

    return np.array([[number(row, column) for column in range(columns)] for row in range(rows)])


@pytest.mark.parametrize("size", [(2, 2), (2, 3), (5, 4), (7, 7), (3, 2)])
def test_interpolation_is_copies_means_and_repeated_edges(size: tuple[int, int]) -> None:
    """Place by place in exact numbers, for even and odd sizes."""
    half = np.random.default_rng(0).integers(-9, 9, (2, 3, *(-(-each // 2) for each in size))).astype(np.float64)
    made = interpolated(half, size)
    for place in np.ndindex(2, 3):
        assert np.array_equal(made[place], plain(half[place], *size).astype(np.float64))


def test_pooled_layers_go_to_every_engine(capsys: pytest.CaptureFixture[str], work: Path) -> None:
    """Codes behind the interpolation are the exact means of those in front, for random and for extreme samples."""
    status, report, notes = quantize(capsys, work, "--vip", "3")
    assert status == 0 and report.count(" yes ") == 3
    assert notes.count("virtual pooling leaves") == 4
    for words in (
        "'c3' alone, for its stride is 2x2, which leaves out places already",
        "'deep' alone, for its kernels read only a group of the channels each",
        "'point' alone, for its kernels are 1x1, not 3x3",
        "'logits' alone, for it has no spatial size",
    ):
        assert words in notes
    network = import_onnx(work / "exact.onnx")
    samples = np.load(work / "few.npz")["x"]
    codes = network.evaluate_layers(network.encode({network.inputs[0].name: samples}))
    for half, whole in (("r1_half", "r1"), ("n2_half", "n2"), ("r4_half", "r4")):
        own, made = network.tensors[half].format, network.tensors[whole].format
        assert made.frac == own.frac + 2
        for sample in range(len(samples)):
            for channel in range(codes[half].shape[-1]):
                rows, columns = codes[whole].shape[1:3]
                wanted = plain(codes[half][sample, ..., channel], rows, columns) * 4
                assert np.array_equal(codes[whole][sample, ..., channel], wanted.astype(np.int64)), (whole, sample)
    larger = [node.op for node in network.nodes if isinstance(node.op, Upsample)]
    assert sum(op.factors == (2, 2) for op in larger) == 3
    assert run_verb(capsys, "convert", work / "exact.onnx", "-o", work / "project")[0] == 0
    status, table, _ = run_verb(
        capsys, "verify", work / "project", "--data", work / "few.npz", "--onnx", work / "exact.onnx",
        "--engines", "reference,onnxruntime,csim,native,verilator",
    )  # fmt: skip
    assert status == 0 and " 0 of " in table, table
    status, said, _ = run_verb(capsys, "csim", work / "project", "--data", work / "x.npz", "--native")
    assert status == 0 and "native: 40 samples, 0 of " in said


def float_outputs(x: np.ndarray, pooled: set[str]) -> np.ndarray:
    """The net of mixed_net in double precision, some layers at every second place, interpolated by torch."""
    own = {name: torch.from_numpy(value.astype(np.float64)) for name, value in mixed_net().constants.items()}

    def conv(at: torch.Tensor, name: str, stride: int = 1, **how: int) -> torch.Tensor:
        weight = own[f"{name}_w"]
        return functional.conv2d(at, weight, own[f"{name}_b"], stride, weight.shape[-1] // 2, **how)

    def norm(at: torch.Tensor, name: str) -> torch.Tensor:
        gain, shift, mean, variance = (own[f"{name}_{role}"] for role in range(4))
        return functional.batch_norm(at, mean, variance, gain, shift)

    def ended(at: torch.Tensor, name: str) -> torch.Tensor:
        if name not in pooled:
            return at
        size = at.shape[2:]
        filled = at[..., ::2, ::2]
        for axis in (2, 3):
            behind = torch.cat([filled.narrow(axis, 1, filled.shape[axis] - 1), filled.narrow(axis, -1, 1)], axis)
            filled = torch.stack([filled, (filled + behind) / 2], axis + 1).flatten(axis, axis + 1)
        return filled[..., : size[0], : size[1]]

    r1 = ended(norm(conv(torch.from_numpy(x.astype(np.float64)), "c1"), "n1").relu(), "r1")
    r2 = (ended(norm(conv(r1, "c2"), "n2"), "n2") + r1).relu()
    r4 = ended(conv(conv(r2, "c3", 2).relu(), "c4").relu(), "r4")
    r6 = conv(conv(r4, "deep", groups=8).relu(), "point").relu()
    return (r6.mean(dim=(2, 3)) @ own["logits_w"].T + own["logits_b"]).numpy()


def test_the_order_is_that_of_the_damage(capsys: pytest.CaptureFixture[str], work: Path) -> None:
    """Each candidate alone, by torch; the layers of `--vip-within` lose no more together, and one more would."""
    x = np.load(work / "x.npz")["x"]
    right = float_outputs(x, set())

    def lost(*pooled: str) -> float:
        return float(np.sqrt(np.mean(np.square(float_outputs(x, set(pooled)) - right))) / np.std(right))

    damage = {name: lost(name) for name in ("r1", "n2", "r4")}
    order = sorted(damage, key=lambda name: damage[name])
    both = lost(*order[:2])
    assert damage[order[0]] < both < lost(*order)
    for words, count in ((("--vip", 1), 1), (("--vip-within", both * 1.001), 2), (("--vip-within", 1e-6), 0)):
        status, report, _ = quantize(capsys, work, *words, "--json")
        assert status == 0
        pooled = json.loads(report)["pooled"]
        assert [layer["layer"] for layer in pooled["layers"]] == order
        assert [layer["damage"] for layer in pooled["layers"]] == pytest.approx([damage[n] for n in order], rel=1e-4)
        assert [layer["is_pooled"] for layer in pooled["layers"]] == [at < count for at in range(3)]
        assert pooled["together"] == pytest.approx(lost(*order[:count]), rel=1e-4, abs=1e-9)
        for layer in pooled["layers"]:
            assert 0 < layer["measured"] <= layer["bound"] and layer["measured"] <= 2 * layer["largest"]
    assert next(layer["products"] for layer in pooled["layers"] if layer["layer"] == "r1") == [162 * 72, 162 * 20]


def conv_of(rng: np.random.Generator, size: tuple[int, int], pad: int, *, is_rectified: bool) -> FloatConv:
    low, high = -rng.uniform(0, 2, 2), rng.uniform(0, 2, 2)
    weights, bias = rng.normal(0, 1, (3, 2, 3, 3)), rng.normal(0, 1, 3)
    return FloatConv(weights, bias, low, high, is_rectified, size, (pad, pad))


def off(conv: FloatConv, x: np.ndarray) -> np.ndarray:
    """How far pooling is off on images (N, channels, rows, columns), largest by output (out,)."""
    sums = functional.conv2d(
        torch.from_numpy(x), torch.from_numpy(conv.weights), torch.from_numpy(conv.bias), 1, conv.end
    )
    whole = (sums.relu() if conv.is_rectified else sums).numpy()
    return np.abs(interpolated(whole[..., ::2, ::2], whole.shape[2:]) - whole).max(axis=(0, 2, 3))


@pytest.mark.parametrize("is_rectified", [True, False])
def test_no_input_within_the_ranges_is_off_by_more_than_the_bound(is_rectified: bool) -> None:
    """Numbers anywhere in their ranges, and at ends of them."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        conv = conv_of(rng, (6, 5), 1, is_rectified=is_rectified)
        low, high = conv.low[None, :, None, None], conv.high[None, :, None, None]
        share = rng.uniform(0, 1, (64, 2, 6, 5))
        images = np.concatenate([low + share * (high - low), np.where(share < 0.5, low, high)])
        assert off(conv, images).max() <= bound(conv) * (1 + 1e-12)


@pytest.mark.parametrize(("pad", "size"), [(1, 8), (0, 8), (1, 7), (0, 7), (2, 8)])
@pytest.mark.parametrize("is_rectified", [True, False])
def test_the_bound_is_reached(pad: int, size: int, is_rectified: bool) -> None:
    """By the image that has each number at the end that its factor wants, where a bias keeps all sums above 0."""
    rng = np.random.default_rng(2)
    conv = conv_of(rng, (size, size), pad, is_rectified=is_rectified)
    conv = replace(conv, bias=conv.bias + 200)
    worst = 0.0
    for output, row, column in np.ndindex(3, size, size):
        factors = gradient(conv, output, row, column)
        for sign in (1, -1):
            image = np.where(sign * factors > 0, conv.high[:, None, None], conv.low[:, None, None])
            worst = max(worst, off(conv, image[None]).max())
    assert worst == pytest.approx(bound(conv), rel=1e-9)


def gradient(conv: FloatConv, output: int, row: int, column: int) -> np.ndarray:
    """What each number of an image (channels, rows, columns) adds to the error at a place."""
    size = conv.size[0] + 2 - 2 * conv.end[0]
    x = torch.zeros((1, 2, size, size), dtype=torch.float64, requires_grad=True)
    sums = functional.conv2d(x, torch.from_numpy(conv.weights), torch.from_numpy(conv.bias), 1, conv.end)[0, output]
    last = conv.size[0] - 1 - (conv.size[0] - 1) % 2
    rows, columns = (sorted({at - at % 2, min(at + at % 2, last)}) for at in (row, column))
    mean = sum(sums[r, c] for r in rows for c in columns) / (len(rows) * len(columns))
    (slopes,) = torch.autograd.grad(mean - sums[row, column], x)
    return slopes[0].numpy()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--vip", "4"), "--vip replaces 3x3 convolutions of stride 1, and 3 of the network's layers are such; give "
         "at most 3"),
        (("--vip", "0"), "--vip 0 pools no layer; give a number from 1 on, or leave it out"),
        (("--vip-within", "-1"), "--vip-within -1 allows nothing; give a share above 0 such as 0.05"),
    ],
)  # fmt: skip
def test_mistakes(capsys: pytest.CaptureFixture[str], work: Path, words: tuple[str, ...], sentence: str) -> None:
    status, _, error = quantize(capsys, work, *words)
    assert status == 2 and sentence in error, error


def test_networks_without_such_layers(capsys: pytest.CaptureFixture[str], work: Path, tmp_path: Path) -> None:
    net = FloatNet((4, 1, 3)).conv("c", 3, 4).node("Relu", "r").node("Flatten", "f", axis=1).dense("y", 3, 9)
    net.save(tmp_path)
    np.savez(tmp_path / "x.npz", x=net.samples(20))
    status, _, error = quantize(capsys, tmp_path, "--vip", 1)
    assert status == 2 and "and 0 of the network's layers are such; leave it out" in error, error
    assert quantize(capsys, work)[0] == 0
    status, _, error = run_verb(
        capsys, "quantize", work / "exact.onnx", "--calibrate", work / "x.npz", "--vip", 1, "-o", work / "again.onnx"
    )
    assert status == 2 and "it is quantized already, and --vip replaces float layers; give the float network" in error


def test_nothing_to_choose_is_a_choice() -> None:
    with pytest.raises(InputError, match=re.escape("--vip-within inf allows nothing")):
        Pooling(within=float("inf"))
