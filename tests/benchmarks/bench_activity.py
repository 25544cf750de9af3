"""How often the nets of processing elements switch, beside an int8 multiplier: tests/benchmarks/bench_activity.py.

Elements of each kind are mapped to Xilinx cells, and the netlist is simulated on uniform random codes, new weights in
every cycle, as in a folded layer. Modelled: toggles of the nets between cells (SAIF) in a cycle and lane, each net
counting alike, no delays and so no glitches. They compare elements; they are no energy.
"""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bench_pe import KINDS, Kind
from results import Column, Result, command, save, table
from shiftwire.numbers.fixed import Codes
from shiftwire.tools.process import run
from shiftwire.tools.resources import Evidence
from shiftwire.tools.verilator import Verilated, verilated, verilator_version
from shiftwire.tools.yosys import Family, run_script, synthesised, yosys_version

FOLDER = Path("build/bench_activity")
COPIES, SIMD, CYCLES, TOKENS = 4, 9, 1024, 16
ZEROS = 0.125
"""Of the shift weights."""

PEER = "int8 x int8, LUT"

# names of one net under many hierarchies go, so that each counts once
CLEAN = """\
read_verilog -lib +/xilinx/cells_sim.v
read_verilog "{netlist}"
hierarchy -top pe_shelf
opt_clean -purge
rename -hide
write_verilog -noattr nets.v
"""

DRIVER = """\
#include "Vtop.h"
#include "verilated.h"
#include "verilated_saif_c.h"
static const unsigned X[][%(x_words)d] = {%(x)s};
static const unsigned W[][%(w_words)d] = {%(w)s};
int main(int, char **argv) {
    Verilated::traceEverOn(true);
    Vtop top;
    VerilatedSaifC saif;
    top.trace(&saif, 1);
    saif.open(argv[1]);
    for (int cycle = 0; cycle < %(cycles)d; cycle++) {
        for (int i = 0; i < %(x_words)d; i++) top.in_x[i] = X[cycle][i];
        for (int i = 0; i < %(w_words)d; i++) top.in_w[i] = W[cycle][i];
        top.accumulate = 1;
        top.finish = cycle %% %(tokens)d == %(tokens)d - 1;
        for (int half = 0; half < 2; half++) {
            top.clk = half;
            top.eval();
            saif.dump(2 * cycle + half);
        }
    }
    saif.close();
}
"""


def main() -> int:
    print(
        f"bench activity: modelled; toggles of nets, {SIMD} lanes, {CYCLES} cycles of uniform random codes; "
        f"{yosys_version()}, xc7; Verilator {verilator_version()}"
    )
    kinds = [kind for kind in KINDS if kind.acc_bits == 18 and kind.number != 4]
    found = {kind.name: activity(kind) for kind in kinds}
    for name, toggles in found.items():
        print(f"{name:22} {toggles:6.1f} toggles a lane and cycle; ratio to {PEER}: {toggles / found[PEER]:.2f}")
    columns = (Column("element"), Column("toggles a lane and cycle", decimals=1), Column(f"to {PEER}", decimals=2))
    rows = table(*((name, round(toggles, 1), round(toggles / found[PEER], 2)) for name, toggles in found.items()))
    tools = {"pyosys": yosys_version().split()[-1], "Verilator": verilator_version()}
    save("activity", Result(command(), Evidence.MODELLED, tools, columns, rows, part=Family.SERIES_7.value))
    return 0


def activity(kind: Kind) -> float:
    """Toggles a lane and cycle."""
    rng = np.random.default_rng(1)
    x = rng.integers(0, 1 << kind.x_bits, (CYCLES, SIMD))
    w = rng.integers(0, 1 << kind.w_bits, (CYCLES, COPIES * SIMD))
    if kind.number == 0:
        sign_and_exponent = w & ((1 << (kind.w_bits - 1)) - 1)
        w = np.where(rng.random(w.shape) < ZEROS, 1 << (kind.w_bits - 1), sign_and_exponent)
    words = {"x": _words(x, kind.x_bits), "w": _words(w, kind.w_bits)}
    values = {f"{name}_words": each.shape[1] for name, each in words.items()}
    driver = DRIVER % {"cycles": CYCLES, "tokens": TOKENS, **values, **{k: _initialiser(v) for k, v in words.items()}}
    netlist = _nets(synthesised(kind.shelf(SIMD, COPIES=COPIES), FOLDER).verilog)
    cells = _cells()
    options = (
        "--trace-saif",
        "--trace-underscore",
        "--trace-depth",
        "1",
        "--bbox-unsup",
        "-Wno-WIDTH",
        "-Wno-TIMESCALEMOD",
    )
    program = verilated(Verilated((netlist, cells), "pe_shelf", driver, options=options, optimise="-O0"), FOLDER)
    with TemporaryDirectory() as folder:
        saif = Path(folder) / "out.saif"
        run([program, saif], "simulate the netlist")
        return _toggles(saif.read_text(encoding="utf-8")) / CYCLES / COPIES / SIMD


def _words(codes: Codes, bits: int) -> Codes:
    """Codes side by side, the first lowest, as 32-bit words (cycles, words)."""
    flat = ((codes[:, :, None] >> np.arange(bits)) & 1).reshape(len(codes), -1)
    padded = np.pad(flat, ((0, 0), (0, -flat.shape[1] % 32)))
    words: Codes = (padded.reshape(len(codes), -1, 32) << np.arange(32)).sum(axis=2)
    return words


def _initialiser(words: Codes) -> str:
    return ",".join("{" + ",".join(f"{word}u" for word in row) + "}" for row in words)


def _nets(netlist: Path) -> Path:
    found = netlist.with_name("nets.v")
    if not found.exists():
        run_script(CLEAN.format(netlist=netlist.resolve()), "clean the netlist", netlist.parent)
    return found


def _cells() -> Path:
    """Yosys' own simulation models of the cells."""
    spec = find_spec("pyosys")
    assert spec is not None and spec.origin is not None, "yosys_version() has found it"
    return Path(spec.origin).parent / "share" / "xilinx" / "cells_sim.v"


def _toggles(saif: str) -> int:
    """Of all nets of the netlist but the clock; what stands before it are the same ports once more."""
    nets = saif.split("(INSTANCE pe_shelf", maxsplit=1)[1]
    found = re.findall(r"\((\S+) \(T0 \d+\).*\(TC (\d+)\)", nets)
    return sum(int(count) for name, count in found if name != "clk")


if __name__ == "__main__":
    sys.exit(main())
