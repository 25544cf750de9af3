"""Layers of native simulations beside a loop of nothing but their instruction, in the same run, on one thread.

An operation is a code of an image that meets a weight. A layer's time is that of its matrix-vector or vector-vector
unit, and of that and the windows in front of it; what is not in it are the elementwise layers, which have shares of
their own. The bare loop (bare_lanes.cpp) has the same flags, inputs in registers and weights in the first cache.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path

import numpy as np

from nets import PLANS, network
from results import Cell, Column, Result, save, table, this_machine
from shiftwire.ir.network import Network
from shiftwire.ir.weights import Weighted
from shiftwire.native.packing import Packing, packing
from shiftwire.native.program import Program, native_program, program_flags, simulate
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.tools.host_cpp import Build, Processor, compiled
from shiftwire.tools.resources import Evidence
from shiftwire_hls import INCLUDE_DIR, NATIVE_DIR

BARE = Path(__file__).with_name("bare_lanes.cpp")
IMAGES, RUNS = 512, 12
OFTEN = 0.05
"""Of a network's time: layers of less are left out."""
ENOUGH = 0.7
"""Of the bare instruction's rate, from which on nothing else bounds a layer."""

COLUMNS = (
    Column("network"),
    Column("layer"),
    Column("codes in an element"),
    Column("of the time", "%", 1),
    Column("sums alone", "Gop/s", 1),
    Column("with its windows", "Gop/s", 1),
    Column("bare instruction", "Gop/s", 1),
    Column("sums alone to bare", decimals=2),
    Column("with its windows to bare", decimals=2),
    Column("bound by"),
)


def bare(folder: Path, runs: int = 7) -> dict[str, float]:
    """Gop/s of each kind of element, the best of some runs."""
    build = Build(BARE, (INCLUDE_DIR, NATIVE_DIR), flags=program_flags())
    out = subprocess.run([compiled(build, folder), str(runs)], check=True, capture_output=True, text=True).stdout
    return {name: float(rate) for name, rate in (line.rsplit(" ", 1) for line in out.splitlines())}


def best(program: Program, shape: tuple[int, ...]) -> dict[str, float]:
    """Seconds of each unit, in the fastest of a few runs."""
    codes = np.random.default_rng(0).integers(0, 256, (IMAGES, *shape))
    runs = [dict(simulate(program, codes, is_timed=True).seconds) for _ in range(RUNS)]
    return min(runs, key=lambda seconds: sum(seconds.values()))


@dataclass(frozen=True)
class Timed:
    """A network's native program, the seconds of its units, and the rates of the bare loops."""

    name: str
    net: Network
    program: Program
    seconds: Mapping[str, float]
    rates: Mapping[str, float]

    @cached_property
    def whole(self) -> float:
        return sum(self.seconds.values())

    @cached_property
    def packed(self) -> Packing:
        return packing(self.program.pipeline, Processor.of(program_flags()))

    def kinds(self) -> Iterator[tuple[Cell, ...]]:
        """Units of one function together."""
        seconds: dict[str, float] = {}
        for each in self.program.pipeline.instances:
            seconds[each.unit.function] = seconds.get(each.unit.function, 0.0) + self.seconds[each.name]
        for kind, its in sorted(seconds.items(), key=lambda item: -item[1]):
            if its > OFTEN * self.whole:
                yield (self.name, f"all units of {kind}", None, 100 * its / self.whole, *[None] * 6)

    def layers(self) -> Iterator[tuple[Cell, ...]]:
        """Layers of weights that take their share."""
        for node in self.net.nodes:
            units = [each for each in self.program.pipeline.instances if each.layer == node.name]
            taken = sum(self.seconds[each.name] for each in units)
            if not isinstance(node.op, Weighted) or taken < OFTEN * self.whole:
                continue
            (sums,) = (each for each in units if each.unit.function in ("mvu", "vvu"))
            operations = IMAGES * self.net.tensors[node.name].size * prod(node.op.weights.shape[1:]) / 1e9
            alone, with_windows = operations / self.seconds[sums.name], operations / taken
            how = self._element(sums.inputs[0])
            share = 100 * taken / self.whole
            bare = self.rates.get(how, np.nan)
            ratios = (alone / bare, with_windows / bare)
            bound = self._bound(sums.inputs[0], with_windows / bare)
            yield self.name, node.name, how, share, alone, with_windows, bare, *ratios, bound

    def _element(self, name: str) -> str:
        """What a unit that reads this FIFO sums at once."""
        if name in self.packed.columns:
            return "packed<4>"
        return self.packed.fifos[name].type if name in self.packed.fifos else "one"

    def _bound(self, name: str, ratio: float) -> str:
        """What keeps a layer from the bare loop, by where its codes are packed."""
        if ratio >= ENOUGH:
            return "the instruction"
        packs = name in self.packed.columns or name in self.packed.edges
        return "instructions that pack codes" if packs else "instructions of windows and loops"


def timed(name: str, net: Network, folder: Path) -> Timed:
    program = native_program(net, folder, is_fused=False)  # each unit has a time of its own
    return Timed(name, net, program, best(program, net.input.shape), bare(folder / "bare"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", help=f"of {', '.join(PLANS)} (default: all)")
    chosen = parser.parse_args().nets
    machine, tools = this_machine(compiles=True), {"numpy": np.__version__}
    for name, plan in PLANS.items():
        if chosen and name not in chosen:
            continue
        forms = {"shift": network(plan(), adder=False)}
        if name.startswith("ResNet"):
            forms["adder"] = network(plan(), adder=True)
        for form, net in forms.items():
            with tempfile.TemporaryDirectory() as folder:
                found = timed(f"{name}, {form}", run_pipeline(net), Path(folder))
            made = [*found.kinds(), *found.layers()]
            for row in made:
                print(
                    ", ".join(
                        f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row if cell is not None
                    )
                )
            said = "python tests/benchmarks/bench_lanes.py"
            save("lanes", Result(said, Evidence.MEASURED, tools, COLUMNS, table(*made), machine=machine), keys=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
