"""Move the terms that a weight uses to the front, so that a filter's k counts terms and not gaps."""

from dataclasses import replace

import numpy as np

from shiftwire.ir.network import Network, Op
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.affine import Affine
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.shift import Shift


def compact_terms(network: Network) -> Network:
    """The network with every weight's terms first and its zeros last; no weight changes its value."""
    return replace(network, nodes=tuple(replace(node, op=_compacted(node.op)) for node in network.nodes))


def _compacted(op: Op) -> Op:
    match op:
        case Dense(weights=Shift(weights)) | Conv(weights=Shift(weights)):
            return replace(op, weights=Shift(_front(weights)))
        case Affine(scale=scale):
            return replace(op, scale=_front(scale))
    return op


def _front(weights: ShiftWeights) -> ShiftWeights:
    """Terms in their old order, the unused ones behind them; planes that no filter uses go, but one stays."""
    order = np.argsort(weights.sign == 0, axis=0, kind="stable")
    sign = np.take_along_axis(weights.sign, order, axis=0)
    exponent = np.take_along_axis(weights.exponent, order, axis=0)
    kept = max(int(np.count_nonzero(sign.any(axis=tuple(range(1, sign.ndim))))), 1)
    return ShiftWeights(sign[:kept], exponent[:kept])
