"""Unrolled layers as SystemVerilog: the same codes as numpy, clean under Verilator's -Wall."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import shiftwire_hls
from shiftwire.errors import InputError, ToolError
from shiftwire.numbers.exact import exact_distances, exact_matmul
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import Interval, adder_interval, linear_interval
from shiftwire.rtl.unrolled.adder_layer import adder_layer
from shiftwire.rtl.unrolled.linear_layer import linear_layer
from shiftwire.rtl.unrolled.result import Form, Unrolled
from shiftwire.tools.netlist import Resources
from shiftwire.tools.verilator import lint
from shiftwire.tools.yosys import Synthesis, synthesised
from tiers import some
from unrolled_bench import both_forms, inputs_of, simulate, vectors

MODELS = Path(shiftwire_hls.__file__).parent / "rtl" / "sim"

Answer = tuple[Codes, Codes]
"""Codes in and out, (vectors, in) and (vectors, out)."""


@dataclass(frozen=True)
class Case:
    """A layer and the weights and biases it was made of."""

    layer: Unrolled
    weights: Codes
    bias: Codes

    @property
    def extremes(self) -> Codes:
        """Inputs that bring each output to an end of its range, (4 out, in), whichever kind the layer is."""
        x = self.layer.x
        middle = np.where(self.weights > (x.lo + x.hi) // 2, x.lo, x.hi)
        high = np.where(self.weights > 0, x.hi, x.lo)
        return np.concatenate([middle, high, x.lo + x.hi - high, np.clip(self.weights, x.lo, x.hi)])


def output_format(reach: Interval, bias: Codes) -> Fixed:
    return Fixed.covering(int((reach.lo + bias).min()), int((reach.hi + bias).max()), 0)


def adder_cases() -> Iterator[Case]:
    rng = np.random.default_rng(3)
    shapes = {
        Fixed(8, 0, True): [(1, 1), (3, 5), (2, 2), (2, 9)],
        Fixed(4, 0, False): [(1, 4), (16, 16)],
        Fixed(1, 0, False): [(5, 3), (1, 1)],
        Fixed(1, 0, True): [(3, 5)],
        Fixed(2, 0, True): [(4, 3), (1, 2)],
        Fixed(6, 2, True): [(3, 5)],
        Fixed(7, 0, False): [(2, 3)],
        Fixed(9, 0, False): [(1, 3)],
        Fixed(11, 0, True): [(2, 2)],
        Fixed(16, 0, True): [(1, 2)],
    }
    for x, sizes in shapes.items():
        for size in sizes:
            yield from adder_pair(f"add_{str(x)[:-2]}_{size[0]}_{size[1]}", rng.integers(x.lo, x.hi + 1, size), x, rng)
    x = Fixed(5, 0, True)
    yield from adder_pair("beyond", rng.integers(-60, 60, (4, 6)), x, rng)
    for value in (x.lo, 7, x.hi, 1000, -1000):
        yield from adder_pair(f"equal_{value & 4095}", np.full((2, 4), value), x, rng)
    yield from adder_pair("twins", np.repeat(rng.integers(x.lo, x.hi + 1, (2, 5)), 2, axis=0), x, rng)


def adder_pair(name: str, weights: Codes, x: Fixed, rng: np.random.Generator) -> Iterator[Case]:
    bias = rng.integers(-300, 300, len(weights)) * int(rng.integers(0, 2))
    y = output_format(adder_interval(weights, x), bias)
    for called, form in both_forms(name):
        yield Case(adder_layer(called, weights, x, bias, y, form=form), weights, bias)


def linear_cases() -> Iterator[Case]:
    rng = np.random.default_rng(5)
    shapes = {
        Fixed(8, 0, True): [(1, 1), (3, 5)],
        Fixed(4, 0, False): [(2, 9), (16, 16)],
        Fixed(1, 0, True): [(3, 5), (2, 9)],
        Fixed(12, 3, True): [(2, 4)],
        Fixed(6, 0, False): [(6, 4)],
    }
    for x, sizes in shapes.items():
        for terms, size in enumerate(sizes):
            name = f"linear_{str(x)[:-2]}_{size[0]}_{size[1]}"
            yield from linear_pair(name, powers(rng, 2 - terms, size), x, rng)
    sparse = powers(rng, 2, (6, 6)) * rng.integers(0, 2, (6, 6))
    sparse[1], sparse[:, 2], sparse[3], sparse[4] = 0, 0, -4 * sparse[0], sparse[0]
    yield from linear_pair("sparse", sparse, Fixed(5, 0, True), rng)
    yield from linear_pair("all_negative", -np.abs(powers(rng, 1, (4, 7))), Fixed(5, 0, False), rng)
    yield from linear_pair("nothing", np.zeros((2, 3), np.int64), Fixed(5, 0, True), rng)
    ones, bias = np.ones((1, 3), np.int64), np.array([300])
    for called, form in both_forms("offset"):
        y = output_format(linear_interval(ones, Fixed(4, 0, False)), bias)
        yield Case(linear_layer(called, ones, Fixed(4, 0, False), bias, y, form=form), ones, bias)
    yield from linear_pair("wires", np.array([[0, 4], [1, 0], [0, -1]]), Fixed(5, 0, True), rng)


def powers(rng: np.random.Generator, terms: int, size: tuple[int, int]) -> Codes:
    """Sums of signed powers of two, (out, in)."""
    signs = rng.choice(np.array([-1, 1]), (terms, *size))
    codes: Codes = (signs << rng.integers(0, 7, (terms, *size))).sum(axis=0)
    return codes


def linear_pair(name: str, rows: Codes, x: Fixed, rng: np.random.Generator) -> Iterator[Case]:
    bias = rng.integers(-300, 300, len(rows)) * int(rng.integers(0, 2))
    y = output_format(linear_interval(rows, x), bias)
    for called, form in both_forms(name):
        yield Case(linear_layer(called, rows, x, bias, y, form=form), rows, bias)


@pytest.fixture(scope="module")
def adders() -> list[Case]:
    return list(adder_cases())


@pytest.fixture(scope="module")
def linears() -> list[Case]:
    return list(linear_cases())


def answers(cases: list[Case], folder: Path) -> dict[str, Answer]:
    """Inputs and outputs of all layers, in one simulation."""
    layers = [case.layer for case in cases]
    words = vectors([(case.layer, case.extremes) for case in cases], 300, np.random.default_rng(4))
    found = simulate(layers, words, MODELS, folder)
    return {layer.name: (inputs_of(layer, words), codes) for layer, codes in zip(layers, found, strict=True)}


@pytest.mark.whole
def test_adder_layers_are_numpys(adders: list[Case], tmp_path: Path) -> None:
    found = answers(adders, tmp_path)
    for case in adders:
        x, codes = found[case.layer.name]
        np.testing.assert_array_equal(codes, exact_distances(x, case.weights) + case.bias, err_msg=case.layer.name)
    assert sum(len(np.unique(found[case.layer.name][1])) > 50 for case in adders) > 20


@pytest.mark.whole
def test_linear_layers_are_numpys(linears: list[Case], tmp_path: Path) -> None:
    found = answers(linears, tmp_path)
    for case in linears:
        x, codes = found[case.layer.name]
        np.testing.assert_array_equal(codes, exact_matmul(x, case.weights.T) + case.bias, err_msg=case.layer.name)
    assert sum(len(np.unique(found[case.layer.name][1])) > 50 for case in linears) > 20


@pytest.mark.parametrize("kind", ["adders", "linears"])
def test_clean_under_lint(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    for case in request.getfixturevalue(kind):
        path = tmp_path / f"{case.layer.name}.sv"
        path.write_text(case.layer.text, encoding="utf-8")
        models = sorted(MODELS.glob("*.sv")) if case.layer.form is Form.XILINX else []
        lint([path, *models], case.layer.name)


@pytest.mark.parametrize("kind", ["adders", "linears"])
def test_same_latency_in_both_forms(kind: str, request: pytest.FixtureRequest) -> None:
    cases = request.getfixturevalue(kind)
    assert [case.layer.latency for case in cases[::2]] == [case.layer.latency for case in cases[1::2]]


@pytest.mark.parametrize("cases", [adder_cases, linear_cases])
def test_text_is_deterministic(cases: Callable[[], Iterator[Case]]) -> None:
    assert [case.layer.text for case in cases()] == [case.layer.text for case in cases()]


def test_missing_alkaid_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "alkaid.trace", None)
    with pytest.raises(ToolError, match=r"found no package alkaid.*pip install 'shiftwire\[rtl\]'"):
        next(linear_cases())


def test_narrow_output_is_refused() -> None:
    x, bias = Fixed(8, 0, True), np.zeros(1, np.int64)
    with pytest.raises(InputError, match=r"reaches -510\.\.0, more than s8.0 holds; give its output format s10.0"):
        adder_layer("fc", np.full((1, 2), 127), x, bias, Fixed(8, 0, True), form=Form.GENERIC)
    with pytest.raises(InputError, match=r"reaches -256\.\.254, more than u8.0 holds; give its output format s9.0"):
        linear_layer("fc", np.full((1, 2), 1), x, bias, Fixed(8, 0, False), form=Form.GENERIC)


@pytest.mark.whole
def test_slice_luts(tmp_path: Path) -> None:
    """The form for Xilinx keeps what its structure promises: a LUT a bit of a ternary adder, no DSP."""
    x = Fixed(8, 0, True)
    weights = np.random.default_rng(0).integers(x.lo, x.hi + 1, (16, 16))
    zero = np.zeros(16, np.int64)
    layer = adder_layer("fc", weights, x, zero, adder_interval(weights, x).format(0), form=Form.XILINX)
    assert layer.latency == 5
    assert mapped(layer, tmp_path).lut <= 2400


@pytest.mark.parametrize("form", some(Form, Form.GENERIC))
def test_elaborates_in_yosys(form: Form, tmp_path: Path) -> None:
    rows, x = np.array([[-1, -2, -4], [3, 5, -7]]), Fixed(5, 0, False)
    layer = linear_layer("fc", rows, x, np.array([0, 9]), Fixed(10, 0, True), form=form)
    assert mapped(layer, tmp_path).lut > 10


def mapped(layer: Unrolled, folder: Path) -> Resources:
    path = folder / f"{layer.name}.sv"
    path.write_text(layer.text, encoding="utf-8")
    found = synthesised(Synthesis((path,), layer.name, dsp=True), folder / "maps").resources
    assert found.dsp == 0
    return found
