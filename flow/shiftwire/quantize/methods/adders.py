"""Adder layers: templates as integers, or as factors where SmartExchange was asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.smart_exchange import decompose
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.factored import FactoredAdder
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.methods.smartexchange import SMARTEXCHANGE, exchange_of
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.options import Knob
from shiftwire.quantize.report import LayerCost, centred_error
from shiftwire.quantize.scaling import Step, TensorCodes, bias_on, channel_mean
from shiftwire.quantize.weighted import IDEAL_SAMPLES, FloatLayer, first_of, norm_ratio

FINER_BITS = 8
"""How much finer the grid of the templates is that stand for the float ones of an adder layer."""
TEMPLATE_BITS = 30
"""Of an adder layer's largest template, at most; inputs finer than that are beside nothing."""


def emit_adder(draft: NetworkDraft, layer: FloatLayer) -> None:
    """Templates on the input's own grid, as many bits as they need; what lies outside its range a pass makes a bias.

    Sums of distances lie far below 0. Where a batch norm takes any mean away, a bias does so at once: the sums get
    narrow, and the bias costs nothing in hardware. Inputs on a grid that no template shares are rounded to one of
    TEMPLATE_BITS first.
    """
    most = TEMPLATE_BITS - int(np.frexp(float(np.abs(layer.weights).max()))[1])
    if draft.format(layer.source).frac > most:
        fine = draft.format(layer.source)
        low, high = (code >> fine.frac - most for code in (fine.lo, fine.hi))
        coarse = Fixed.covering(low, high + 1, most)
        layer = replace(layer, source=draft.requantize(layer.source, coarse, f"{layer.name}_input"))
    frac = draft.format(layer.source).frac
    weights = _weights(draft, layer, frac)
    sums = Step.after(layer.make(weights, Bias.none(len(layer.weights))), draft.at(layer.source)).output
    centre = np.zeros(len(layer.weights))
    if draft.places.follower(layer.name, "BatchNormalization") is not None:
        centre = -channel_mean(sums.values)
    bias = bias_on(centre, frac)
    name = draft.adopt(layer.make(weights, bias), layer.source, layer.name, bias.add(sums.codes, frac))
    draft.graph.known[layer.name] = name
    draft.costs.append(_cost(draft, layer, name, weights))


def _method(draft: NetworkDraft, layer: FloatLayer) -> Method | None:
    """SmartExchange, or what --layers names this layer for; other methods say nothing of adder layers."""
    method = draft.options.of(layer.name).method
    is_asked = draft.options.names(layer.name)
    return method if is_asked or method is Method.SMARTEXCHANGE else None


def _left_alone(draft: NetworkDraft, layer: FloatLayer) -> str | None:
    match _method(draft, layer):
        case None:
            return None
        case Method.SMARTEXCHANGE:
            return SMARTEXCHANGE.left_alone(draft, layer)
    return "it is an adder layer, whose templates are no powers of two"


def _weights(draft: NetworkDraft, layer: FloatLayer, frac: int) -> Adder:
    """Templates on a grid, as factors where SmartExchange was asked for and its numbers are as fine."""
    if _method(draft, layer) is not None and _left_alone(draft, layer) is None:
        wanted = np.moveaxis(layer.weights, -1, 1)
        factors = decompose(wanted, draft.options.theta_of(layer.name))
        if factors.grid >= frac:
            weights = FactoredAdder.of(factors, frac, wanted.shape[1:])
            return weights if wanted.ndim == 2 else weights.with_moved(0, -1)
    return Adder(_templates(layer, frac), frac)


def _templates(layer: FloatLayer, frac: int) -> Codes:
    codes: Codes = np.rint(np.ldexp(layer.weights, frac)).astype(np.int64)
    return codes


def _cost(draft: NetworkDraft, layer: FloatLayer, name: str, weights: Adder) -> LayerCost:
    """Against templates FINER_BITS finer, on the same inputs."""
    frac, actual = weights.grid + FINER_BITS, draft.at(name).values
    finer = layer.make(Adder(_templates(layer, frac), frac), Bias.none(len(layer.weights)))
    first = first_of(draft, layer)
    format = first.tensor.format
    wide = replace(first.tensor, format=replace(format, bits=format.bits + FINER_BITS, frac=frac))
    ideal = Step.after(finer, TensorCodes(wide, first.codes << FINER_BITS)).output
    return LayerCost(
        name=name,
        kind=f"{weights.kind}{'Dense' if layer.weights.ndim == 2 else 'Conv'}",
        format=str(draft.format(name)),
        own_error=centred_error(actual[:IDEAL_SAMPLES], ideal.values),
        knob=Knob.ACT_BITS,
        error=centred_error(actual, draft.truth(layer.name)),
        weight_error=norm_ratio(np.ldexp(weights.codes, -weights.grid) - layer.weights, layer.weights),
        exchange=exchange_of(draft, layer, weights.factors) if isinstance(weights, FactoredAdder) else None,
        left_alone=_left_alone(draft, layer),
        layer=layer.name,
        method=_method(draft, layer),
    )
