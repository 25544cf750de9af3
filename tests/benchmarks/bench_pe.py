"""What a processing element costs and how fast it is: python tests/benchmarks/bench_pe.py [-o FOLDER] [--quick].

Slice LUTs and flip-flops of one more element, (six copies - two copies) / 4, in the Xilinx form; speed of four copies
in the generic form on ECP5, registers to registers. Measured by yosys and nextpnr; no vendor tool took part.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from results import Cell, Column, Result, save, table
from rtl_streams import SOURCES
from shiftwire.synth.nextpnr import PACKAGE, PART, Routed, nextpnr_version, routed
from shiftwire.tools.resources import Evidence, Resources
from shiftwire.tools.yosys import Family, Synthesis, synthesised, yosys_version

SHELF = Path(__file__).resolve().parents[1] / "support" / "pe_shelf.sv"
FEW, MANY = 2, 6
WANTED_MHZ = 140

SAID = "python tests/benchmarks/bench_pe.py"
NAMES = (Column("element"), Column("SIMD"))
KEYS = len(NAMES)
COUNTS = (
    Column("LUT", decimals=1),
    Column("FF", decimals=1),
    Column("DSP"),
    Column("LUT a lane", decimals=2),
    Column("FF a lane", decimals=2),
)


@dataclass(frozen=True)
class Kind:
    """A processing element under its name in tables; `number` is KIND of pe_shelf.sv, w_bits those of a lane."""

    name: str
    number: int
    w_bits: int
    x_bits: int = 8
    acc_bits: int = 18
    x_signed: int = 1

    def shelf(self, simd: int, **more: int) -> Synthesis:
        parameters = {
            "KIND": self.number, "SIMD": simd, "X_BITS": self.x_bits, "X_SIGNED": self.x_signed,
            "W_BITS": self.w_bits, "ACC_BITS": self.acc_bits, **more,
        }  # fmt: skip
        return Synthesis((*SOURCES, SHELF), "pe_shelf", parameters, dsp=self.number == 4)


KINDS = (
    Kind("shift W8", 0, 5),
    Kind("shift W8 unsigned", 0, 5, x_signed=0),
    Kind("shift W4", 0, 4),
    Kind("shift W2", 0, 3),
    Kind("shift W1 (ternary)", 0, 2),
    Kind("adder 8 bit", 1, 8),
    Kind("adder 6 bit, acc 16", 1, 6, x_bits=6, acc_bits=16),
    Kind("adder 4 bit, acc 14", 1, 4, x_bits=4, acc_bits=14),
    Kind("distance 8 bit", 2, 8),
    Kind("int8 x int8, LUT", 3, 8),
    Kind("int4 x int8, LUT", 3, 4),
    Kind("int8 x int8, DSP", 4, 8),
    Kind("xnor, acc 12", 5, 1, x_bits=1, acc_bits=12, x_signed=0),
)


def of_one(kind: Kind, simd: int, folder: Path) -> Resources:
    """Of one more element beside others that share its x."""
    few, many = (synthesised(kind.shelf(simd, COPIES=n), folder).resources for n in (FEW, MANY))
    each = {name: (getattr(many, name) - getattr(few, name)) / (MANY - FEW) for name in Resources.__dataclass_fields__}
    return Resources(**each)


def speed(kind: Kind, simd: int, folder: Path) -> Routed:
    return routed(kind.shelf(simd, COPIES=4, GENERIC=1, HELD=1), folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-o", "--output", type=Path, default=Path("build/bench_pe"))
    parser.add_argument("--quick", action="store_true", help="count, but do not route")
    parser.add_argument("--simd", type=int, nargs="+", default=[1, 4, 9])
    parser.add_argument("--only", default="", help="the elements whose names have this part")
    arguments = parser.parse_args()
    print(f"{yosys_version()} on {Family.SERIES_7.value}; {nextpnr_version()}; 18-bit accumulator unless said")
    print(f"{'element':22} {'SIMD':>4} {'LUT':>6} {'FF':>6} {'DSP':>4} {'LUT/lane':>9} {'FF/lane':>8} {'ECP5 MHz':>9}")
    counts: list[list[Cell]] = []
    speeds: list[list[Cell]] = []
    for kind in (kind for kind in KINDS if arguments.only in kind.name):
        for simd in arguments.simd:
            one = of_one(kind, simd, arguments.output)
            fmax = ""
            if not arguments.quick:
                mhz = speed(kind, simd, arguments.output).fmax_mhz
                fmax = f"{mhz:.1f}"
                speeds.append([kind.name, simd, mhz])
            print(
                f"{kind.name:22} {simd:4} {one.lut:6.1f} {one.ff:6.1f} {one.dsp:4g} "
                f"{one.lut / simd:9.2f} {one.ff / simd:8.2f} {fmax:>9}",
                flush=True,
            )
            found = (round(one.lut, 1), round(one.ff, 1), one.dsp if one.dsp % 1 else round(one.dsp))
            counts.append([kind.name, simd, *found, round(one.lut / simd, 2), round(one.ff / simd, 2)])
    yosys = {"pyosys": yosys_version().split()[-1]}
    part = Family.SERIES_7.value
    save("pe", Result(SAID, Evidence.SYNTHESISED, yosys, NAMES + COUNTS, table(*counts), part=part), KEYS)
    if speeds:
        columns = (*NAMES, Column("speed", "MHz", 1))
        tools = {**yosys, PACKAGE: nextpnr_version().split()[-1]}
        save("pe_speeds", Result(SAID, Evidence.ROUTED, tools, columns, table(*speeds), part=PART), KEYS)


if __name__ == "__main__":
    main()
