"""What networks take as SystemVerilog: python tests/benchmarks/bench_rtl.py MODEL.onnx=FPS ... (`make bench-large`).

For each model, at the frames a second asked for (or the share of an xc7z020's LUTs, MODEL.onnx=80%) and 100 MHz: packed
LUT, FF, BRAM36 and DSP of the whole netlist (yosys, xc7, no place and route), cycles between frames and of one frame
alone, and the seconds that this took; --result names the file of results that the rows go to. Beside it, at the same
speed and from the same scheduler, the same shapes with random integer weights of 8 and 4 bits, multiplied in LUTs and
in DSP blocks, and, where --forms asks for it, the model with its adders in the board's DSP blocks. The lines are rows
of a Markdown table.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hardware_forms import FORMS, Form, netlist_of
from results import Cell, Column, Result, Row, commit, save
from shiftwire.api import load_network
from shiftwire.errors import InputError
from shiftwire.schedule.depths import interval
from shiftwire.schedule.design import Design, Target, schedule
from shiftwire.schedule.tokens import simulate
from shiftwire.tools.resources import Evidence
from shiftwire.tools.yosys import synthesised, yosys_version
from shiftwire_boards.catalog import load_board
from without_peepopt import without_peepopt

CLOCK_NS = 10.0
BOARD = "pynq-z2"
WHATEVER_IT_TAKES = 1000.0
"""Percent of the board's LUTs: counted, then judged."""

COLUMNS = (
    "network | weights | LUT | FF | BRAM36 | DSP | cycles a frame | frames/s | latency, cycles | write, s | map, s"
)

KEPT = (
    Column("network"),
    Column("weights"),
    Column("asked for"),
    Column("LUT"),
    Column("FF"),
    Column("BRAM36"),
    Column("DSP"),
    Column("cycles a frame", evidence=Evidence.MODELLED),
    Column("frames/s", evidence=Evidence.MODELLED),
    Column("latency", "cycles", evidence=Evidence.MODELLED),
)
KEYS = 3

Cells = tuple[Cell, ...]


USUAL = [name for name, form in FORMS.items() if not form.adds]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", nargs="+", metavar="MODEL.onnx=FPS", help="frames a second, or a share such as 80%%")
    parser.add_argument("--forms", default=",".join(USUAL), help="some of %(default)s,dsp-adders")
    parser.add_argument("--without-peepopt", action="store_true", help="map without yosys' peepopt; keeps no result")
    parser.add_argument("--result", default="rtl", help="keeps the rows as results/NAME.json (default: %(default)s)")
    given = parser.parse_args(arguments)
    print(
        f"bench rtl: yosys {yosys_version()}, xc7 mapping for {load_board(BOARD).part}, no place and route, "
        f"{CLOCK_NS:g} ns; synthesised, at commit {commit()}\n"
    )
    print(f"| {COLUMNS} |\n|{' --- |' * len(COLUMNS.split('|'))}")
    for argument in given.models:
        for row, cells in _rows(argument, [FORMS[name] for name in given.forms.split(",")], given.without_peepopt):
            print(f"| {row} |", flush=True)
            if cells and not given.without_peepopt:
                _save(given.result, cells)
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:,.0f} MiB (mapping)")
    return 0


def _save(name: str, cells: Cells) -> None:
    said = f"python tests/benchmarks/bench_rtl.py MODEL.onnx=FPS ... --result {name}"
    tools, part = {"pyosys": yosys_version().split()[-1]}, load_board(BOARD).part
    save(name, Result(said, Evidence.SYNTHESISED, tools, KEPT, (Row(cells),), part=part, clock_ns=CLOCK_NS), KEYS)


def _rows(argument: str, forms: list[Form], is_unhelped: bool) -> Iterator[tuple[str, Cells]]:
    """Lines to print, each with what is kept of it: nothing where nothing was counted."""
    path, _, wanted = argument.partition("=")
    name = Path(path).stem
    if not Path(path).is_file():
        yield f"{name} | skipped: found no {path}; write it first, such as by make demo or shiftwire-train zoo", ()
        return
    trained = load_network(path)
    board = load_board(BOARD)
    if wanted.endswith("%"):
        share = Target(lut_percent=float(wanted[:-1]))
        fps = schedule(trained, board, CLOCK_NS, share).frames_per_second
    else:
        fps = float(wanted)
    for form in forms:
        start = time.perf_counter()
        try:
            target = Target(fps=fps, lut_percent=WHATEVER_IT_TAKES)
            design = schedule(form.network(trained), board, CLOCK_NS, target)
        except InputError as error:
            yield f"{name} | {form.name}: {error}", ()
            continue
        with tempfile.TemporaryDirectory(prefix="shiftwire-bench-") as folder:
            asked = wanted.replace("%", " % of the LUTs") if "%" in wanted else f"{fps:g} frames/s"
            line, counts = _counted(design, form, Path(folder), start, is_unhelped)
        yield f"{name} | {form.name} | {line}", (name, form.name, asked, *counts)


def _counted(design: Design, form: Form, folder: Path, start: float, is_unhelped: bool) -> tuple[str, Cells]:
    rtl = form.rtl(design)
    synthesis = netlist_of(design, form, rtl, folder)
    emitted = time.perf_counter()
    mapped_by = without_peepopt(synthesis) if is_unhelped else synthesis
    found = synthesised(mapped_by, folder / "maps").resources
    mapped = time.perf_counter()
    cycles, latency = interval(rtl), simulate(rtl, 1).latency
    frames = 1e9 / CLOCK_NS / cycles
    counts = (round(found.lut), round(found.ff), found.bram36, round(found.dsp), cycles, round(frames), latency)
    line = (
        f"{found.lut:,} | {found.ff:,} | {found.bram36:g} | {found.dsp} | {cycles:,} | "
        f"{frames:,.0f} | {latency:,} | {emitted - start:.0f} | {mapped - emitted:.0f}"
    )
    return line, counts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
