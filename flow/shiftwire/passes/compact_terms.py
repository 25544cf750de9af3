"""Move the terms that a weight uses to the front, so that a filter's k counts terms and not gaps."""

from dataclasses import replace

from shiftwire.ir.network import Network, Op
from shiftwire.ir.weights import Weighted
from shiftwire.numbers.shift_weights import compacted
from shiftwire.ops.affine import Affine


def compact_terms(network: Network) -> Network:
    """The network with every weight's terms first and its zeros last; no weight changes its value."""
    return replace(network, nodes=tuple(replace(node, op=_compacted(node.op)) for node in network.nodes))


def _compacted(op: Op) -> Op:
    match op:
        case Weighted(weights=weights):
            return replace(op, weights=weights.compacted())
        case Affine(scale=scale):
            return replace(op, scale=compacted(scale))
    return op
