"""Processing elements stay as small as they are: slice LUTs of one more element, mapped by yosys for 7-series."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench_pe import KINDS, of_one
from shiftwire.errors import ToolError
from shiftwire.tools.resources import Resources
from shiftwire.tools.yosys import Netlist, Synthesis, synthesised

LUT1 = Resources(lut=1, ff=0, bram36=0.0, dsp=0, lutram=0, srl=0, raw_lut=1)
BY_NAME = {kind.name: kind for kind in KINDS}

MOST_LUT = [
    ("shift W8", 1, 28),
    ("shift W4", 1, 23),
    ("shift W2", 1, 18),
    ("shift W1 (ternary)", 9, 105),
    ("adder 8 bit", 1, 22),
    ("adder 8 bit", 9, 149),
    ("adder 4 bit, acc 14", 9, 87),
    ("shift W8", 9, 282),
    ("shift W4", 9, 198),
    ("shift W2", 9, 133),
    ("int8 x int8, LUT", 1, 68),
    ("int4 x int8, LUT", 1, 37),
]


@pytest.fixture(scope="module")
def netlists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the netlists of this run live."""
    return tmp_path_factory.mktemp("netlists")


@pytest.mark.slow
@pytest.mark.parametrize("name, simd, most", MOST_LUT)
def test_an_element_takes_no_more(name: str, simd: int, most: int, netlists: Path) -> None:
    found = of_one(BY_NAME[name], simd, netlists)
    assert found.lut <= most
    assert (found.dsp, found.bram36, found.srl) == (0, 0, 0)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.sv"
    path.write_text(text, encoding="utf-8")
    return path


STORES = """\
module stores #(parameter int WORDS = 64) (
    input logic clk, enable, input logic [5:0] at, input logic [7:0] x,
    output logic [7:0] late, ram, output logic [17:0] product
);
  logic [7:0] line [20];
  (* ram_style = "distributed" *) logic [7:0] memory [WORDS];
  logic signed [8:0] a, b;
  always_ff @(posedge clk) begin
    line[0] <= x;
    for (int i = 1; i < 20; i++) line[i] <= line[i-1];
    late <= line[19];
    if (enable) memory[at] <= x;
    ram <= memory[~at];
    {a, b} <= {x[7], x, late[7], late};
    product <= a * b;
  end
endmodule
"""


def mapped(folder: Path, **options: bool) -> Netlist:
    source = written(folder, "stores", STORES)
    return synthesised(Synthesis((source,), "stores", {"WORDS": 64}, **options), folder / "cache")


def test_memories_and_shift_registers_are_slice_luts(tmp_path: Path) -> None:
    found = mapped(tmp_path, dsp=True).resources
    assert (found.dsp, found.srl, found.bram36) == (1, 8, 0)
    assert found.lutram in (12, 16)  # 8 bits: RAM64M is 4 LUTs for 3 bits, RAM64X1D 2 for 1
    assert found.lut >= found.srl + found.lutram


def test_products_are_luts_unless_blocks_are_asked_for(tmp_path: Path) -> None:
    assert mapped(tmp_path).resources.dsp == 0


def test_a_netlist_is_mapped_once(tmp_path: Path) -> None:
    first = mapped(tmp_path, dsp=True)
    stamp = first.verilog.stat().st_mtime_ns
    assert mapped(tmp_path, dsp=True) == first
    assert first.verilog.stat().st_mtime_ns == stamp
    assert "module stores" in first.verilog.read_text(encoding="utf-8")


def test_kept_units_are_counted_apart(tmp_path: Path) -> None:
    inner = written(tmp_path, "inner", "module inner (input a, b, c, output y); assign y = a ^ b & c; endmodule\n")
    two = "inner u (.a(a), .b(b), .c(c), .y(y)); inner v (.a(b), .b(c), .c(a), .y(x));"
    outer = written(tmp_path, "outer", f"module outer (input a, b, c, output x, y); {two} endmodule\n")
    found = synthesised(Synthesis((inner, outer), "outer", kept=("inner",)), tmp_path / "cache")
    assert found.units == {"u": LUT1, "v": LUT1}
    assert found.resources == LUT1 + LUT1


def test_a_broken_source_is_a_tool_error(tmp_path: Path) -> None:
    source = written(tmp_path, "broken", "module broken (input a; endmodule\n")
    with pytest.raises(ToolError, match=r"(?s)map broken.*syntax error"):
        synthesised(Synthesis((source,), "broken"), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
