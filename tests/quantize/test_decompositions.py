"""Which ways of writing a layer's weights are tried, and what each of them comes to."""

from __future__ import annotations

import numpy as np
import pytest

from shiftwire.numbers.fixed import Values
from shiftwire.quantize.decompositions import Decomposition, decompositions, filter_errors
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.options import Options
from shiftwire.quantize.terms import APOT_LEVELS, ScaledTerms, greedy_terms, weight_values

DRAWN = np.random.default_rng(11).normal(0, 0.3, (4, 3, 5))
GRID = np.array([[0.75, -0.5], [0.25, 1.0]])
LEVELS = np.array([[3.0, -5.0], [7.0, 2.0]]) * [[0.37], [0.011]]
ONES, SCALE = np.ones(4), np.array([0.5, 1.7, -2.0, 3.3])


def tried(weights: Values, scale: Values, **options: object) -> list[Decomposition]:
    return list(decompositions(weights, scale, Options(**options), None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("weights", "scale", "hows"),
    [
        (GRID, ONES[:2], ["exact"]),
        (GRID, SCALE[:2], ["folded", "exact, scaled"]),
        (LEVELS, ONES[:2], ["folded", "exact, scaled"]),
        (DRAWN, ONES, ["folded", "scaled, step searched"]),
        (DRAWN, SCALE, ["folded", "scaled", "scaled, step searched"]),
    ],
)
@pytest.mark.parametrize("method", Method)
def test_what_is_tried(weights: Values, scale: Values, hows: list[str], method: Method) -> None:
    """What is folded carries the scale; what is exact are the weights themselves, whatever the method."""
    found = tried(weights, scale, method=method)
    assert [one.how for one in found] == hows
    column = scale.reshape(-1, *[1] * (weights.ndim - 1))
    for one in found:
        assert one.is_folded == (one.how in ("exact", "folded"))
        assert np.array_equal(one.wanted, weights * column if one.is_folded else weights)
        assert one.weights.values.shape == weights.shape
        if one.is_folded:
            assert one.weights.is_plain
        if one.how.startswith("exact"):
            assert one.weights.values == pytest.approx(weights, rel=1e-6)


@pytest.mark.parametrize("method", [Method.LINEAR, Method.LIGHTNN, Method.DEEPSHIFT])
def test_folded_terms_are_those_of_the_scaled_weights(method: Method) -> None:
    folded, scaled, searched = tried(DRAWN, SCALE, method=method, terms=2, exponents=6)
    count = 1 if method is Method.DEEPSHIFT else 2
    whole = greedy_terms(DRAWN * SCALE.reshape(4, 1, 1), count, 6, method)
    assert np.array_equal(weight_values(whole), folded.weights.values)
    assert scaled.weights.terms.terms <= count and searched.weights.terms.terms <= count
    octave = np.array([2.0 ** np.ceil(np.log2(np.abs(row).max())) for row in DRAWN])
    assert np.array_equal(scaled.weights.step, octave)
    of_each_range = []
    for high in (-1, 0):
        errors = []
        for step in (octave * 2 ** (at / 8) for at in range(-4, 4)):
            column = step.reshape(4, 1, 1)
            lost = weight_values(greedy_terms(DRAWN / column, count, 6, method, high)) * column - DRAWN
            errors.append([np.linalg.norm(part) / np.linalg.norm(row) for part, row in zip(lost, DRAWN, strict=True)])
        of_each_range.append(np.min(errors, axis=0))
    best = min(of_each_range, key=lambda each: (each**2).sum())
    assert filter_errors(DRAWN, searched.weights).tolist() == pytest.approx(best)
    used = searched.weights.terms.exponent[searched.weights.terms.sign != 0]
    assert used.max() - used.min() < 6
    at_the_octave = greedy_terms(DRAWN / octave.reshape(4, 1, 1), count, 6, method)
    assert np.array_equal(scaled.weights.values, weight_values(at_the_octave) * octave.reshape(4, 1, 1))


def nearest_levels(weights: Values, step: float) -> Values:
    levels = step * np.array([sign * level for sign in (1, -1) for level in APOT_LEVELS])
    return levels[np.abs(weights[..., None] - levels).argmin(axis=-1)]


def relative(row: Values, step: float) -> float:
    return float(np.linalg.norm(nearest_levels(row, step) - row) / np.linalg.norm(row))


def test_apot_takes_the_best_step_of_each_filter() -> None:
    """Where nothing scales behind it, the best of three powers of two; else the best of eight in an octave."""
    weights = DRAWN * np.array([1.0, 0.2, 3.0, 9.0]).reshape(4, 1, 1)
    folded, searched = tried(weights, ONES, method=Method.APOT)
    octave = np.array([2.0 ** np.ceil(np.log2(np.abs(row).max())) / 8 for row in weights])
    for row in range(4):
        halves = [relative(weights[row], octave[row] * half) for half in (0.5, 1.0, 2.0)]
        assert filter_errors(weights, folded.weights)[row] == pytest.approx(min(halves))
        steps = [relative(weights[row], octave[row] * 2 ** (at / 8)) for at in range(-4, 4)]
        assert filter_errors(weights, searched.weights)[row] == pytest.approx(min(steps))
    assert len({int(h) for h in np.log2(octave)}) > 1


def test_an_apot_scale_stays_behind() -> None:
    _, scaled, _ = tried(DRAWN, SCALE, method=Method.APOT)
    octave = np.array([2.0 ** np.ceil(np.log2(np.abs(row).max())) / 8 for row in DRAWN])
    assert np.array_equal(scaled.weights.step, octave)
    for row in range(4):
        assert scaled.weights.values[row] == pytest.approx(nearest_levels(DRAWN[row], octave[row]))


def test_a_dead_filter_has_a_step_of_one() -> None:
    weights = DRAWN.copy()
    weights[1], weights[2] = 0, weights[2] * 2.0**-70
    *_, searched = tried(weights, SCALE)
    assert searched.weights.step[1] == pytest.approx(2 ** (-4 / 8))
    assert searched.weights.step[2] >= 2.0**-60.5
    assert not searched.weights.values[1].any()


def test_errors_are_of_each_filter() -> None:
    weights = np.array([[[3.0, 4.0]], [[0.0, 0.0]], [[8.0, 6.0]]])
    terms = ScaledTerms(
        greedy_terms(np.array([[[2.0, 4.0]], [[0.5, 0.0]], [[8.0, 0.0]]]), 1, 8, Method.LINEAR), np.ones(3)
    )
    assert filter_errors(weights, terms).tolist() == pytest.approx([0.2, 0.5, 0.6])


def test_a_budget_takes_the_fewest_terms_that_keep_it() -> None:
    """And all that are allowed where none does."""
    weights = np.array([[1.0, 2.0, 4.0], [3.0, 0.751, 0.25], [1.0, 0.7317, 0.7391]])
    folded = tried(weights, np.ones(3), error_budget=0.01, terms=2)[0]
    errors = [
        filter_errors(weights, ScaledTerms(greedy_terms(weights, k, 8, Method.LINEAR), np.ones(3))) for k in (1, 2)
    ]
    assert errors[0][0] == 0
    assert errors[0][1] > 0.01 > errors[1][1]
    assert errors[1][2] > 0.01
    assert folded.weights.terms.terms_per_filter.tolist() == [1, 2, 2]
    edge = tried(weights, np.ones(3), error_budget=float(errors[1][1]), terms=6)[0]
    assert edge.weights.terms.terms_per_filter[1] == 2, "an error of the budget itself is within it"


def test_a_budget_on_outputs_asks_for_their_errors() -> None:
    asked: list[int] = []

    def errors(terms: ScaledTerms) -> Values:
        asked.append(terms.terms.terms)
        return np.array([0.5, 0.5, 0.5, 0.01]) / len(asked) ** 2

    options = Options(error_budget=0.1, budget_on_outputs=True, terms=4)
    folded = next(decompositions(DRAWN, ONES, options, errors))
    assert asked == [1, 2, 3, 4]
    assert folded.weights.terms.terms_per_filter.tolist() == [3, 3, 3, 1]
    asked.clear()
    next(decompositions(DRAWN, ONES, Options(error_budget=0.1, terms=4), errors))
    assert not asked
