"""Bit operations: how many bits meet in a layer, a metric that knows no hardware.

After BOPs (Baskin et al., UNIQ, 2018; Karbachevsky et al., 2020), a formula that we know at second hand: call it ours.
Each of n taps of a sum counts b_a b_w + b_a + b_w + log2 n, for bits of activations b_a and of weights b_w. The product
differs by scheme: k b_a for k signed powers of two, b_a + b_w for an adder layer's distance, 1 for two bits that agree.
"""

from __future__ import annotations

from math import log2, prod

from shiftwire.ir.cfg import Element
from shiftwire.ir.network import Network, Node
from shiftwire.ir.weights import Weighted


def tap_bits(element: Element, x_bits: int, weight_bits: int, terms: float, taps: int) -> float:
    """Of one tap of a sum of so many."""
    products = {
        Element.SHIFT: terms * x_bits,
        Element.ADDER: x_bits + weight_bits,
        Element.DISTANCE: x_bits + weight_bits,
        Element.XNOR: 1,
    }
    return products.get(element, x_bits * weight_bits) + x_bits + weight_bits + log2(max(taps, 1))


def layer_bits(network: Network, node: Node) -> int:
    """Bit operations of a layer for one inference, rounded; 0 of one without weights."""
    op = node.op
    if not isinstance(op, Weighted):
        return 0
    (x,), taps = network.sources(node), prod(op.weights.shape[1:])
    terms = op.weights.terms if op.weights.terms is not None else 1
    own = tap_bits(op.weights.element, x.format.bits, op.weights.rom_type.bits, terms, taps)
    return round(network.tensors[node.name].size * taps * own)


def network_bits(network: Network) -> int:
    """Of all layers."""
    return sum(layer_bits(network, node) for node in network.nodes)
