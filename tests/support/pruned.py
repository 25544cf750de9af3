"""Weights pruned in blocks, runs of taps of runs of filters, so that whole folds of them add nothing."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
import numpy.typing as npt

from shiftwire.ir.weights import Weights
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift

Mask = npt.NDArray[np.bool_]


def blocks(shape: tuple[int, ...], block: tuple[int, int], share: float, rng: np.random.Generator) -> Mask:
    """Which weights stay, (out, in...): about a share of the blocks of so many filters and taps."""
    filters, taps = shape[0], prod(shape[1:])
    stay = rng.random((-(-filters // block[0]), -(-taps // block[1]))) < share
    return np.repeat(np.repeat(stay, block[0], 0), block[1], 1)[:filters, :taps].reshape(shape)


def pruned(weights: Weights, stay: Mask) -> Weights:
    """Zeros where none stays; weights for which a zero is work are left alone."""
    if isinstance(weights, Shift):
        return replace(weights, weights=replace(weights.weights, sign=weights.weights.sign * stay))
    return replace(weights, codes=weights.codes * stay) if isinstance(weights, Int) else weights


def random_pruned(weights: Weights, rng: np.random.Generator) -> Weights:
    """Pruned in blocks of any size, filters in any order or as they come."""
    filters, taps = weights.shape[0], prod(weights.shape[1:])
    block = int(rng.integers(1, filters + 1)), int(rng.integers(1, taps // 2 + 2))
    stay = blocks(weights.shape, block, float(rng.uniform(0.1, 0.4)), rng)
    return pruned(weights, stay[rng.permutation(filters)] if rng.integers(2) else stay)
