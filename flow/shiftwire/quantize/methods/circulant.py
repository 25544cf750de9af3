"""Circulant blocks: each diagonal of a block becomes its mean, and that a sum of powers of two."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from shiftwire.numbers.fixed import Values
from shiftwire.ops.weights.circulant import Circulant, places
from shiftwire.quantize.methods.product import Product, cost_of
from shiftwire.quantize.methods.rules import BLOCK, Method
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.terms import greedy_terms
from shiftwire.quantize.weighted import FloatLayer, chain, norm_ratio


def vectors_of(weights: Values, block: int) -> Values:
    """Least-squares blocks (out / b, in / b, b, kernel...) of weights (out, in, kernel...), which are means."""
    outputs, inputs, *kernel = weights.shape
    shape = (outputs // block, inputs // block, block, *kernel)
    sums = np.bincount(places(shape).ravel(), weights.ravel())
    means: Values = (sums / block).reshape(shape)
    return means


def _emit(draft: NetworkDraft, layer: FloatLayer) -> None:
    """Vectors of the layer's own weights, whose scales, which differ inside of blocks, stand behind."""
    right, options = draft.truth(layer.name), draft.options.of(layer.name)
    wanted = np.moveaxis(layer.weights, -1, 1)
    vectors = vectors_of(wanted, options.number(BLOCK))
    weights = Circulant.of(greedy_terms(vectors, options.terms, options.exponents, Method.LINEAR))
    last = weights if wanted.ndim == 2 else weights.with_moved(0, -1)
    steps = chain(draft, layer, last, layer.scale if np.any(layer.scale != 1) else None, right)
    draft.emit(steps, layer.source, layer.name)
    values = np.ldexp(weights.weights.integers.astype(np.float64), weights.weights.exponent_range[0])
    cost = cost_of(draft, layer, steps, right)
    error = norm_ratio(values - wanted, wanted)
    terms = weights.vectors.terms_per_filter
    draft.costs.append(
        replace(
            cost,
            weight_error=error,
            how=f"blocks of {options.number(BLOCK)}",
            terms_mean=float(terms.mean()),
            terms_max=int(terms.max()),
        )
    )


def _own(draft: NetworkDraft, layer: FloatLayer, weights: Values) -> str | None:
    block = draft.options.of(layer.name).number(BLOCK)
    outputs, inputs = weights.shape[:2]
    if outputs % block or inputs % block:
        return f"its {outputs} outputs and {inputs} inputs are not both whole blocks of {block}"
    return None


CIRCULANT = Product(Method.CIRCULANT, _emit, _own)
