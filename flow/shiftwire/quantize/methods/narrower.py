"""Which options make a layer's sums narrower: those of the numbers that its grid comes from."""

from __future__ import annotations

from collections.abc import Collection

from shiftwire.ir.network import Network, Op
from shiftwire.ir.weights import Weighted
from shiftwire.ops.affine import Affine
from shiftwire.ops.weights.factors import OfFactors
from shiftwire.ops.weights.shift import Shift
from shiftwire.quantize.options import Knob

LARGER_THETA = "a larger --theta"
WORDS = (LARGER_THETA, f"fewer {Knob.EXPONENTS.value}", f"fewer {Knob.AFFINE_EXPONENTS.value}")


def narrower(network: Network, wide: Collection[str]) -> tuple[str, ...]:
    """Words of options, beside the bits of activations, that the layers of these tensors obey."""
    owners = [node.op for node in network.nodes if node.name in wide]
    return tuple(words for words, obeys in zip(WORDS, OBEYS, strict=True) if any(map(obeys, owners)))


def _has_factors(op: Op) -> bool:
    return isinstance(op, Weighted) and isinstance(op.weights, OfFactors)


def _has_exponents(op: Op) -> bool:
    """Of weights of several; signs have none to give."""
    if not isinstance(op, Weighted) or not isinstance(op.weights, Shift):
        return False
    low, high = op.weights.weights.exponent_range
    return low < high


def _is_scale(op: Op) -> bool:
    return isinstance(op, Affine)


OBEYS = (_has_factors, _has_exponents, _is_scale)
