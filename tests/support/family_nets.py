"""One topology in every family of the papers: ResNet-8 of 8, 16 and 32 channels for 28 x 28 grey pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from shiftwire.ir.network import Network
from shiftwire.ir.weights import Weighted, Weights
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.conv import Conv
from shiftwire.ops.weights.circulant import Circulant
from shiftwire.ops.weights.factored import Factored
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire_models.block import Arithmetic, BlockKind
from shiftwire_models.distribution import WEIGHT
from shiftwire_models.floats.resnet import FloatResNetConfig
from shiftwire_models.grid import Format
from shiftwire_models.nets.resnet import ResNetConfig
from shiftwire_models.nets.zoo import GREY, resnet
from shiftwire_models.terms import ExponentRange
from shiftwire_models.weights import WeightRule, WeightSpec

NAME = "resnet8-8-16-32"
SHAPE, WIDTHS = (1, 28, 28), (8, 16, 32)


class Made(Enum):
    """Where a family's exact file comes from: its own training, the float net's weights, or those trained on."""

    TRAINED = "trained"
    QUANTIZED = "quantized"
    RETRAINED = "retrained"


@dataclass(frozen=True)
class Family:
    """`config` is the net that is trained; `loss` the weight of the distribution loss.

    products  bits of integers that meet data in multipliers, as `convert --integer-weights multiply` has them
    like      the family of the same units, whose netlist and programs differ in the numbers of memories alone
    """

    name: str
    config: ResNetConfig | FloatResNetConfig
    made: Made = Made.TRAINED
    loss: float = 0.0
    products: int | None = None
    like: str | None = None

    @property
    def is_float(self) -> bool:
        """Whether nothing of it is exact."""
        return self.made is Made.TRAINED and isinstance(self.config, FloatResNetConfig)


FLOAT = FloatResNetConfig(SHAPE, WIDTHS, 1)
_NUMBERS = replace(
    resnet(BlockKind.SHIFT, 1).numbers, weight=WeightSpec(WeightRule.LIGHTNN, terms=1), activation=Format(7, 4, False)
)
_BINARY = WeightSpec(WeightRule.DEEPSHIFT_Q, bits=1)
_BITS = replace(_NUMBERS, activation=Format(1, 0, False))


def _net(kind: BlockKind, numbers: Arithmetic, ends: Arithmetic | None = None) -> ResNetConfig:
    return replace(resnet(kind, 1, WIDTHS), input_shape=SHAPE, input_grid=GREY, numbers=numbers, ends=ends)


_ONE_BIT = _net(BlockKind.SHIFT, replace(_BITS, weight=_BINARY, shift_scale=ExponentRange(-7, 1)), _BITS)

FAMILIES = (
    Family("float", FLOAT),
    Family("lightnn-1", _net(BlockKind.SHIFT, _NUMBERS)),
    Family("lightnn-2", _net(BlockKind.SHIFT, replace(_NUMBERS, weight=WeightSpec(WeightRule.LIGHTNN, terms=2)))),
    Family(
        "int4",
        _net(
            BlockKind.SHIFT, replace(_NUMBERS, weight=WeightSpec(WeightRule.INTEGER), shift_scale=ExponentRange(-4, 1))
        ),
        products=4,
    ),
    Family("escalate", _net(BlockKind.ESCALATE, replace(_NUMBERS, sum_scale=ExponentRange(-6, 0)))),
    Family("circulant-4", _net(BlockKind.CIRCULANT, replace(_NUMBERS, block=4))),
    Family("circulant-8", _net(BlockKind.CIRCULANT, replace(_NUMBERS, block=8))),
    Family("binary", _ONE_BIT),
    Family("binary-distribution", _ONE_BIT, loss=WEIGHT, like="binary"),
    Family("vip", _net(BlockKind.VIP, _NUMBERS)),
    Family("smartexchange", FLOAT, Made.QUANTIZED),
    Family("smartexchange-retrained", FLOAT, Made.RETRAINED, like="smartexchange"),
)


def stored_bits(network: Network) -> int:
    """Of all weights, each layer in the smaller of two codes: sign and exponent a term, or two's complement.

    A code of a term has a word for each sign at every exponent from the smallest to the largest in use, and one for
    zero where there is one. Blocks are stored as vectors, factors as factors, shared kernels once; what stands behind
    a sum is not counted.
    """
    return sum(_bits(node.op) for node in network.nodes if isinstance(node.op, Weighted))


def _bits(op: Weighted) -> int:
    weights: Weights = op.weights
    if isinstance(op, Conv) and op.shared is not None:
        return sum(part.bits for part in op.shared)
    match weights:
        case Factored():
            return weights.factors.storage.bits
        case Circulant():
            return code_bits(weights.vectors)
        case Shift():
            return code_bits(weights.weights)
        case Int():
            return int(weights.codes.size * _width(weights.codes))
        case _:
            return int(weights.bits)


def code_bits(weights: ShiftWeights) -> int:
    """Of weights of terms (terms, out, in...)."""
    used = weights.exponent[weights.sign != 0]
    words = 2 * (int(used.max()) - int(used.min()) + 1) + int(not weights.sign.all())
    by_terms = len(weights.sign) * (words - 1).bit_length()
    return int(weights.sign[0].size * min(by_terms, _width(weights.integers)))


def _width(codes: np.ndarray) -> int:
    """Of two's complement, without bits below all codes."""
    spare = int(np.bitwise_or.reduce(np.abs(codes), axis=None))
    codes = codes >> ((spare & -spare).bit_length() - 1)
    return max(int(codes.max()).bit_length(), int(~codes.min()).bit_length()) + 1
