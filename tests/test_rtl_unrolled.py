"""Unrolled layers as SystemVerilog: the same codes as numpy, clean under Verilator's -Wall."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import shiftwire_hls
from unrolled_bench import both_forms, inputs_of, simulate, vectors

from shiftwire.errors import InputError
from shiftwire.fixed import Codes, Fixed
from shiftwire.interval import Interval, adder_interval, exact_distances
from shiftwire.rtl.unrolled import Form, Unrolled, adder_layer
from shiftwire.tools.verilator import lint

MODELS = Path(shiftwire_hls.__file__).parent / "rtl" / "sim"


@dataclass(frozen=True)
class Case:
    """A layer and the weights and biases it was made of."""

    layer: Unrolled
    weights: Codes
    bias: Codes


def output_format(reach: Interval, bias: Codes) -> Fixed:
    return Fixed.covering(int((reach.lo + bias).min()), int((reach.hi + bias).max()), 0)


def adder_cases() -> Iterator[Case]:
    rng = np.random.default_rng(3)
    shapes = [(1, 1), (3, 5), (5, 3), (2, 2), (1, 4), (7, 2), (4, 9), (16, 16)]
    formats = [Fixed(8, 0, True), Fixed(4, 0, False), Fixed(1, 0, False), Fixed(6, 2, True), Fixed(11, 0, True)]
    formats += [Fixed(1, 0, True), Fixed(7, 0, False), Fixed(9, 0, False), Fixed(2, 0, True), Fixed(16, 0, True)]
    for at, x in enumerate(formats):
        for size in shapes[at % 3 :: 3] + [(16, 16)] * (x.bits == 8):
            yield from adder_pair(f"add{at}_{size[0]}_{size[1]}", rng.integers(x.lo, x.hi + 1, size), x, rng)
    x = Fixed(5, 0, True)
    yield from adder_pair("beyond", rng.integers(-60, 60, (4, 6)), x, rng)
    for value in (x.lo, 0, 7, x.hi, 1000, -1000):
        yield from adder_pair(f"equal_{value & 4095}", np.full((3, 4), value), x, rng)
    yield from adder_pair("twins", np.repeat(rng.integers(x.lo, x.hi + 1, (2, 5)), 2, axis=0), x, rng)


def adder_pair(name: str, weights: Codes, x: Fixed, rng: np.random.Generator) -> Iterator[Case]:
    bias = rng.integers(-300, 300, len(weights)) * int(rng.integers(0, 2))
    y = output_format(adder_interval(weights, x), bias)
    for called, form in both_forms(name):
        yield Case(adder_layer(called, weights, x, bias, y, form), weights, bias)


@pytest.fixture(scope="module")
def adders() -> list[Case]:
    return list(adder_cases())


def test_codes_of_numpy(adders: list[Case], tmp_path_factory: pytest.TempPathFactory) -> None:
    layers = [case.layer for case in adders]
    words = vectors(layers, 300, np.random.default_rng(4))
    found = simulate(layers, words, MODELS, tmp_path_factory.mktemp("unrolled"))
    for case, codes in zip(adders, found, strict=True):
        expected = exact_distances(inputs_of(case.layer, words), case.weights) + case.bias
        np.testing.assert_array_equal(codes, expected, err_msg=case.layer.name)
    assert sum(len(np.unique(codes)) > 50 for codes in found) > 20


def test_clean_under_lint(adders: list[Case], tmp_path: Path) -> None:
    for case in adders:
        path = tmp_path / f"{case.layer.name}.sv"
        path.write_text(case.layer.text, encoding="utf-8")
        models = sorted(MODELS.glob("*.sv")) if case.layer.form is Form.XILINX else []
        lint([path, *models], case.layer.name)


def test_same_latency_in_both_forms(adders: list[Case]) -> None:
    generic, xilinx = adders[::2], adders[1::2]
    assert [case.layer.latency for case in generic] == [case.layer.latency for case in xilinx]


def test_text_is_deterministic() -> None:
    first, second = list(adder_cases()), list(adder_cases())
    assert [case.layer.text for case in first] == [case.layer.text for case in second]


def test_narrow_output_is_refused() -> None:
    x = Fixed(8, 0, True)
    with pytest.raises(InputError, match=r"reaches -510\.\.0, more than s8.0 holds; give its output format s10.0"):
        adder_layer("fc", np.full((1, 2), 127), x, np.zeros(1, np.int64), Fixed(8, 0, True), Form.GENERIC)
