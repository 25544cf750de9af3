"""QUIDAM's question on our units: lanes a LUT of LightPE-1, LightPE-2, adders and integers: `make campaign-light-pes`.

One convolution with each kind of weights, at the same folds; its unit of sums, ROM and all, is mapped by yosys and
counted as `shiftwire synth` counts it. A lane is what another output adds, so that what all lanes share is left out.
Everything is at one clock: no place and route.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from shiftwire.explore.characterise.shelf import Shelf, shelf_name
from shiftwire.explore.energy import INT8
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Operations, Tensor
from shiftwire.ir.rtl_network import RtlNetwork
from shiftwire.ir.weights import Weights
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.conv import Conv
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.schedule.design import folded
from shiftwire.schedule.lowering import in_dsp_blocks
from shiftwire.tools.resources import Resources
from shiftwire.tools.yosys import Family, yosys_version
from shiftwire_boards.catalog import load_board

PAGE = Path("docs/light_pes.md")
BEGIN, END = "<!-- units -->", "<!-- end -->"
SHAPE = (32, 3, 3, 16)
FEW, MANY, SIMD = 4, 8, 8
BOARD = "pynq-z2"
SEED = 5


@dataclass(frozen=True)
class Kind:
    """Weights of so many bits on activations of `bits`; in DSP blocks or not."""

    name: str
    weight_bits: int
    bits: int
    weights: Callable[[np.random.Generator], Weights]
    operations: Operations
    in_blocks: bool = False


def shift(terms: int, window: int) -> Callable[[np.random.Generator], Weights]:
    def drawn(rng: np.random.Generator) -> Weights:
        sign = rng.choice(np.array([-1, 1], np.int8), (terms, *SHAPE))
        return Shift(ShiftWeights(sign, rng.integers(1 - window, 1, (terms, *SHAPE)).astype(np.int8)))

    return drawn


def integer(bits: int) -> Callable[[np.random.Generator], Weights]:
    return lambda rng: Int(rng.integers(-(1 << bits - 1), 1 << bits - 1, SHAPE), bits - 1)


def adders(rng: np.random.Generator) -> Weights:
    return Adder(rng.integers(-128, 128, SHAPE), 4)


ONE_SHIFT, TWO_SHIFTS = Operations(shifts=1, adds=1), Operations(shifts=2, adds=2)
PRODUCT, DISTANCE = Operations(multiplies=1, adds=1), Operations(adds=2)
KINDS = (
    Kind("LightPE-1: one power of two of 8", 4, 8, shift(1, 8), ONE_SHIFT),
    Kind("the same of 4", 3, 8, shift(1, 4), ONE_SHIFT),
    Kind("LightPE-2: two powers of two of 8", 8, 8, shift(2, 8), TWO_SHIFTS),
    Kind("adder, 8 bits", 8, 8, adders, DISTANCE),
    Kind("int4 in LUTs", 4, 8, integer(4), PRODUCT),
    Kind("int8 in LUTs", 8, 8, integer(8), PRODUCT),
    Kind("INT16 in LUTs", 16, 16, integer(16), PRODUCT),
    Kind("int8 in DSP blocks", 8, 8, integer(8), PRODUCT, in_blocks=True),
    Kind("INT16 in DSP blocks", 16, 16, integer(16), PRODUCT, in_blocks=True),
)
BEST_INT16 = ("INT16 in LUTs", "INT16 in DSP blocks")


def network_of(kind: Kind) -> Network:
    x = Tensor((8, 8, SHAPE[-1]), Fixed(kind.bits, 4, signed=True))
    window = Window((3, 3), (1, 1), (1, 1), (1, 1))
    op = Conv(kind.weights(np.random.default_rng(SEED)), Bias.none(SHAPE[0]), window, 1)
    return Network.of("x", x, (Node("sums", op, ("x",)),), "sums")


def rtl_of(kind: Kind, pe: int) -> RtlNetwork:
    design = folded(network_of(kind), load_board(BOARD), None, {"sums": Fold(pe, SIMD)})
    return in_dsp_blocks(design.rtl) if kind.in_blocks else design.rtl


def counts(kinds: Mapping[str, Kind]) -> Mapping[tuple[str, int], Resources]:
    """Of the unit of sums of each kind, few outputs at a time and many."""
    took: dict[tuple[str, int], Resources] = {}
    for in_blocks in (False, True):
        own = {name: kind for name, kind in kinds.items() if kind.in_blocks is in_blocks}
        rtl = {f"{name}_{pe}": rtl_of(kind, pe) for name, kind in own.items() for pe in (FEW, MANY)}
        units = {key: next(u for u in each.units if "mvu" in u.module.name) for key, each in rtl.items()}
        with TemporaryDirectory() as folder:
            shelf = Shelf.of(rtl, units.items())
            counted = shelf.counted(Path(folder), Family.SERIES_7, dsp=in_blocks)
        for name in own:
            for pe in (FEW, MANY):
                key = f"{name}_{pe}"
                took[name, pe] = counted[shelf_name(key, units[key])]
    return took


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    kinds = {f"k{at}": kind for at, kind in enumerate(KINDS)}
    took, board = counts(kinds), load_board(BOARD)
    block = board.lut / board.dsp
    lanes = (MANY - FEW) * SIMD
    lut = {name: (took[name, MANY].lut - took[name, FEW].lut) / lanes for name in kinds}
    dsp = {name: (took[name, MANY].dsp - took[name, FEW].dsp) / lanes for name in kinds}
    area = {name: lut[name] + block * dsp[name] for name in kinds}
    best = min(area[name] for name, kind in kinds.items() if kind.name in BEST_INT16)
    lines = [
        f"{yosys_version()}, xc7z020, PE {FEW} to {MANY}, SIMD {SIMD}, ROM and accumulators with it; a DSP block "
        f"counts as {block:.0f} LUT, its share of the part.",
        "",
        "| kind | bits of a weight | of an activation | LUT a lane | DSP a lane | lanes an area, of INT16's | energy "
        "of an operation, pJ (modelled) |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, kind in kinds.items():
        energy = f"{INT8.energy_pj(kind.operations):.3f}" if kind.bits == 8 else "-"
        lines.append(
            f"| {kind.name} | {kind.weight_bits} | {kind.bits} | {lut[name]:.1f} | {dsp[name]:.2f} | "
            f"{best / area[name]:.2f} | {energy} |"
        )
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    PAGE.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest.split(END)[1], encoding="utf-8")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
