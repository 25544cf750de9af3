"""Processing elements in SystemVerilog: both forms exact against numpy, for every number of lanes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtl_streams import SIMULATED, Bench, Element, simulate
from shiftwire.numbers.fixed import Codes
from shiftwire.tools.verilator import lint
from tiers import some

Rng = np.random.Generator
SUMS = 40


def operands(rng: Rng, simd: int, bits: int, signed: bool) -> Codes:
    """Codes (sums, tokens, simd): random ones, then sums of extremes alone."""
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    drawn = rng.integers(low, high + 1, (SUMS, TOKENS, simd))
    drawn[SUMS // 2 :] = np.where(rng.random(drawn[SUMS // 2 :].shape) < 0.5, low, high)
    drawn[-3], drawn[-2], drawn[-1] = low, high, 0
    return drawn


TOKENS = 5


def gaps(rng: Rng) -> Codes:
    """Half of the sums back to back, half with up to three idle cycles before a token."""
    drawn = rng.integers(0, 4, (SUMS, TOKENS))
    drawn[::2] = 0
    return drawn.ravel()


def wrapped(total: Codes, bits: int, signed: bool) -> Codes:
    """What a register of `bits` bits shows of a sum."""
    codes = total & (1 << bits) - 1
    return codes - ((codes >> bits - 1) << bits) if signed else codes


def shift_case(rng: Rng, simd: int, weight: tuple[int, int], x_format: tuple[int, int], end: tuple[int, int]) -> Any:
    """weight: window bits, has zero; x_format: bits, 1 where signed; end: accumulator's bits, generic."""
    (window, zero), (x_bits, x_signed), (acc, generic) = weight, x_format, end
    x = operands(rng, simd, x_bits, bool(x_signed))
    w_bits = zero + 1 + window
    w = operands(rng, simd, w_bits, False)
    exponent = w & (1 << window) - 1
    term = np.where(w >> window & 1, -1, 1) * (x << exponent)
    if zero:
        term = np.where(w >> window + 1 & 1, 0, term)
    parameters = {
        "X_BITS": x_bits, "X_SIGNED": x_signed, "WINDOW_BITS": window, "HAS_ZERO": zero, "ACC_BITS": acc,
        "SIMD": simd, "GENERIC": generic,
    }  # fmt: skip
    bench = Bench(Element.SHIFT, parameters, x_bits, w_bits, acc, x, w, gaps(rng))
    return bench, wrapped(term.sum((1, 2)), acc, True)


def adder_case(rng: Rng, simd: int, bits: int, acc: int, generic: int) -> Any:
    x, w = operands(rng, simd, bits, False), operands(rng, simd, bits, False)
    parameters = {"BITS": bits, "ACC_BITS": acc, "SIMD": simd, "GENERIC": generic}
    bench = Bench(Element.ADDER, parameters, bits, bits, acc, x, w, gaps(rng), signed=False)
    return bench, wrapped(np.minimum(x, w).sum((1, 2)), acc, False)


def distance_case(rng: Rng, simd: int, bits: int, acc: int, generic: int) -> Any:
    x, w = operands(rng, simd, bits, False), operands(rng, simd, bits, False)
    parameters = {"BITS": bits, "ACC_BITS": acc, "SIMD": simd, "GENERIC": generic}
    bench = Bench(Element.DISTANCE, parameters, bits, bits, acc, x, w, gaps(rng))
    return bench, wrapped(-np.abs(x - w).sum((1, 2)), acc, True)


def total_case(rng: Rng, simd: int, bits: int, signed: int, acc: int) -> Any:
    x = operands(rng, simd, bits, bool(signed))
    parameters = {"BITS": bits, "SIGNED": signed, "ACC_BITS": acc, "SIMD": simd}
    bench = Bench(Element.TOTAL, parameters, bits, 0, acc, x, None, gaps(rng), signed=bool(signed))
    return bench, wrapped(x.sum((1, 2)), acc, bool(signed))


def int_case(rng: Rng, simd: int, x: tuple[int, int], w: tuple[int, int], end: tuple[int, int, int]) -> Any:
    """x and w: bits, and 1 where signed; end: accumulator's bits, in multiplier blocks, generic."""
    acc, dsp, generic = end
    x_codes, w_codes = operands(rng, simd, x[0], bool(x[1])), operands(rng, simd, w[0], bool(w[1]))
    parameters = {
        "X_BITS": x[0], "X_SIGNED": x[1], "W_BITS": w[0], "W_SIGNED": w[1], "ACC_BITS": acc,
        "SIMD": simd, "DSP": dsp, "GENERIC": generic,
    }  # fmt: skip
    bench = Bench(Element.INT, parameters, x[0], w[0], acc, x_codes, w_codes, gaps(rng))
    return bench, wrapped((x_codes * w_codes).sum((1, 2)), acc, True)


def xnor_case(rng: Rng, simd: int, acc: int, generic: int) -> Any:
    x, w = operands(rng, simd, 1, False), operands(rng, simd, 1, False)
    parameters = {"ACC_BITS": acc, "SIMD": simd, "GENERIC": generic}
    bench = Bench(Element.XNOR, parameters, 1, 1, acc, x, w, gaps(rng), signed=False)
    return bench, wrapped((x == w).sum((1, 2)), acc, False)


def every_product(x_signed: int, w_bits: int, w_signed: int) -> Any:
    """All pairs of an 8-bit x and a weight, each a sum of its own."""
    x = np.arange(256) - 128 * x_signed
    w = np.arange(1 << w_bits) - (1 << w_bits - 1) * w_signed
    pairs = np.stack(np.meshgrid(x, w), -1).reshape(-1, 1, 1, 2)
    parameters = {
        "X_BITS": 8, "X_SIGNED": x_signed, "W_BITS": w_bits, "W_SIGNED": w_signed, "ACC_BITS": 18,
        "SIMD": 1, "DSP": 0, "GENERIC": 0,
    }  # fmt: skip
    idle = np.zeros(len(pairs), np.int64)
    bench = Bench(Element.INT, parameters, 8, w_bits, 18, pairs[..., 0], pairs[..., 1], idle)
    return bench, pairs.prod(-1)[:, 0, 0]


def generic_cases(rng: Rng) -> list[Any]:
    """Every element at many numbers of lanes, every window, both signs, wide and wrapping accumulators."""
    listed = []
    for i, simd in enumerate((1, 2, 3, 4, 5, 7, 9, 17)):
        zero, signed = i % 2, i // 2 % 2
        listed += [shift_case(rng, simd, (i % 4, zero), (8, signed), (24, 1)), adder_case(rng, simd, 1 + i, 18, 1)]
        listed += [distance_case(rng, simd, 8, 18, 1), total_case(rng, simd, 8, signed, 18)]
        listed += [int_case(rng, simd, (8, signed), (2 + i, zero), (26, i % 2, 1))]
    listed += [xnor_case(rng, simd, 12, 1) for simd in (*range(1, 15), 23, 36, 64, 100)]
    listed += [xnor_case(rng, 5, 3, 1), xnor_case(rng, 21, 4, 1)]  # wraps
    listed += [shift_case(rng, 3, (window, zero), (5, 1 - zero), (45, 1)) for window in range(6) for zero in (0, 1)]
    listed += [shift_case(rng, s, (3, 1), (8, 1), (11, 1)) for s in (1, 3)]  # wraps
    listed += [shift_case(rng, 3, (0, 1), (1, 0), (12, 1)), adder_case(rng, 5, 6, 7, 1)]
    listed += [total_case(rng, 7, 8, 1, 9), int_case(rng, 3, (8, 1), (8, 1), (17, 0, 1))]
    listed += [int_case(rng, 1, (4, xs), (w, ws), (20, 0, 1)) for w in (4, 8) for xs in (0, 1) for ws in (0, 1)]
    return listed


def xilinx_cases(rng: Rng) -> list[Any]:
    """A few, and products of all pairs: test_rtl_forms.py proves the rest, and primitives are slow to compile."""
    return [
        shift_case(rng, 1, (3, 1), (8, 0), (18, 0)),
        shift_case(rng, 3, (2, 0), (8, 1), (18, 0)),
        adder_case(rng, 3, 8, 18, 0),
        distance_case(rng, 2, 8, 18, 0),
        int_case(rng, 3, (8, 1), (7, 1), (20, 0, 0)),
        xnor_case(rng, 23, 12, 0),
        every_product(1, 8, 1),
        every_product(0, 4, 1),
        every_product(1, 5, 0),
    ]


@pytest.mark.parametrize("cases", some([generic_cases, xilinx_cases]))
def test_every_element_is_exact(cases: Callable[[Rng], list[Any]], tmp_path: Path, count: Any) -> None:
    rng = np.random.default_rng(5)
    benches, expected = zip(*cases(rng), strict=True)
    for bench, wanted, found in zip(benches, expected, simulate(benches, tmp_path, rng), strict=True):
        assert np.array_equal(found, wanted), f"{bench.element.value} {bench.parameters}: {found[:6]} {wanted[:6]}"
        assert len(set(wanted)) > 4
        count(sums=len(wanted))


LINTED = [
    (Element.SHIFT, {"SIMD": 1}),
    (Element.SHIFT, {"SIMD": 5, "WINDOW_BITS": 2, "HAS_ZERO": 0, "X_SIGNED": 0}),
    (Element.SHIFT, {"SIMD": 9, "WINDOW_BITS": 0, "ACC_BITS": 9}),
    (Element.SHIFT, {"SIMD": 2, "WINDOW_BITS": 5, "ACC_BITS": 24}),
    (Element.ADDER, {"SIMD": 1}),
    (Element.ADDER, {"SIMD": 9, "BITS": 5, "ACC_BITS": 9}),
    (Element.DISTANCE, {"SIMD": 3}),
    (Element.INT, {"SIMD": 3}),
    (Element.INT, {"SIMD": 1, "W_BITS": 4, "X_SIGNED": 0, "W_SIGNED": 0}),
    (Element.INT, {"SIMD": 2, "DSP": 1}),
    (Element.XNOR, {"SIMD": 1}),
    (Element.XNOR, {"SIMD": 9, "ACC_BITS": 3}),
    (Element.XNOR, {"SIMD": 64}),
]


@pytest.mark.parametrize("generic", [1, 0], ids=["generic", "xilinx"])
@pytest.mark.parametrize("element, parameters", LINTED)
def test_lint(element: Element, parameters: dict[str, int], generic: int) -> None:
    lint(SIMULATED, element.value, {**parameters, "GENERIC": generic})


@pytest.mark.parametrize("parameters", [{"SIMD": 1}, {"SIMD": 6, "SIGNED": 1}])
def test_lint_total(parameters: dict[str, int]) -> None:
    lint(SIMULATED, Element.TOTAL.value, parameters)
