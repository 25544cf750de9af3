"""What networks take as SystemVerilog: python tests/bench_rtl.py MODEL.onnx=FPS ... (`make bench-large`).

For each model, at the frames a second asked for and 100 MHz: packed LUT, FF, BRAM36 and DSP of the whole netlist
(yosys, xc7, no place and route), cycles between frames, and the seconds that this took. Beside it the same shapes with
random integer weights of 8 and 4 bits, multiplied in LUTs, from the same scheduler.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from shiftwire.api import load_network
from shiftwire.network import Network, Op
from shiftwire.ops import Conv, Dense, Int
from shiftwire.rtl.build import module_files, write_network
from shiftwire.rtl.depths import interval
from shiftwire.schedule import Design, Target, schedule
from shiftwire.tools.yosys import Family, Synthesis, synthesised, yosys_version
from shiftwire_boards.catalog import load_board

CLOCK_NS = 10.0
ROOMY = "zcu104"
"""The board that the folds are chosen for, so that nothing is refused; what is counted is 7-series all the same."""


def main(arguments: list[str]) -> int:
    print(f"bench rtl: yosys {yosys_version()}, xc7, no place and route, {CLOCK_NS:g} ns; synthesised")
    for argument in arguments:
        path, _, fps = argument.partition("=")
        if not Path(path).is_file():
            print(f"skipped: found no {path}; write it first, such as by make demo or shiftwire-train zoo")
            continue
        network = load_network(path)
        for form, variant in _forms(network):
            print(f"{Path(path).stem}, {form}: {_row(variant, float(fps))}", flush=True)
    return 0


def _forms(network: Network) -> Iterator[tuple[str, Network]]:
    yield "as trained", network
    for bits in (8, 4):
        yield f"int{bits} in LUTs", multiplying(network, bits)


def multiplying(network: Network, bits: int) -> Network:
    """The same shapes with random integer weights in place of shift and adder ones."""
    rng = np.random.default_rng(bits)

    def changed(op: Op) -> Op:
        if not isinstance(op, Conv | Dense):
            return op
        return replace(op, weights=Int(rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), op.weights.shape), 0))

    return replace(network, nodes=tuple(replace(node, op=changed(node.op)) for node in network.nodes))


def _row(network: Network, fps: float) -> str:
    start = time.perf_counter()
    design = schedule(network, load_board(ROOMY), CLOCK_NS, Target(fps=fps, lut_percent=400))
    with tempfile.TemporaryDirectory(prefix="shiftwire-bench-") as folder:
        return _counted(design, Path(folder), start)


def _counted(design: Design, folder: Path, start: float) -> str:
    rtl = design.rtl()
    sources = write_network(rtl, folder, generic=False)
    emitted = time.perf_counter()
    kept = tuple(sorted({unit.module for unit in rtl.units}))
    data = tuple(sorted(folder.glob("*.mem")))
    synthesis = Synthesis((*sources, *module_files()), rtl.name, family=Family.SERIES_7, kept=kept, data=data)
    found = synthesised(synthesis, folder / "maps").resources
    cycles = interval(rtl)
    return (
        f"{found.lut:,} LUT, {found.ff:,} FF, {found.bram36:g} BRAM36, {found.dsp} DSP; {cycles:,} cycles a frame = "
        f"{1e9 / CLOCK_NS / cycles:,.0f} frames/s ({emitted - start:.1f} s to write, "
        f"{time.perf_counter() - emitted:.0f} s to map)"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
