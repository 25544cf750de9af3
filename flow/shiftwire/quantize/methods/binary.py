"""Signs: each weight becomes -1 or 1, and what a filter's weights are large by stands behind it (XNOR-Net)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from shiftwire.ir.network import Network
from shiftwire.ir.weights import Weighted
from shiftwire.numbers.fixed import Values
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.weights.binary import Binary
from shiftwire.ops.weights.shift import Shift
from shiftwire.passes.binary_layers import COUNTED
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.quantize.methods.product import Product, cost_of
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.report import LayerCost, is_binary
from shiftwire.quantize.weighted import FloatLayer, chain, norm_ratio


def signs_and_sizes(weights: Values) -> tuple[Values, Values]:
    """Signs (out, in...), 1 for 0, and the mean magnitude of each filter (out,): nearest to the weights in squares.

    Rastegari et al., XNOR-Net, ECCV 2016, equations 4 to 6.
    """
    signs: Values = np.where(weights < 0, -1.0, 1.0)
    sizes: Values = np.abs(weights.reshape(len(weights), -1)).mean(axis=1)
    return signs, sizes


def _emit(draft: NetworkDraft, layer: FloatLayer) -> None:
    """Signs as weights of one power of two, which layers on bits count; sizes go into the scale behind the sums."""
    right = draft.truth(layer.name)
    signs, sizes = signs_and_sizes(layer.weights)
    sign = signs.astype(np.int8)[None]
    weights = Shift(ShiftWeights(sign, np.zeros_like(sign)))
    steps = chain(draft, layer, weights, layer.scale * sizes, right)
    draft.emit(steps, layer.source, layer.name)
    lost = signs * sizes.reshape(-1, *[1] * (signs.ndim - 1)) - layer.weights
    cost = replace(cost_of(draft, layer, steps, right), how="signs", terms_mean=1.0, terms_max=1)
    draft.costs.append(replace(cost, weight_error=norm_ratio(lost, layer.weights)))


def _own(draft: NetworkDraft, layer: FloatLayer, _weights: Values) -> str | None:
    """The first and the last layer cost most and take least, so they are left as they are unless they are named."""
    if draft.options.names(layer.name):
        return None
    if layer.source in draft.inputs:
        return "it is the first layer, and --layers does not name it"
    return "it is the last layer, and --layers does not name it" if layer.is_last else None


def with_units(costs: Sequence[LayerCost], network: Network) -> tuple[LayerCost, ...]:
    """Costs in which layers of signs say what hardware they are: XNORs on bits and signs, else the shift unit."""
    if not any(map(is_binary, costs)):
        return tuple(costs)
    built = {node.name: node.op for node in run_pipeline(network).nodes}
    by_name = {node.name: node for node in network.nodes}

    def unit(cost: LayerCost) -> str:
        node = by_name[cost.name]
        while not isinstance(node.op, Weighted):
            node = by_name[node.inputs[0]]
        op = built.get(f"{node.name}{COUNTED}", built.get(node.name))
        return "XNORs" if isinstance(op, Weighted) and isinstance(op.weights, Binary) else "shift unit"

    return tuple(replace(cost, how=f"signs, {unit(cost)}") if is_binary(cost) else cost for cost in costs)


BINARY = Product(Method.BINARY, _emit, _own)
