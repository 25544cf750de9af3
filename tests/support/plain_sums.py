"""Layers with weights the plain way: every tap beside every weight in int64, and nothing else."""

from __future__ import annotations

import numpy as np

from shiftwire.ir.network import Network, Node
from shiftwire.ir.weights import Weighted, Weights
from shiftwire.numbers.fixed import Codes
from shiftwire.ops.conv import Conv
from shiftwire.ops.weights.adder import Adder


def met(weights: Weights, taps: Codes, rows: slice) -> Codes:
    """Sums (..., rows) of taps (..., in)."""
    own = weights.rows[rows]
    if isinstance(weights, Adder):
        return np.stack([-np.abs(taps - row).sum(axis=-1) for row in own], axis=-1)
    return np.stack([(taps * row).sum(axis=-1) for row in own], axis=-1)


def sums(op: Weighted, x: Codes) -> Codes:
    """Sums (N, ..., out) of codes (N, ..., in) without the bias."""
    if not isinstance(op, Conv):
        return met(op.weights, x, slice(None))
    patches = np.moveaxis(op.window.patches(x), 1 + op.window.axes, -1)
    channels, filters = op.weights.shape[-1], op.weights.shape[0] // op.groups
    groups = []
    for group in range(op.groups):
        own = patches[..., group * channels : (group + 1) * channels]
        taps = own.reshape(*own.shape[: 1 + op.window.axes], -1)
        groups.append(met(op.weights, taps, slice(group * filters, (group + 1) * filters)))
    return np.concatenate(groups, axis=-1)


def plain_codes(network: Network, node: Node, known: dict[str, Codes]) -> Codes:
    """What a node with weights makes of codes (N, ...) that are known by name."""
    op, (source,) = node.op, node.inputs
    assert isinstance(op, Weighted)
    frac = op.weights.frac(network.tensors[source].format)
    return op.bias.add(sums(op, known[source]), frac)
