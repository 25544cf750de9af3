"""How fast every kind of unit is: python tests/benchmarks/bench_kernels.py [LAYER ...] (part of `make bench-large`).

Each layer of single_layers at two folds becomes a project whose distinct units are placed and routed alone on ECP5, in
generic form. A regression alarm, no promise for a board's part.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from results import Column, Result, command, save, table
from shiftwire.ir.network import Network
from shiftwire.project.project import Backend, load_project, write_project
from shiftwire.schedule.design import Target, schedule
from shiftwire.synth.nextpnr import PACKAGE, PART, nextpnr_version
from shiftwire.synth.speed import UnitSpeed, unit_speeds
from shiftwire.tools.resources import Evidence
from shiftwire_boards.catalog import load_board
from single_layers import single_layers

CLOCK_NS = 10.0
WANTED_MHZ = 140
TARGETS = (Target(fps=1.0), Target(lut_percent=70.0))
"""The cheapest folds and the fastest."""


def speeds(network: Network, target: Target) -> list[UnitSpeed]:
    with tempfile.TemporaryDirectory(prefix="shiftwire-bench-") as folder:
        design = schedule(network, load_board("pynq-z2"), CLOCK_NS, target)
        write_project(design, Path(folder) / "net", Backend.RTL)
        return unit_speeds(load_project(Path(folder) / "net"))


def main(wanted: list[str]) -> int:
    print(f"bench kernels: {nextpnr_version()}, generic form, every unit alone\n\n| MHz | unit | layer | frames |")
    print("| --- | --- | --- | --- |")
    slowest: dict[str, tuple[float, str, str]] = {}
    for name, network in single_layers().items():
        for target in TARGETS if not wanted or name in wanted else ():
            for unit in speeds(network, target):
                mhz = unit.routed.fmax_mhz
                if unit.module not in slowest or mhz < slowest[unit.module][0]:
                    slowest[unit.module] = (mhz, name, "cheapest" if target.fps else "fastest")
                    print(f"| {mhz:.1f} | {unit.module} | {name} | {target.fps or 'fastest'} |", flush=True)
    worst = min(slowest, key=lambda module: slowest[module][0])
    print(
        f"\n{len(slowest)} kinds of units; the slowest is {worst} at {slowest[worst][0]:.1f} MHz (wanted {WANTED_MHZ})"
    )
    if not wanted:
        columns = (Column("unit"), Column("slowest", "MHz", 1), Column("layer"), Column("fold"))
        rows = table(*((module, *slowest[module]) for module in sorted(slowest)))
        tools = {PACKAGE: nextpnr_version().split()[-1]}
        save("kernels", Result(command(), Evidence.ROUTED, tools, columns, rows, part=PART))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
