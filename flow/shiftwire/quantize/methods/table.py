"""The ways to make weights of smaller parts: a new one is a line here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shiftwire.errors import InputError
from shiftwire.quantize.methods.binary import BINARY
from shiftwire.quantize.methods.circulant import CIRCULANT
from shiftwire.quantize.methods.escalate import ESCALATE
from shiftwire.quantize.methods.product import Product
from shiftwire.quantize.methods.smartexchange import SMARTEXCHANGE
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.options import Options, is_named
from shiftwire.quantize.report import LayerCost
from shiftwire.quantize.weighted import FloatLayer, emit_shift

PRODUCTS: tuple[Product, ...] = (SMARTEXCHANGE, ESCALATE, CIRCULANT, BINARY)
BY_METHOD = {product.method: product for product in PRODUCTS}


def emit_layer(draft: NetworkDraft, layer: FloatLayer) -> None:
    """The layer as its method has it, or as the rest is where that has no part in it."""
    method = draft.options.of(layer.name).method
    product = BY_METHOD.get(method)
    why = None if product is None else product.left_alone(draft, layer)
    if product is None or why is not None:
        emit_shift(draft, layer)
    else:
        product.emit(draft, layer)
    draft.costs[-1] = replace(draft.costs[-1], layer=layer.name, method=method, left_alone=why)


def require_layers(options: Options, costs: Sequence[LayerCost]) -> None:
    """Raise InputError for a theta of a layer that is none of SmartExchange's, and for a method that no layer has."""
    layers = [cost.exchange.layer for cost in costs if cost.exchange is not None]
    for name in options.thetas:
        if name not in layers:
            raise InputError(
                f"a theta of '{name}' was asked for, but no layer of that name is made of factors; name one of "
                f"{', '.join(layers) or 'none, for there is no such layer'}"
            )
    names = [cost.layer for cost in costs if cost.layer is not None]
    for own in options.layers:
        if not any(is_named(own.pattern, name) for name in names):
            raise InputError(
                f"--layers gives {own.method.value} to '{own.pattern}', but no layer with weights has such a name; "
                f"name one of {', '.join(names) or 'none, for there is no such layer'}"
            )
