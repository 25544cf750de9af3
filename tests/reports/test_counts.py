"""Bits, ratios and operations that `inspect` and `report` tell, against a count over a project's own files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import onnx
from one_layer import factored_adder
from onnx import numpy_helper
from project_counts import Counted, Files
from random_families import CODES, FAMILIES, POINT, Maker, shifts
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Tensor
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.exporter import to_onnx
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.weights.circulant import Circulant
from shiftwire.ops.weights.shift import Shift
from shiftwire.quantize.terms import apot_terms
from verbs import run_verb


def _apot(maker: Maker) -> None:
    """The levels of APoT, whose exponents are few."""
    wanted = maker.rng.normal(size=(8, 3, 3, 8))
    levels = apot_terms(wanted, np.full(8, 0.25)).terms
    maker.conv(lambda shape: Shift(ShiftWeights(levels.sign[:, :, : shape[1], : shape[2]],
                                                levels.exponent[:, :, : shape[1], : shape[2]])), 8)  # fmt: skip


def _unequal(maker: Maker) -> None:
    """Filters of one, two and three terms, one without any."""

    def weights(shape: tuple[int, ...]) -> Shift:
        drawn = shifts(maker.rng, shape, 3)
        keep = np.arange(3)[:, None] < np.array([1, 3, 2, 0, 1, 1, 2, 3])[None]
        return Shift(ShiftWeights(drawn.sign * keep[..., None, None, None].astype(np.int8), drawn.exponent))

    maker.conv(weights, 8)


def _no_zeros(maker: Maker) -> None:
    """Every weight is a power of two, of four exponents."""

    def weights(shape: tuple[int, ...]) -> Shift:
        sign = maker.rng.choice(np.array([-1, 1], np.int8), (1, *shape))
        return Shift(ShiftWeights(sign, maker.rng.integers(-3, 1, sign.shape).astype(np.int8)))

    maker.conv(weights, 8)


def _factored_adder(maker: Maker) -> None:
    maker.add(Conv(factored_adder((6, 3, 3, 8), maker.tensor.format.frac), Bias.none(6), maker.window()))


def _factored_point(maker: Maker) -> None:
    maker.add(Conv(factored_adder((6, 1, 1, 8), maker.tensor.format.frac), Bias.none(6), POINT))


def _dense(maker: Maker) -> None:
    maker.add(Flatten())
    maker.add(Dense(Circulant.of(shifts(maker.rng, (2, maker.tensor.size // 4, 4), 2)), maker.bias(8)))


DRAWN = (*FAMILIES, _apot, _unequal, _no_zeros, _factored_adder, _factored_point, _dense)
SCHEMES = {each.__name__[1:]: each for each in DRAWN}


def project(scheme: str, folder: Path, capsys: pytest.CaptureFixture[str], *target: str) -> Path:
    """One network of a scheme, exact file and project."""
    maker = Maker(np.random.default_rng(5), Tensor((5, 5, 8), CODES))
    SCHEMES[scheme](maker)
    onnx.save(to_onnx(Network.of("x", maker.input, tuple(maker.nodes), maker.last)), folder / "model.onnx")
    words = ("--integer-weights", "multiply", *target, "-o", folder / "project")
    status, _, error = run_verb(capsys, "convert", folder / "model.onnx", *words)
    assert status == 0, error
    return folder / "project"


def told(capsys: pytest.CaptureFixture[str], *words: object) -> dict:  # type: ignore[type-arg]
    status, out, error = run_verb(capsys, *words, "--json")
    assert status == 0, error
    return json.loads(out)


def of_file(path: Path) -> dict[str, int]:
    """Numbers of weights of an exact file's layers, by its initialisers alone."""
    graph = onnx.load(path).graph
    arrays = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    counts = {}
    for node in graph.node:
        own = [arrays[name] for name in node.input if name in arrays]
        shape = next((list(each.ints) for each in node.attribute if each.name == "shape"), None)
        match node.op_type.removesuffix("Conv").removesuffix("Dense"):
            case "Shift":
                counts[node.output[0]] = own[0][0].size
            case "Circulant":
                counts[node.output[0]] = own[0][0].size * own[0].shape[3]
            case "Factored" | "FactoredAdder":
                assert shape is not None
                counts[node.output[0]] = len(own[0]) * int(np.prod(shape))
            case "Int" | "Adder" | "Binary":
                counts[node.output[0]] = own[0].size
    return counts


def same_bits(kept: dict, counted: dict[str, Counted], names: set[str]) -> None:  # type: ignore[type-arg]
    """Weights, bits and both ratios, of every layer and of all."""
    assert set(kept) == {*names, "together"}
    wanted = {name: (counted[name].weights, counted[name].bits) for name in names}
    wanted["together"] = tuple(map(sum, zip(*wanted.values(), strict=True)))
    for name, (weights, bits) in wanted.items():
        assert (kept[name]["weights"], kept[name]["bits"]) == (weights, bits), name
        assert kept[name]["fp32"] == pytest.approx(32 * weights / bits)
        assert kept[name]["int8"] == pytest.approx(8 * weights / bits)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_told_is_what_the_files_hold(scheme: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(scheme, tmp_path, capsys)
    files = Files(folder)
    counted, page = files.counted(), told(capsys, "inspect", folder)
    assert counted
    rows = {row["name"]: row for row in page["layers"]}
    built = {row["name"]: row for row in page["built"]["layers"]}
    for name, own in counted.items():
        done = rows[name]["operations"]
        assert [done[what] for what in ("shifts", "adds", "xnors", "multiplies")] == [
            own.shifts, own.adds, own.xnors, own.multiplies,
        ]  # fmt: skip
        assert done["compares"] == 0
        assert rows[name]["weight_bits"] == own.packed + files.bias_bits(name)
        assert built[name]["hls_rom_bits"] == files.hls_rom(name) > 0
        assert built[name]["rtl_rom_bits"] == files.rtl_rom(name) > 0
    same_bits(page["kept"], counted, {name for name in counted if name not in files.bases})
    for name, weights in of_file(tmp_path / "model.onnx").items():
        assert weights == files.own[name].weights, name
    shown = told(capsys, "report", folder)
    assert shown["kept"] == page["kept"] and shown["operations"] == page["total"]["operations"]
    from_layers = {what: sum(row["operations"][what] for row in page["layers"]) for what in shown["operations"]}
    assert from_layers == shown["operations"]


@pytest.mark.parametrize(("scheme", "layer", "fold"), [
    ("factored", "n0_factoredconv", "4,8,1"), ("factored_point", "n0_factoredadderconv", "3,1,1"),
])  # fmt: skip
def test_memories_of_factors_are_told(
    scheme: str, layer: str, fold: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fold of turns keeps the factors: what its memories hold are their bits, and no products."""
    folder = project(scheme, tmp_path, capsys, "--fold", f"{layer}={fold}")
    files, page = Files(folder), told(capsys, "inspect", folder)
    (built,) = (row for row in page["built"]["layers"] if row["name"] == layer)
    assert built["hls_rom_bits"] == files.hls_rom(layer) and built["rtl_rom_bits"] == files.rtl_rom(layer) > 0
    assert built["rtl_rom_bits"] != files.counted()[layer].packed
    assert page["factors"][layer]["bits"] == page["kept"][layer]["bits"] == files.counted()[layer].bits


def test_words_of_both_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project("binary", tmp_path, capsys)
    _, shown, _ = run_verb(capsys, "inspect", folder)
    own = Files(folder).counted()["n1_binaryconv"]
    assert f"{own.xnors:,} XNORs of bits, 0 multiplies" in shown and "SV ROM bits" in shown
    _, shown, _ = run_verb(capsys, "report", folder)
    sentence = f"weights: {own.weights:,} in {own.bits:,} bits, 32 times smaller than floats, 8 than bytes"
    assert f"{own.xnors:,} XNORs of bits" in shown and sentence in " ".join(shown.split())


def test_an_unrolled_design_has_no_memories(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project("binary", tmp_path, capsys, "--unroll")
    _, shown, _ = run_verb(capsys, "inspect", folder)
    assert told(capsys, "inspect", folder)["built"]["layers"][0]["rtl_rom_bits"] is None and "SV ROM bits" in shown
