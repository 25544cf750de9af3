"""Two products of one DSP48 multiplier: exact for every x and every two weights, and half the blocks of a netlist."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from one_layer import frames, of_one
from rtl_nets import FRAMES, Batch
from rtl_streams import SIMULATED, SOURCES
from shiftwire.costs.blocks import paired_outputs, unit_dsp
from shiftwire.costs.facts import facts
from shiftwire.ir.bias import Bias
from shiftwire.ir.module import Pe
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.integer import Int
from shiftwire.tools.verilator import Verilated, lint, verilated
from shiftwire.tools.yosys import Family, Synthesis, synthesised
from shiftwire.verify.rtl_simulator import FREE, Conditions
from tiers import some


@dataclass(frozen=True)
class Pair:
    """Operands of a pair of products, all its other bits those of a product."""

    x_bits: int
    x_signed: int
    w_bits: int
    w_signed: int

    @property
    def bits(self) -> int:
        return self.x_bits + self.w_bits + (0 if self.x_signed or self.w_signed else 1)

    @property
    def parameters(self) -> dict[str, int]:
        return {
            "X_BITS": self.x_bits, "X_SIGNED": self.x_signed, "W_BITS": self.w_bits, "W_SIGNED": self.w_signed,
        }  # fmt: skip

    def instance(self, at: int) -> str:
        """Beside others that read x and w too, their products 32 bits each, without a sum owed."""
        spelled = ", ".join(f".{name}({value})" for name, value in {**self.parameters, "BITS": self.bits}.items())
        bits, w = self.bits, self.w_bits
        return f"""\
  wire [{2 * bits - 1}:0] both{at};
  wire owed{at};
  sw_product_pair #({spelled}) pair{at} (
    .clk, .x(x[{self.x_bits - 1}:0]), .w({{w1[{w - 1}:0], w0[{w - 1}:0]}}), .product(both{at}), .owed(owed{at})
  );
  assign low[{at}] = 32'($signed(both{at}[{bits - 1}:0]));
  assign high[{at}] = 32'($signed(both{at}[{2 * bits - 1}:{bits}])) + 32'(owed{at});
"""

    @property
    def row(self) -> str:
        return f"{{{self.x_bits}, {self.x_signed}, {self.w_bits}, {self.w_signed}}}"


SIGNS = [(x, w) for x in (0, 1) for w in (0, 1)]
EVERY_PAIR = [Pair(8, x, w, w_signed) for w in range(2, 9) for x, w_signed in SIGNS]
"""Codes of 8 bits and weights of 2 to 8."""

WIDEST = [Pair(x, signs[0], (24 - x) // 2, signs[1]) for x in (10, 12, 17) for signs in SIGNS] + [Pair(18, 1, 3, 1)]
"""What fills 25 by 18 bits."""

DRIVER = """\
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include "Vtop.h"
#include "verilated.h"
static const int pairs[][4] = {@ROWS@};
static long long code(uint32_t word, int bits, int is_signed) {
    const uint32_t low = word & ((1u << bits) - 1);
    return is_signed && low >> (bits - 1) ? (long long)low - (1ll << bits) : (long long)low;
}
struct Operands { uint32_t x, w0, w1; };
int main(int argc, char **argv) {
    VerilatedContext context;
    Vtop top(&context);
    std::mt19937 random(7);
    const uint32_t every = @EVERY@, cycles = every ? 1u << 24 : 1u << 20;
    Operands before = {};
    long long compared = 0, differ = 0;
    for (uint32_t t = 0; t < cycles + 1; t++) {
        Operands now = {t & 255, t >> 8 & 255, t >> 16 & 255};
        if (!every) {
            const uint32_t extreme[4] = {0, 0x2aaaa, 0x15555, 0x3ffff};
            const uint32_t r = random();
            now = {random(), random(), random()};
            if (r & 1) now.x = r & 2 ? 1u << pairs[r >> 8 & 15][0] >> 1 : extreme[r >> 2 & 3];
            if (r & 16) now.w0 = r & 32 ? 1u << (r >> 12) % 11 : extreme[r >> 6 & 3];
            if (r & 128) now.w1 = now.w0;
        }
        top.x = now.x & 0x3ffff; top.w0 = now.w0 & 0xfff; top.w1 = now.w1 & 0xfff;
        top.clk = 0; top.eval(); top.clk = 1; top.eval();
        // the second edge after x came in
        if (t >= 1)
            for (int i = 0; i < int(sizeof pairs / sizeof *pairs); i++) {
                const Operands &o = before;
                const int *p = pairs[i];
                const long long x = code(o.x, p[0], p[1]);
                compared += 2;
                differ += (int32_t)top.low[i] != x * code(o.w0, p[2], p[3]);
                differ += (int32_t)top.high[i] != x * code(o.w1, p[2], p[3]);
            }
        before = now;
    }
    std::printf("%lld %lld\\n", compared, differ);
    return 0;
}
"""


def simulated(pairs: list[Pair], every: bool, folder: Path) -> tuple[int, int]:
    """How many products were compared, and how many differ."""
    ports = f"input logic clk, input logic [17:0] x, input logic [11:0] w0, w1, output logic [31:0] low [{len(pairs)}]"
    text = f"module pairs ({ports}, output logic [31:0] high [{len(pairs)}]);\n"
    text += "".join(pair.instance(at) for at, pair in enumerate(pairs)) + "endmodule\n"
    driver = DRIVER.replace("@ROWS@", ", ".join(pair.row for pair in pairs)).replace("@EVERY@", str(int(every)))
    program = verilated(Verilated(SIMULATED, "pairs", driver, {"pairs": text}), folder)
    compared, differ = subprocess.run([program], check=True, capture_output=True, text=True).stdout.split()
    return int(compared), int(differ)


@pytest.mark.parametrize("pairs", some([EVERY_PAIR, WIDEST], WIDEST), ids=["every", "widest"])
def test_both_products_are_exact(pairs: list[Pair], cpp_folder: Path, count: Any) -> None:
    """All 2**24 of 8-bit codes and weights; extremes and a million drawn of what fills the operands."""
    every = pairs is EVERY_PAIR
    compared, differ = simulated(pairs, every, cpp_folder)
    assert differ == 0 and compared == 2 * len(pairs) << (24 if every else 20)
    count(products=compared)


@pytest.mark.parametrize("parameters", [{}, {"X_SIGNED": 0, "W_SIGNED": 0, "BITS": 17}, {"W_BITS": 4, "BITS": 9}])
def test_lint(parameters: dict[str, int]) -> None:
    lint(SIMULATED, "sw_product_pair", parameters)


@dataclass(frozen=True)
class Sums:
    """Elements side by side, and the blocks that they should take of a chip."""

    pe: int
    x_bits: int
    w_bits: int
    shared: int
    blocks: int
    simd: int = 2
    x_signed: int = 1

    @property
    def parameters(self) -> dict[str, int]:
        return {
            "KIND": Pe.INT_IN_DSP.value, "SHARED": self.shared, "PE": self.pe, "SIMD": self.simd,
            "X_BITS": self.x_bits, "X_SIGNED": self.x_signed, "W_BITS": self.w_bits, "W_SIGNED": 1, "RAW_BITS": 20,
        }  # fmt: skip


COUNTED = (
    Sums(2, 8, 8, shared=1, blocks=2),
    Sums(3, 8, 8, shared=1, blocks=4),
    Sums(4, 8, 4, shared=1, blocks=4, x_signed=0),
    Sums(2, 8, 8, shared=0, blocks=4),
    Sums(2, 10, 8, shared=1, blocks=4),
    Sums(2, 4, 4, shared=1, blocks=0),
)
"""Even and odd, signed and not, of a depthwise unit; too wide for two weights, too narrow for a block."""


@pytest.mark.parametrize("family", list(Family), ids=lambda family: family.value)
@pytest.mark.parametrize("sums", some(COUNTED, *COUNTED[1:4:2]), ids=str)
def test_two_outputs_take_the_blocks_of_one(sums: Sums, family: Family, tmp_path: Path) -> None:
    generic = int(family is not Family.SERIES_7)
    synthesis = Synthesis(SOURCES, "sw_sums", {**sums.parameters, "GENERIC": generic}, family=family, dsp=True)
    assert synthesised(synthesis, tmp_path).resources.dsp == sums.blocks
    assert unit_dsp({**sums.parameters, **({"TOTAL_BITS": 0} if sums.shared else {})}) == sums.blocks


def integers(bits: int, *shape: int) -> Int:
    """Both extremes among them."""
    drawn = np.random.default_rng(shape[0]).integers(-(1 << bits - 1), 1 << bits - 1, shape)
    drawn.flat[:2] = -(1 << bits - 1), (1 << bits - 1) - 1
    return Int(drawn, bits - 1)


def test_networks_multiply_by_pairs(tmp_path: Path) -> None:
    """Even and odd numbers of outputs, signed and unsigned codes, weights of 8 and 4 bits, beside a depthwise layer."""
    wide = Window((3, 2), (1, 1), (1, 1), (1, 0))
    image, unsigned = (6, 5, 4), Fixed(8, 4, signed=False)
    networks = {
        "n2": of_one(Dense(integers(8, 4, 6), Bias.none(4)), (6,)),
        "n5": of_one(Conv(integers(4, 3, 3, 2, 4), Bias.none(3), wide), image, unsigned),
        "n7": of_one(Dense(integers(8, 5, 6), Bias(np.arange(5), 3)), (6,), unsigned),
        "n8": of_one(Conv(integers(8, 4, 3, 2, 1), Bias.none(4), wide, 4), image),
    }
    codes: dict[str, Codes] = {name: frames(network, FRAMES) for name, network in networks.items()}
    batch = Batch.of(networks, codes, tmp_path)
    paired = {name: sum(paired_outputs(facts(rtl, unit)) for unit in rtl.units) for name, rtl in batch.rtl.items()}
    assert all(paired[name] for name in ("n2", "n5", "n7")) and not paired["n8"], paired
    for conditions in (FREE, Conditions(stall=0.4, seed=2), Conditions(reset_cycle=41)):
        assert batch.check_codes(batch.run(conditions)).live > 10
    batch.check_cycles(batch.run())
