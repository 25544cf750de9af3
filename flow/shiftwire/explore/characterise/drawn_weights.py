"""Random weights of every scheme that a unit of its own computes with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shiftwire.ir.weights import Weights
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.binary import Binary
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift

KINDS = (*("shift",) * 4, *("shift2",) * 2, *("adder",) * 3, *("int",) * 2, "binary", "dsp")
"""As often as they shall be drawn."""

WINDOWS = (1, 2, 4, 8, 8)
"""Exponents that occur in a layer."""


def drawn_weights(
    kind: str, rng: np.random.Generator, x: Fixed, shape: tuple[int, ...], share: Callable[[], float]
) -> Weights:
    """Weights of a kind on inputs of the format `x`; `share` gives coordinates for what decides their width."""
    match kind:
        case "shift" | "shift2":
            terms = 1 if kind == "shift" else 2 + int(share() * 2)
            return Shift(_shift(rng, (terms, *shape), WINDOWS[int(share() * len(WINDOWS))], has_zero=share() < 0.7))
        case "adder":
            reach = 1 << int(1 + share() * 8)
            return Adder(rng.integers(-reach, reach, shape), x.frac)
        case "int" | "dsp":
            bits = 2 + int(share() * 7)
            return Int(rng.integers(-(1 << bits - 1), 1 << bits - 1, shape), bits - 1)
        case _:
            return Binary(rng.choice(np.array([-1, 1]), shape), 0)


def _shift(rng: np.random.Generator, shape: tuple[int, ...], window: int, *, has_zero: bool) -> ShiftWeights:
    signs = np.array([-1, 0, 1] if has_zero else [-1, 1], np.int8)
    return ShiftWeights(rng.choice(signs, shape), rng.integers(1 - window, 1, shape).astype(np.int8))
