"""Nets of the study of what pays: those of `family_nets`, and the papers' other ways to do without multipliers."""

from __future__ import annotations

from dataclasses import replace

from family_nets import FAMILIES, GREY, SHAPE, WIDTHS, Family
from hardware_forms import FORMS, Form
from shiftwire.ir.network import Network
from shiftwire.ir.weights import Weighted
from shiftwire.ops.weights.adder import Adder
from shiftwire.synth.counts import multiplies
from shiftwire_models.block import Arithmetic, BlockKind
from shiftwire_models.grid import Format
from shiftwire_models.nets.resnet import ResNetConfig
from shiftwire_models.nets.zoo import resnet
from shiftwire_models.terms import ExponentRange
from shiftwire_models.weights import WeightRule, WeightSpec

_NUMBERS = replace(resnet(BlockKind.SHIFT, 1).numbers, activation=Format(7, 4, False))


def _net(kind: BlockKind, rule: WeightRule | None = None, **numbers: object) -> ResNetConfig:
    """ResNet-8 of the families' widths; numbers are those of the families but for what is named."""
    spec = numbers.pop("weight", WeightSpec(rule) if rule else WeightSpec(WeightRule.LIGHTNN, terms=1))
    own: Arithmetic = replace(_NUMBERS, weight=spec, **numbers)  # type: ignore[arg-type]
    return replace(resnet(kind, 1, WIDTHS), input_shape=SHAPE, input_grid=GREY, numbers=own)


OTHERS = (
    Family("deepshift-q", _net(BlockKind.SHIFT, WeightRule.DEEPSHIFT_Q)),
    Family("deepshift-ps", _net(BlockKind.SHIFT, WeightRule.DEEPSHIFT_PS)),
    Family("flightnn", _net(BlockKind.SHIFT, WeightRule.FLIGHTNN)),
    Family("apot", _net(BlockKind.SHIFT, WeightRule.APOT, shift_scale=ExponentRange(-8, -2))),
    Family("adder", _net(BlockKind.ADDER)),
    Family("shiftadd", _net(BlockKind.SHIFT_ADD)),
    Family(
        "int8",
        _net(BlockKind.SHIFT, weight=WeightSpec(WeightRule.INTEGER, bits=8), shift_scale=ExponentRange(-3, 1)),
        products=8,
    ),
)
STUDIED = (*(family for family in FAMILIES if family.like is None), *OTHERS)
"""Each built as itself; the float net is the accuracy that all begin from."""


def forms(network: Network) -> tuple[Form, ...]:
    """What hardware there is for it: of the part's LUTs alone first."""
    kinds = {type(node.op.weights) for node in network.nodes if isinstance(node.op, Weighted)}
    return (
        FORMS["trained"],
        *([Form("products in DSP blocks", in_blocks=True)] if multiplies(network) else []),
        *([Form("adders in DSP blocks", adds=True)] if Adder in kinds else []),
    )
