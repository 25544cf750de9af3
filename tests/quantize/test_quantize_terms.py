"""Weights to terms and values to formats: each family's rule, exactness on grids, and least errors."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import signed_digits
from shiftwire.quantize.decompositions import decompositions, filter_errors
from shiftwire.quantize.formats import choose_format, covering, mean_square
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.options import Options, Ranging
from shiftwire.quantize.scaling import fitted_slope
from shiftwire.quantize.terms import (
    APOT_LEVELS,
    ScaledTerms,
    apot_terms,
    greedy_terms,
    grid_of,
    levels_of,
    nearest_exponent,
    weight_values,
)


@pytest.mark.parametrize("octave", [-20, -1, 0, 7])
def test_families_round_at_their_own_thresholds(octave: int) -> None:
    """1.414 for the log domain, 1.5 for the linear one: 1.45 goes up in one and down in the other."""
    values = np.ldexp(np.array([1.0, 1.41, 1.42, 1.45, 1.5, 1.51, 1.99]), octave)
    assert (nearest_exponent(values, Method.LIGHTNN) - octave).tolist() == [0, 0, 1, 1, 1, 1, 1]
    assert (nearest_exponent(values, Method.LINEAR) - octave).tolist() == [0, 0, 0, 0, 0, 1, 1]


def test_terms_are_what_the_formula_says() -> None:
    """Q_k = Q_{k-1} + R(w - Q_{k-1}), in plain fractions."""
    weights = np.random.default_rng(0).normal(0, 0.3, (7, 9))
    for method in (Method.LINEAR, Method.LIGHTNN):
        for terms in (1, 2, 3):
            found = weight_values(greedy_terms(weights, terms, 30, method))
            wanted = [[float(_greedy(value, terms, method)) for value in row] for row in weights.tolist()]
            assert np.array_equal(found, wanted)


def _greedy(value: float, terms: int, method: Method) -> Fraction:
    left, total = Fraction(value), Fraction()
    for _ in range(terms):
        if not left:
            break
        low = next(p for p in range(-80, 9) if Fraction(2) ** (p + 1) > abs(left))
        ratio = abs(left) / Fraction(2) ** low
        is_up = ratio > Fraction(3, 2) if method is Method.LINEAR else ratio * ratio > 2
        term = Fraction(2) ** (low + is_up) * (1 if left > 0 else -1)
        total, left = total + term, left - term
    return total


def test_a_window_holds_so_many_exponents() -> None:
    weights = np.array([[1.0, 0.24, 0.13, 0.126, 0.12, 0.0, -0.5]])
    found = greedy_terms(weights, 1, 3, Method.LINEAR)
    assert found.exponent_range == (-2, 0)
    assert weight_values(found).tolist() == [[1.0, 0.25, 0.25, 0.25, 0.0, 0.0, -0.5]]


def test_more_terms_cost_what_they_do_on_normal_weights() -> None:
    """Relative errors of normal weights, eight exponents; a change of the rule moves them by far more than 1 %."""
    weights = np.random.default_rng(1).normal(0, 0.05, (64, 576))
    found = []
    for method in (Method.LIGHTNN, Method.LINEAR):
        for terms in (1, 2, 3):
            made = ScaledTerms(greedy_terms(weights, terms, 8, method), np.ones(64))
            found.append(float(np.linalg.norm(made.values - weights) / np.linalg.norm(weights)))
    assert found == pytest.approx(ERRORS, rel=0.01)


ERRORS = [0.2045, 0.0389, 0.0124, 0.1957, 0.0375, 0.0122]
"""Log domain with 1, 2, 3 terms, then linear domain."""


def test_signed_digits_are_exact_and_few() -> None:
    codes = np.arange(-700, 701).reshape(1, -1)
    made = signed_digits(codes, 5)
    assert np.array_equal(weight_values(made), codes / 32)
    for column in range(codes.size):
        used = sorted(made.exponent[made.sign[:, 0, column] != 0, 0, column].tolist())
        assert all(after - before > 1 for before, after in pairwise(used)), "two digits side by side"


def test_a_grid_is_found() -> None:
    codes = np.random.default_rng(2).integers(-128, 128, (3, 5)).astype(np.float64)
    codes[0, 0] = 1
    found = grid_of(np.ldexp(codes, -9).astype(np.float32))
    assert found is not None
    assert found[1] == 9
    assert np.array_equal(found[0], codes)
    assert grid_of(np.random.default_rng(3).normal(size=(4, 4)).astype(np.float32)) is None
    assert grid_of(np.zeros((2, 2)))[1] == 0


def test_integers_behind_a_float_scale_are_found() -> None:
    rng = np.random.default_rng(4)
    codes = rng.integers(-100, 101, (5, 40))
    weights = (codes.astype(np.float32) * rng.uniform(0.01, 3, (5, 1)).astype(np.float32)).astype(np.float64)
    found = levels_of(weights)
    assert found is not None
    assert np.abs(found.values - weights).max() < 1e-5 * np.abs(weights).max()
    assert levels_of(rng.normal(size=(5, 40)).astype(np.float32).astype(np.float64)) is None


def test_apot_takes_the_nearest_level() -> None:
    weights = np.linspace(-1.2, 1.2, 241).reshape(1, -1)
    made = apot_terms(weights, np.array([0.1]))
    levels = np.array(sorted({sign * level for level in APOT_LEVELS for sign in (-1, 1)}))
    nearest = np.abs(weights.T - 0.1 * levels).min(axis=1)
    assert np.allclose(np.abs(made.values - weights)[0], nearest)
    assert made.terms.terms == 2


def test_a_searched_step_is_never_worse() -> None:
    weights = np.random.default_rng(5).normal(0, 0.1, (6, 30))
    for method in Method:
        options = Options(method=method, terms=1)
        _, searched = decompositions(weights, np.ones(6), options, None)
        plain = ScaledTerms(greedy_terms(weights, 1, 8, method), np.ones(6)) if method is not Method.APOT else None
        if plain is not None:
            assert (filter_errors(weights, searched.weights) <= filter_errors(weights, plain) + 1e-12).all()
        assert (filter_errors(weights, searched.weights) < 0.3).all()


@pytest.mark.parametrize("bits", [1, 4, 8, 15])
@pytest.mark.parametrize(("low", "high"), [(0.0, 0.001), (0.0, 7.97), (-1.0, 0.99), (-300.0, 12.0), (-4.0, 8.0)])
def test_a_covering_format_is_the_finest(low: float, high: float, bits: int) -> None:
    held = covering(low, high, bits)
    assert (held.bits, held.signed) == (bits, low < 0)
    finer = Fixed(bits, held.frac + 1, held.signed)
    assert held.lo <= np.rint(np.ldexp(low, held.frac)) and np.rint(np.ldexp(high, held.frac)) <= held.hi
    assert finer.lo > np.rint(np.ldexp(low, finer.frac)) or np.rint(np.ldexp(high, finer.frac)) > finer.hi


def test_the_least_square_beats_its_neighbours() -> None:
    values = np.abs(np.random.default_rng(6).laplace(0, 1, 20000))
    held = choose_format("t", values, 6, Options())
    for frac in (held.frac - 1, held.frac + 1):
        assert mean_square(values, held) < mean_square(values, Fixed(6, frac, signed=False))
    widest = choose_format("t", values, 6, Options(ranging=Ranging.MINMAX))
    middle = choose_format("t", values, 6, Options(ranging=Ranging.PERCENTILE, percentile=99.0))
    assert widest.frac < middle.frac
    assert choose_format("t", np.zeros(4), 8, Options()) == Fixed(8, 8, signed=False)


def test_a_slope_is_fitted_where_there_are_values_enough() -> None:
    rng = np.random.default_rng(7)
    sums = rng.normal(0, 1, (2000, 3))
    right = sums * [1.1, 2.0, 9.0] + rng.normal(0, 0.01, (2000, 3))
    assert fitted_slope(sums, right, np.array([1.0, 2.0, 3.0])) == pytest.approx([1.1, 2.0, 3.0], abs=0.01)
    assert fitted_slope(sums[:9], right[:9], np.array([1.0, 2.0, 3.0])).tolist() == [1.0, 2.0, 3.0]
