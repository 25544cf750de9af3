"""A network as a host simulates it fastest; no code depends on a fold, nor on how a weight is multiplied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node
from shiftwire.ir.pipeline import Pipeline
from shiftwire.ir.weights import Weighted, Weights
from shiftwire.native.spread import SpreadConv, spread
from shiftwire.ops.conv import Conv
from shiftwire.ops.weights.binary import Binary
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.timing import timing
from shiftwire.tools.host_cpp import Processor

MOST_PE = 16
MOST_SIMD = 16
"""Sums that registers hold, and codes of a beat that do not push them out; measured, of 8, 16, 32 and 64 each."""
MOST_GATHERED = 32
"""SIMD of inputs of an uneven number of channels: their codes are copied anyhow, and fewer places stay empty."""
MOST_TAPS = 9
"""SIMD of a depthwise layer, whose beats bring as many taps of each of PE channels."""

MOST_POOLED = 4
"""SIMD of what is no sum of weights: more would compile longer than all that pools save of the time."""


def host_pipeline(network: Network, processor: Processor) -> Pipeline:
    """The network's units, folded for the registers of a processor; the FIFOs are as deep as they need."""
    multiplied = replace(network, nodes=tuple(spread(network, _multiplied(node), processor) for node in network.nodes))
    folds: dict[str, Fold] = {}
    for node in multiplied.nodes:
        folds[node.name] = _fold(multiplied, node, [folds[name].pe for name in node.inputs if name in folds])
    units = pipeline(multiplied, folds)
    return units.with_depths(timing(units).depths)


def _multiplied(node: Node) -> Node:
    """Weights of several terms and of signs as integers: a processor multiplies by either at once."""
    if not isinstance(node.op, Weighted):
        return node
    integers = _integers(node.op.weights)
    return node if integers is None else replace(node, op=replace(node.op, weights=integers))


def _integers(weights: Weights) -> Int | None:
    """The same numbers, where a lane of its own would take longer than a product."""
    if isinstance(weights, Shift) and weights.weights.terms > 1:
        return Int(weights.weights.integers, -weights.weights.exponent_range[0])
    if isinstance(weights, Binary):
        return Int(weights.codes, weights.grid)
    return None


def _fold(network: Network, node: Node, arriving: Sequence[int]) -> Fold:
    """As many lanes as registers hold, PE first; up to half of them less where those that arrive fill them evenly."""
    if isinstance(node.op, SpreadConv):
        return node.op.fold(arriving)
    is_weighted = isinstance(node.op, Weighted)
    most_pe = MOST_PE if is_weighted else max([MOST_PE, *arriving])
    most_simd = _most_simd(node, arriving)
    folds = node.op.folds(network.sources(node), network.tensors[node.name])
    known = [fold for fold in folds if not fold.turns and fold.pe <= most_pe and fold.simd <= most_simd]
    widest = max(known, key=_lanes)

    def is_even(fold: Fold) -> bool:
        lanes, widest_lanes = (fold.simd, widest.simd) if is_weighted else (fold.pe, widest.pe)
        return 2 * lanes > widest_lanes and all(lanes % each == 0 or each % lanes == 0 for each in arriving)

    return max(known, key=lambda fold: (is_even(fold), *_lanes(fold)))


def _lanes(fold: Fold) -> tuple[int, int]:
    return fold.pe, fold.simd


def _most_simd(node: Node, arriving: Sequence[int]) -> int:
    if not isinstance(node.op, Weighted):
        return MOST_POOLED
    if isinstance(node.op, Conv) and node.op.is_depthwise:
        return MOST_TAPS
    if node.op.weights.shape[-1] % MOST_SIMD:
        return max([MOST_GATHERED, *arriving])
    return max([MOST_SIMD, *arriving])
