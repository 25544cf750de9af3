"""A network as a host simulates it fastest; no code depends on a fold, nor on how many terms a weight is summed in."""

from __future__ import annotations

from dataclasses import replace

from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node
from shiftwire.ir.pipeline import Pipeline
from shiftwire.ir.weights import Weighted
from shiftwire.ops.conv import Conv
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.timing import timing

MOST_PE = 16
MOST_SIMD = 16
"""Sums that registers hold, and codes of a beat that do not push them out; measured, of 8, 16, 32 and 64 each."""
MOST_GATHERED = 32
"""SIMD of inputs of an uneven number of channels: their codes are copied anyhow, and fewer places stay empty."""
MOST_TAPS = 9
"""SIMD of a depthwise layer, whose beats bring as many taps of each of PE channels."""

MOST_POOLED = 4
"""SIMD of what is no sum of weights: more would compile longer than all that pools save of the time."""


def host_pipeline(network: Network) -> Pipeline:
    """The network's units, folded for the registers of a processor; the FIFOs are as deep as they need."""
    summed = replace(network, nodes=tuple(map(_summed_once, network.nodes)))
    units = pipeline(summed, {node.name: _fold(summed, node) for node in summed.nodes})
    return units.with_depths(timing(units).depths)


def _summed_once(node: Node) -> Node:
    """Weights of several terms as the integers that these add up to: a processor multiplies by either at once."""
    if not isinstance(node.op, Weighted) or not isinstance(node.op.weights, Shift):
        return node
    weights = node.op.weights.weights
    if weights.terms == 1:
        return node
    return replace(node, op=replace(node.op, weights=Int(weights.integers, -weights.exponent_range[0])))


def _fold(network: Network, node: Node) -> Fold:
    """As many lanes as registers hold, PE first."""
    folds = node.op.folds(network.sources(node), network.tensors[node.name])
    most = _most_simd(node)
    return max((f for f in folds if not f.turns and f.pe <= MOST_PE and f.simd <= most), key=lambda f: (f.pe, f.simd))


def _most_simd(node: Node) -> int:
    if not isinstance(node.op, Weighted):
        return MOST_POOLED
    if isinstance(node.op, Conv) and node.op.is_depthwise:
        return MOST_TAPS
    if node.op.weights.shape[-1] % MOST_SIMD:
        return MOST_GATHERED
    return MOST_SIMD
