"""SmartExchange: factors of a layer's own weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from shiftwire.numbers.factored import Factors
from shiftwire.numbers.fixed import Values
from shiftwire.numbers.smart_exchange import decompose, takes
from shiftwire.ops.weights.factored import Factored
from shiftwire.quantize.methods.product import Product, cost_of, forms, kernel_of
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.terms import Exchange, Form
from shiftwire.quantize.weighted import FloatLayer, chain


def _emit(draft: NetworkDraft, layer: FloatLayer) -> None:
    """Factors of the layer's own weights, so that theta means the same in all; a scale stands behind."""
    right, theta = draft.truth(layer.name), draft.options.theta_of(layer.name)
    wanted = np.moveaxis(layer.weights, -1, 1)
    factors = decompose(wanted, theta)
    weights = Factored.of(factors, wanted.shape[1:])
    weights = weights if wanted.ndim == 2 else weights.with_moved(0, -1)
    steps = chain(draft, layer, weights, layer.scale if np.any(layer.scale != 1) else None, right)
    draft.emit(steps, layer.source, layer.name)
    exchange = exchange_of(draft, layer, factors)
    cost = cost_of(draft, layer, steps, right)
    draft.costs.append(replace(cost, weight_error=exchange.error(0), how=f"theta {theta.least:g}", exchange=exchange))


def exchange_of(draft: NetworkDraft, layer: FloatLayer, factors: Factors) -> Exchange:
    """What factors of a layer's weights take and lose, beside other forms of them."""
    wanted = np.moveaxis(layer.weights, -1, 1)
    lost = np.ldexp(factors.integers, -factors.grid) - wanted.reshape(len(wanted), -1)
    rows = forms(wanted, Form("SmartExchange", factors.storage.bits, float(np.linalg.norm(lost))))
    least = draft.options.theta_of(layer.name).least
    return Exchange(layer.name, least, factors.storage, float(np.linalg.norm(wanted)), rows)


def _own(_draft: NetworkDraft, _layer: FloatLayer, weights: Values) -> str | None:
    is_taken = takes(weights.shape, is_depthwise=False)
    return None if is_taken else f"its kernels are {kernel_of(weights)}, neither 3x3 nor 1x1"


SMARTEXCHANGE = Product(Method.SMARTEXCHANGE, _emit, _own)
