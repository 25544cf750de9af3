"""Products of weights beyond 8 bits, which models were never fitted to: a guess that says so, and that holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from shiftwire.costs.facts import facts
from shiftwire.costs.model import NINE_IN_TEN, estimated, family_model
from shiftwire.explore.characterise.shelf import Shelf, shelf_name
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.rtl_network import RtlNetwork
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.conv import Conv
from shiftwire.ops.weights.integer import Int
from shiftwire.schedule.design import folded
from shiftwire.tools.yosys import Family
from shiftwire_boards.catalog import load_board

SHAPE = (8, 3, 3, 4)


def layer(bits: int, x_bits: int) -> RtlNetwork:
    codes = np.random.default_rng(bits).integers(-(1 << bits - 1), 1 << bits - 1, SHAPE)
    op = Conv(Int(codes, bits - 1), Bias.none(SHAPE[0]), Window((3, 3), (1, 1), (1, 1), (1, 1)))
    x = Tensor((5, 5, SHAPE[-1]), Fixed(x_bits, 4, signed=True))
    net = Network.of("x", x, (Node("sums", op, ("x",)),), "sums")
    return folded(net, load_board("pynq-z2"), None, {"sums": Fold(2, 4)}).rtl


def test_wide_products_lie_within_what_is_guessed(tmp_path: Path) -> None:
    """Netlists of 9, 12 and 14 bits within nine in ten; of 8 bits no guess is told."""
    rtl = {f"w{bits}x{x}": layer(bits, x) for bits, x in ((9, 8), (12, 10), (14, 6), (8, 8))}
    units = {name: next(u for u in each.units if u.module.name == "sw_mvu") for name, each in rtl.items()}
    counted = Shelf.of(rtl, units.items()).counted(tmp_path, Family.SERIES_7, dsp=False)
    for name, unit in units.items():
        says = estimated(family_model("xc7"), "sw_mvu", facts(rtl[name], unit))
        lut = counted[shelf_name(name, unit)].lut
        assert abs(lut - says.resources.lut) <= NINE_IN_TEN * says.variance**0.5, (name, lut, says)
        assert says.strangers == (0 if name == "w8x8" else says.resources.lut)
