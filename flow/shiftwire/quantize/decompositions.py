"""The ways in which a layer's weights may become terms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.numbers.fixed import Codes, Values
from shiftwire.numbers.shift_weights import signed_digits
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.options import Options
from shiftwire.quantize.terms import (
    LEAST_EXPONENT,
    STEPS,
    ScaledTerms,
    apot_terms,
    greedy_terms,
    grid_of,
    highest_exponent,
    levels_of,
    mixed,
)

APOT_TOP = 8.0
"""A filter's largest weight in APoT steps, before steps around it are tried: between the levels 8 and 10."""
FilterErrors = Callable[[ScaledTerms], Values]
"""Relative error of each filter, (out,)."""


@dataclass(frozen=True, eq=False)
class Decomposition:
    """Terms for the weights `wanted` (out, in...); folded ones carry the layer's scale, others need an Affine."""

    how: str
    wanted: Values
    weights: ScaledTerms
    is_folded: bool


def decompositions(
    weights: Values, scale: Values, options: Options, output_errors: FilterErrors | None
) -> Iterator[Decomposition]:
    """The folded one first; then the layer's own weights (out, in...) with a scale (out,) behind.

    `output_errors` measures filters by their outputs, where the error budget is on outputs.
    """
    options = options.left
    exact = grid_of(weights)
    plain = levels_of(weights) if exact is None else ScaledTerms(signed_digits(*exact), np.ones(len(weights)))
    has_scale = bool(np.any(scale != 1))
    if plain is not None and plain.is_plain and not has_scale:
        yield Decomposition("exact", weights, plain, is_folded=True)
        return
    errors = output_errors or (lambda terms: np.full(len(weights), np.nan))
    folded = weights * scale.reshape(-1, *[1] * (weights.ndim - 1))
    yield Decomposition("folded", folded, _chosen(folded, None, options, errors), is_folded=True)
    if plain is not None:
        yield Decomposition("exact, scaled", weights, plain, is_folded=False)
        return
    octave = _octave(weights) / (APOT_TOP if options.method is Method.APOT else 1)
    if has_scale:
        yield Decomposition("scaled", weights, _chosen(weights, [octave], options, errors), is_folded=False)
    steps = [octave * step for step in STEPS]
    yield Decomposition("scaled, step searched", weights, _chosen(weights, steps, options, errors), is_folded=False)


def filter_errors(weights: Values, terms: ScaledTerms) -> Values:
    """Relative root mean square error of each filter's weights, (out,)."""
    lost, whole = (np.linalg.norm(part.reshape(len(part), -1), axis=1) for part in (terms.values - weights, weights))
    errors: Values = lost / np.where(whole > 0, whole, 1)
    return errors


def _chosen(
    weights: Values, steps: Sequence[Values] | None, options: Options, output_errors: FilterErrors
) -> ScaledTerms:
    """Terms of each filter: all that are allowed, or the fewest within the budget."""
    if options.error_budget is None:
        return _of_terms(weights, steps, options.terms, options)
    tried = [_of_terms(weights, steps, count, options) for count in range(1, options.terms + 1)]
    measured = [output_errors(terms) if options.budget_on_outputs else filter_errors(weights, terms) for terms in tried]
    is_within = np.stack(measured) <= options.error_budget
    return _picked(tried, np.where(is_within.any(axis=0), is_within.argmax(axis=0), len(tried) - 1))


def _of_terms(weights: Values, steps: Sequence[Values] | None, terms: int, options: Options) -> ScaledTerms:
    """Terms for the weights as they are, or over the best of the steps (out,) for each filter."""
    if steps is None and options.method is not Method.APOT:
        count = 1 if options.method is Method.DEEPSHIFT else terms
        return ScaledTerms(greedy_terms(weights, count, options.exponents, options.method), np.ones(len(weights)))
    if steps is None:
        octave = _octave(weights) / APOT_TOP
        return _absorbed(_best(weights, [apot_terms(weights, octave * half) for half in (0.5, 1.0, 2.0)]))
    if options.method is Method.APOT:
        return _best(weights, [apot_terms(weights, step) for step in steps])
    units = [weights / step.reshape(-1, *[1] * (weights.ndim - 1)) for step in steps]
    count = 1 if options.method is Method.DEEPSHIFT else terms

    def in_range(high: int) -> ScaledTerms:
        each = [greedy_terms(own, count, options.exponents, options.method, high) for own in units]
        return _best(weights, [ScaledTerms(own, step) for own, step in zip(each, steps, strict=True)])

    highest = sorted({highest_exponent(own, options.method) for own in units})
    shared = map(in_range, highest)  # the filters of a layer share a range, whatever their steps
    return min(shared, key=lambda own: float(np.square(filter_errors(weights, own)).sum()))


def _best(weights: Values, tried: Sequence[ScaledTerms]) -> ScaledTerms:
    return _picked(tried, np.stack([filter_errors(weights, terms) for terms in tried]).argmin(axis=0))


def _picked(tried: Sequence[ScaledTerms], chosen: Codes) -> ScaledTerms:
    """Filter o as in tried[chosen[o]]."""
    step = np.stack([terms.step for terms in tried])[chosen, np.arange(len(chosen))]
    return ScaledTerms(mixed([terms.terms for terms in tried], chosen), step)


def _absorbed(terms: ScaledTerms) -> ScaledTerms:
    """Steps that are powers of two become part of the exponents."""
    power = np.log2(terms.step).astype(np.int8).reshape(1, -1, *[1] * (terms.terms.sign.ndim - 2))
    exponent = np.where(terms.terms.sign != 0, terms.terms.exponent + power, 0).astype(np.int8)
    return ScaledTerms(type(terms.terms)(terms.terms.sign, exponent), np.ones_like(terms.step))


def _octave(weights: Values) -> Values:
    """The power of two at or above each filter's largest weight, (out,)."""
    largest = np.abs(weights.reshape(len(weights), -1)).max(axis=1)
    octaves: Values = np.exp2(np.ceil(np.log2(np.where(largest > 0, largest, 1))))
    return np.maximum(octaves, 2.0**LEAST_EXPONENT)
