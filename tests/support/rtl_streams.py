"""Many SystemVerilog modules under one Verilator build: each is fed operands from a file and writes its results."""

from __future__ import annotations

import enum
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import shiftwire_hls
from shiftwire.ir.module import Pe
from shiftwire.numbers.fixed import Codes
from shiftwire.tools.verilator import Verilated, verilated

RTL = Path(shiftwire_hls.__file__).parent / "rtl"
SOURCES = tuple(sorted(RTL.glob("*.sv")))
SIMULATED = SOURCES + tuple(sorted((RTL / "sim").glob("*.sv")))

FAST_TO_BUILD = ("-CFLAGS", "-O0")
"""A run is hundreds of cycles: compiling is what takes time."""

DRIVER = """\
#include "Vtop.h"
#include "verilated.h"
int main(int argc, char **argv) {
    VerilatedContext context;
    context.commandArgs(argc, argv);
    Vtop top(&context);
    while (!context.gotFinish()) {
        top.clk = !top.clk;
        top.eval();
    }
    top.final();
    return 0;
}
"""


class Element(enum.Enum):
    """The processing elements and what sums operands alone; a value is its module's name."""

    SHIFT = "sw_shift_pe"
    ADDER = "sw_adder_pe"
    TOTAL = "sw_total"
    DISTANCE = "sw_distance_pe"
    INT = "sw_int_pe"
    XNOR = "sw_xnor_pe"

    def stages(self, simd: int) -> int:
        """As the schedule has them; a total takes as many as the sum that it belongs to."""
        return (Pe.ADDER if self is Element.TOTAL else Pe[self.name]).stages(simd)


@dataclass(frozen=True)
class Bench:
    """One processing element and what it is fed.

    x, w  (sums, tokens, simd) codes; w is None where the module has none. gaps  (sums * tokens,): idle cycles before
    each token, in which the operands are noise.
    """

    element: Element
    parameters: Mapping[str, int]
    x_bits: int
    w_bits: int
    acc_bits: int
    x: Codes
    w: Codes | None
    gaps: Codes
    signed: bool = True

    @property
    def simd(self) -> int:
        return self.parameters["SIMD"]

    def lines(self, rng: np.random.Generator) -> list[str]:
        """A line of hexadecimal digits a cycle: {finish, valid, w, x}."""
        _, tokens, simd = self.x.shape
        lines = []
        for at, gap in enumerate(self.gaps):
            noise = [[_noise(rng, bits) for _ in range(simd)] for bits in (self.x_bits, self.w_bits)]
            lines += [self._line(noise[0], noise[1], 0, int(rng.integers(2)))] * int(gap)
            s, t = divmod(at, tokens)
            w = [0] * simd if self.w is None else list(self.w[s, t])
            lines.append(self._line(list(self.x[s, t]), w, 1, t == tokens - 1))
        return lines

    def _line(self, x: Sequence[int], w: Sequence[int], valid: int, finish: int) -> str:
        word = (finish << 1 | valid) << self.simd * (self.x_bits + self.w_bits)
        word |= _packed(w, self.w_bits) << self.simd * self.x_bits | _packed(x, self.x_bits)
        return f"{word:x}"

    def text(self, index: int, cycles: int) -> str:
        """A module that plays the operands, delays the flags by the promised stages and writes down y."""
        names = "".join(f".{name}({value})," for name, value in self.parameters.items()).rstrip(",")
        x, w, late = self.simd * self.x_bits, self.simd * self.w_bits, self.element.stages(self.simd)
        return f"""\
module bench{index} (input logic clk, input int cycle);
  logic [{x + w + 1}:0] stimulus [{cycles}];
  logic [{x + w + 1}:0] now;
  logic [{late}:0] accumulate, finish;
  logic [{self.acc_bits - 1}:0] y, held;
  logic fired = 0, seen = 0;
  int file;
  initial $readmemh("in{index}.hex", stimulus);
  initial file = $fopen("out{index}.hex", "w");
  assign now = cycle < {cycles} ? stimulus[cycle] : '0;
  assign accumulate[0] = now[{x + w}];
  assign finish[0] = now[{x + w + 1}];
  initial accumulate[{late}:1] = '0;
  always_ff @(posedge clk) begin
    accumulate[{late}:1] <= accumulate[{late - 1}:0];
    finish[{late}:1] <= finish[{late - 1}:0];
    fired <= accumulate[{late}] & finish[{late}];
    if (fired) begin
      $fwrite(file, "%x\\n", y);
      held <= y;
      seen <= 1;
    end else if (seen && y != held) $fwrite(file, "not held\\n");
  end
  {self.element.value} #({names}) u_pe (
    .clk(clk), .x(now[{x - 1}:0]), {"" if self.w is None else f".w(now[{x + w - 1}:{x}]),"}
    .accumulate(accumulate[{late}]), .finish(finish[{late}]), .y(y));
endmodule
"""

    def read(self, text: str) -> Codes:
        """Codes that y held, in order."""
        found = [int(line, 16) for line in text.split("\n") if line]
        return np.array([_signed(code, self.acc_bits) if self.signed else code for code in found], dtype=np.int64)


def simulate(benches: Sequence[Bench], folder: Path, rng: np.random.Generator) -> list[Codes]:
    """What each bench's y held, sum by sum, from one program."""
    lines = [bench.lines(rng) for bench in benches]
    top = "\n".join(
        ["module benches (input logic clk);", "  int cycle = 0;", "  always_ff @(posedge clk) cycle <= cycle + 1;"]
        + [f"  bench{i} b{i} (.clk(clk), .cycle(cycle));" for i in range(len(benches))]
        + [f"  always_ff @(posedge clk) if (cycle > {max(map(len, lines)) + 40}) $finish;", "endmodule", ""]
    )
    source = folder / "benches.sv"
    source.write_text("".join(b.text(i, len(lines[i])) for i, b in enumerate(benches)) + top, encoding="utf-8")
    for i, each in enumerate(lines):
        (folder / f"in{i}.hex").write_text("\n".join(each) + "\n", encoding="utf-8")
    program = verilated(Verilated((*SIMULATED, source), "benches", DRIVER, options=FAST_TO_BUILD), folder / "programs")
    subprocess.run([program], cwd=folder, check=True, capture_output=True)
    return [b.read((folder / f"out{i}.hex").read_text(encoding="utf-8")) for i, b in enumerate(benches)]


def _packed(codes: Sequence[int], bits: int) -> int:
    return sum((int(code) & (1 << bits) - 1) << i * bits for i, code in enumerate(codes))


def _noise(rng: np.random.Generator, bits: int) -> int:
    return int(rng.integers(1 << bits)) if bits else 0


def _signed(code: int, bits: int) -> int:
    return code - (code >> bits - 1 << bits)
