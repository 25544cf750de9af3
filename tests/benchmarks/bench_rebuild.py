"""What it takes to rebuild weights: python tests/benchmarks/bench_rebuild.py [--speed FPS] [--network MODEL.onnx].

First the decoder alone: slice LUTs of a weight, by the exponents of its coefficients. Then the adder layers of
ShiftAddNet ResNet-20 for an xc7z020 at 100 MHz, one netlist a shape: weights in ROM, and weights rebuilt from factors,
each with as few LUTs and block RAMs as the model finds at the frames a second asked for. Weights are random, so
that nothing is said of accuracy. Counted by yosys, no place and route.

With --network, a whole network instead, such as one by `shiftwire-train zoo resnet20-shiftadd`: the fastest design on a
share of the LUTs with weights in ROM, and with all 3x3 adder layers rebuilt; of what the search takes where both are to
be had, two frames are simulated. An hour, half of it for the netlists, which --folder keeps.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import rebuilt_network
from results import Cell, Column, Result, commit, save, table
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.smart_exchange import Theta, decompose
from shiftwire.ops.conv import Conv
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.factored import FactoredAdder
from shiftwire.project.project import Project
from shiftwire.rtl.files import module_files, write_network
from shiftwire.schedule.design import folded
from shiftwire.schedule.fold_choice import choice_at
from shiftwire.tools.resources import Evidence, Resources
from shiftwire.tools.yosys import Family, Synthesis, synthesised, yosys_version
from shiftwire_boards.catalog import load_board

BOARD, CLOCK_NS = "pynq-z2", 10.0
X = Fixed(8, 4, signed=True)
DEVIATION, THETA = 1.5, Theta(0.19)
"""Of weights within the range of the input, and of their factors: coefficients of seven exponents and zero."""
BRAM36_IN_LUT = 600
"""What a block RAM is worth where they are what runs out: as many LUTs would hold its words."""
DECODERS = ((1, False), (3, True), (4, True), (7, True), (8, False), (8, True))
DROPPED = 5

COLUMNS = (
    Column("what"),
    Column("form"),
    Column("frames/s", evidence=Evidence.MODELLED),
    Column("PE"),
    Column("SIMD"),
    Column("turns"),
    Column("LUT"),
    Column("FF"),
    Column("BRAM36", decimals=1),
)
KEYS = 3


@dataclass(frozen=True)
class Shape:
    """So many adder layers of a network are alike: 3x3, `channels` in and out, on images of `side`."""

    name: str
    channels: int
    side: int
    count: int

    def network(self, *, rebuilt: bool) -> Network:
        rng = np.random.default_rng(self.channels)
        weights = rng.normal(0, DEVIATION, (self.channels, self.channels, 3, 3))
        made = FactoredAdder.of(decompose(weights, THETA), X.frac, weights.shape[1:]).with_moved(0, -1)
        adder = made if rebuilt else Adder(np.clip(made.codes, X.lo, X.hi), X.frac)
        op = Conv(adder, Bias.none(self.channels), Window((3, 3), (1, 1), (1, 1), (1, 1)))
        shape = (self.side, self.side, self.channels)
        return Network.of("x", Tensor(shape, X), (Node("y", op, ("x",)),), "y")


SHAPES = (Shape("16", 16, 32, 6), Shape("32", 32, 16, 6), Shape("64", 64, 8, 6))


def decoder(exponents: int, has_none: bool, folder: Path) -> Resources:
    """Of one weight of 8 bits."""
    bits = max((exponents + has_none - 1).bit_length(), 1)
    parameters = {"B_BITS": 8, "FIELD_BITS": bits, "HAS_NONE": int(has_none), "SHIFTS": exponents, "BITS": 8,
                  "ROUNDING": 1 << (DROPPED - 1), "DROPPED": DROPPED, "GENERIC": 0}  # fmt: skip
    return synthesised(Synthesis(tuple(module_files()), "sw_factor", parameters), folder).resources


def cheapest(network: Network, cycles: int, *, rebuilt: bool) -> Fold:
    """Of so many cycles a frame at most, modelled."""
    (node,) = network.nodes
    inputs = network.sources(node)
    folds = (fold for fold in node.op.folds(inputs, network.output) if bool(fold.turns) is rebuilt)
    every = [choice_at(node.op, inputs, network.output, fold, for_hls=False) for fold in folds]
    fitting = [choice for choice in every if choice.cycles <= cycles]
    return min(fitting, key=lambda choice: choice.cost.lut + BRAM36_IN_LUT * choice.cost.bram36).fold


def counted(network: Network, fold: Fold, folder: Path) -> Resources:
    """A netlist of the layer alone."""
    rtl = folded(network, load_board(BOARD), CLOCK_NS, {"y": fold}).rtl
    sources = write_network(rtl, folder, generic=False)
    kept, data = tuple(sorted({unit.module.name for unit in rtl.units})), tuple(sorted(folder.glob("*.mem")))
    synthesis = Synthesis(
        (*sources, *module_files()), rtl.name, family=Family.SERIES_7, dsp=False, kept=kept, data=data
    )
    return synthesised(synthesis, folder / "maps").resources


def rows(fps: float, shapes: list[str]) -> Iterator[tuple[Cell, ...]]:
    with tempfile.TemporaryDirectory(prefix="shiftwire-bench-") as folder:
        for exponents, has_none in DECODERS:
            found = decoder(exponents, has_none, Path(folder))
            form = f"{exponents} exponents{' and zero' if has_none else ''}"
            yield ("a weight", form, None, None, None, None, round(found.lut), round(found.ff), 0.0)
    for shape in SHAPES:
        for rebuilt in (False, True) if shape.name in shapes else ():
            network = shape.network(rebuilt=rebuilt)
            fold = cheapest(network, int(1e9 / CLOCK_NS / fps), rebuilt=rebuilt)
            with tempfile.TemporaryDirectory(prefix="shiftwire-bench-") as folder:
                found = counted(network, fold, Path(folder))
            what = f"adder layer of {shape.channels} channels, {shape.count} of them"
            sizes = (fold.pe, fold.simd, fold.turns or None)
            form = "rebuilt" if rebuilt else "weights in ROM"
            yield (what, form, round(fps), *sizes, round(found.lut), round(found.ff), float(found.bram36))


def network_rows(model: Path, percent: float, folder: Path) -> Iterator[tuple[Cell, ...]]:
    """Netlists of both forms; what the search takes is simulated beside the form whose folds it has."""
    board = load_board(BOARD)
    pair = rebuilt_network.Pair.of(model, THETA.least / DEVIATION)
    designs = dict(pair.designs(board, CLOCK_NS, percent))
    chosen = designs.pop("each as it is cheaper")
    for form, design in designs.items():
        if design is None:
            print(f"{form}: nothing fits {percent:g} %")
            continue
        need, project = design.resources, rebuilt_network.written(design, folder / form.replace(" ", "_"))
        print(f"{form}: {design.frames_per_second:.0f} frames/s, {need.lut:,} LUT, {need.bram36:g} BRAM36 (modelled)")
        if chosen is not None and chosen.folds == design.folds:
            print(f"{form}: what the search takes; {_simulated(project)}", flush=True)
        found, fps = rebuilt_network.counted(project), round(design.frames_per_second)
        what = f"{model.stem}, {percent:g} % of the LUTs"
        yield (what, form, fps, None, None, None, round(found.lut), round(found.ff), float(found.bram36))


def _simulated(project: Project) -> str:
    report = rebuilt_network.simulated(project)
    return (
        f"{report.comparison.samples} frames, {report.comparison.different} of {report.comparison.compared:,} codes "
        f"differ, {report.cycles.interval:,} cycles between frames, as predicted ({report.tool})"
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--speed", type=float, default=339.0, help="frames a second (default: %(default)g)")
    parser.add_argument("--shapes", default=",".join(s.name for s in SHAPES), help="channels, of %(default)s")
    parser.add_argument("--network", type=Path, metavar="MODEL.onnx", help="a whole network instead")
    parser.add_argument("--share", type=float, default=80.0, help="of the LUTs, for a network (default: %(default)g)")
    parser.add_argument("--folder", type=Path, default=Path("build/rebuild"), help="of its projects (%(default)s)")
    given = parser.parse_args(arguments)
    print(f"bench rebuild: yosys {yosys_version()}, {load_board(BOARD).part}, {CLOCK_NS:g} ns, at commit {commit()}")
    every = (
        network_rows(given.network, given.share, given.folder)
        if given.network
        else rows(given.speed, given.shapes.split(","))
    )
    for cells in every:
        print(" | ".join("-" if cell is None else str(cell) for cell in cells), flush=True)
        tools, part = {"pyosys": yosys_version().split()[-1]}, load_board(BOARD).part
        said = "python tests/benchmarks/bench_rebuild.py"
        result = Result(said, Evidence.SYNTHESISED, tools, COLUMNS, table(cells), part=part, clock_ns=CLOCK_NS)
        save("rebuild", result, KEYS)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
