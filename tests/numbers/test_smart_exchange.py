"""SmartExchange beside a plain loop of its equations, code for code, and the bits of its factors counted one by one."""

from fractions import Fraction

import numpy as np
import pytest

from plain_exchange import plain_loop
from shiftwire.errors import InputError
from shiftwire.numbers.factored import Factors
from shiftwire.numbers.smart_exchange import (
    Theta,
    basis_codes,
    decompose,
    exchanged,
    finest_frac,
    matrices,
    nearest_powers,
    takes,
)


@pytest.mark.parametrize("seed", range(20))
def test_coefficients_and_basis_are_those_of_a_plain_loop(seed: int) -> None:
    """Of small and of long matrices, one of rank 2 and one that is empty; several rounds are worked through."""
    rng = np.random.default_rng(seed)
    rows = int(rng.choice([2, 3, 9, 48, 120]))
    w = rng.normal(0, rng.choice([0.05, 0.3, 4.0]), (rows, 3))
    if seed == 7:
        w[:, 2] = w[:, 0] - w[:, 1]
    if seed == 8:
        w[:] = 0
    theta = float(rng.choice([1e-3, 4e-3, 2e-2]))
    by_row = bool(seed % 2)
    sign, exponent, basis = exchanged(w, Theta(theta, by_row))
    own_sign, own_exponent, own_basis, rounds = plain_loop(w, theta, by_row)
    assert sign.tolist() == own_sign.tolist() and exponent.tolist() == own_exponent.tolist()
    assert rounds >= (1 if rows < 4 or seed == 8 else 2)
    frac = next(f for f in range(40, -40, -1) if all(-128 <= round(float(v) * 2.0**f) <= 127 for v in basis.ravel()))
    codes = [[round(float(v) * 2.0**frac) for v in row] for row in own_basis]  # Python's round is half to even
    if seed != 8:
        assert finest_frac(basis) == frac and basis_codes(basis, frac).tolist() == codes


def test_a_layer_is_the_loop_piece_by_piece() -> None:
    """A 3x3 layer of 70 channels has pieces of 192 and 18 rows, its weights are exact products in fractions."""
    w = np.random.default_rng(3).normal(0, 0.2, (2, 70, 3, 3))
    factors = decompose(w, Theta(4e-3))
    assert factors.sign.shape == (2, 2, 192, 3) and factors.taps == 630
    for o in range(2):
        whole = w[o].reshape(210, 3)
        rebuilt: list[Fraction] = []
        for piece, part in enumerate((whole[:192], whole[192:])):
            sign, exponent, basis, _ = plain_loop(part, 4e-3, by_row=False)
            assert factors.sign[o, piece, : len(part)].tolist() == sign.tolist()
            assert factors.exponent[o, piece, : len(part)].tolist() == exponent.tolist()
            codes = np.rint(basis * 2.0**factors.basis_frac).astype(int)
            assert factors.basis[o, piece].tolist() == codes.tolist()
            for s, p in zip(sign, exponent, strict=True):
                powers = [int(a) * Fraction(2) ** int(e) for a, e in zip(s, p, strict=True)]
                steps = Fraction(2) ** -factors.basis_frac
                rebuilt += [sum(powers[k] * int(codes[k, j]) * steps for k in range(3)) for j in range(3)]
        assert [Fraction(int(code), 1) / Fraction(2) ** factors.grid for code in factors.integers[o]] == rebuilt
    assert np.linalg.norm(np.ldexp(factors.integers, -factors.grid) - w.reshape(2, -1)) < 0.25 * np.linalg.norm(w)


def test_ties_go_to_the_smaller_power_and_32_is_the_largest() -> None:
    values = np.array([[1.5, -0.375, 3.0], [np.nextafter(1.5, 2), 47.0, -1e9], [0.0, 49.0, 24.0]])
    sign, exponent = nearest_powers(values)
    assert sign.tolist() == [[1, -1, 1], [1, 1, -1], [0, 1, 1]]
    assert exponent.tolist() == [[0, -2, 1], [1, 5, 5], [0, 5, 4]]


def test_rows_of_dense_layers_are_padded_to_threes() -> None:
    assert matrices(np.arange(1.0, 11).reshape(2, 5)).tolist() == [[[1, 2, 3], [4, 5, 0]], [[6, 7, 8], [9, 10, 0]]]
    factors = decompose(np.random.default_rng(0).normal(0, 1, (4, 5)), Theta())
    assert factors.integers.shape == (4, 5) and factors.sign.shape == (4, 1, 2, 3)


def test_only_3x3_and_1x1_kernels_and_rows_are_taken() -> None:
    assert takes((8, 4, 3, 3), is_depthwise=False) and takes((8, 4, 1, 1), is_depthwise=False)
    assert takes((8, 40), is_depthwise=False)
    for shape in ((8, 4, 5, 5), (8, 4, 3), (8, 4, 1, 3)):
        assert not takes(shape, is_depthwise=False)
    assert not takes((8, 1, 3, 3), is_depthwise=True)


def factors_of(sign: list[list[int]], exponent: list[list[int]], taps: int) -> Factors:
    shape = (1, 1, len(sign), 3)
    arrays = (np.array(each, np.int8).reshape(shape) for each in (sign, exponent))
    return Factors(*arrays, np.eye(3, dtype=np.int8)[None, None], 0, taps)


def test_bits_are_counted_code_by_code() -> None:
    """7 exponents and zero are 15 codes, 8 without zero 16, 8 and zero 17; with an empty row each row costs a bit."""
    seven = factors_of([[1, 0, -1], [1, 1, 1]], [[0, 0, -6], [-1, -2, -3]], 6).storage
    assert (seven.code_bits, seven.bits) == (4, 2 * 3 * 4 + 72)
    eight = factors_of([[1, 1, -1], [1, 1, 1]], [[0, 0, -7], [-1, -2, -3]], 6).storage
    assert (eight.code_bits, eight.bits) == (4, 2 * 3 * 4 + 72)
    with_zero = factors_of([[1, 0, -1], [1, 1, 1]], [[0, 0, -7], [-1, -2, -3]], 6).storage
    assert (with_zero.code_bits, with_zero.bits) == (5, 2 * 3 * 5 + 72)
    empty = factors_of([[1, 1, -1], [0, 0, 0], [1, 1, 1]], [[0, 0, -7], [0, 0, 0], [-1, -2, -3]], 9).storage
    assert (empty.code_bits, empty.index_bits, empty.bits) == (4, 3, 2 * 3 * 4 + 3 + 72)
    padded = factors_of([[1, 1, -1], [0, 0, 0]], [[0, 0, -1], [0, 0, 0]], 2).storage
    assert (padded.rows, padded.empty_rows, padded.bits) == (1, 0, 3 * 2 + 72)
    assert with_zero.compression(32) == 6 * 32 / 102 and with_zero.compression(8) == 6 * 8 / 102


def test_bits_of_a_layer_are_those_of_a_walk_over_its_codes() -> None:
    w = np.random.default_rng(5).normal(0, 0.05, (6, 20, 3, 3))
    w[:, ::3] *= 0.02
    factors = decompose(w, Theta(8e-3, rows=True))
    stored, zeros, exponents, rows, empty = 0, False, set(), 0, 0
    for o in range(6):
        for row in range(60):
            codes = list(zip(factors.sign[o, 0, row], factors.exponent[o, 0, row], strict=True))
            rows += 1
            if not any(s for s, _ in codes):
                empty += 1
                continue
            stored += 3
            zeros |= any(not s for s, _ in codes)
            exponents |= {int(p) for s, p in codes if s}
    names = 2 * len(range(min(exponents), max(exponents) + 1)) + zeros
    bits = next(b for b in range(20) if 2**b >= names)
    assert empty > 0 and factors.storage.bits == stored * bits + rows + 6 * 9 * 8


def test_the_widest_span_of_exponents_is_exact_in_float32() -> None:
    """Every product of the largest bases and coefficients, in any order; one exponent more is refused."""
    signs = np.ones((1, 1, 2, 3), np.int8)
    exponents = np.array([[9, 9, 9], [-5, -5, -5]], np.int8)[None, None]
    basis = np.full((1, 1, 3, 3), -128, np.int8)
    basis[..., 0] = 127
    factors = Factors(signs, exponents, basis, 7, 6)
    coefficients = np.ldexp(signs.astype(np.float32), exponents)
    products = coefficients @ np.ldexp(basis.astype(np.float32), -7)
    assert np.array_equal(np.ldexp(products.astype(np.float64), factors.grid).ravel(), factors.integers.ravel())
    assert np.abs(factors.integers).max() == 3 * 128 * 2**14 < 2**24
    with pytest.raises(InputError, match=r"exponents of coefficients from -6 to 9 span more than 14, and float32"):
        Factors(signs, np.where(exponents < 0, np.int8(-6), exponents), basis, 7, 6)


def test_shapes_that_do_not_fit_are_a_sentence() -> None:
    one = np.ones((2, 1, 4, 3), np.int8)
    basis = np.ones((2, 1, 3, 3), np.int8)
    for sign, exponent, base, taps, words in (
        (one[..., :2], one[..., :2], basis, 6, r"are no coefficients; give both the shape \(out, matrices, rows, 3\)"),
        (one, one[:, :, :2], basis, 6, "are no coefficients"),
        (one, one, basis[:1], 6, r"a basis of shape \(1, 1, 3, 3\) does not fit .*; give \(2, 1, 3, 3\)"),
        (one, one, basis, 13, "1 matrices of 4 rows have 12 numbers, and a filter of 13 weights wants no more"),
    ):
        with pytest.raises(InputError, match=words):
            Factors(sign, exponent, base, 0, taps)


def test_what_cannot_be_is_a_sentence() -> None:
    w = np.random.default_rng(0).normal(0, 0.1, (2, 4, 3, 3))
    with pytest.raises(InputError, match=r"a theta of 40 empties the layer, whose largest weight is 0\.\d+; give a sm"):
        decompose(w, Theta(40.0))
    with pytest.raises(InputError, match=r"a theta of 0 is not above 1e-12; give one such as 4e-3"):
        Theta(0.0)
    basis = np.diag([1.0, 0.5, -1.2])
    with pytest.raises(
        InputError, match=r"in steps of 2\^-8 reaches 307 steps, more than 8 bits; the finest scale that fits is 2\^-6"
    ):
        basis_codes(basis, 8)
    assert basis_codes(basis, 6).tolist() == [[64, 0, 0], [0, 32, 0], [0, 0, -77]]
