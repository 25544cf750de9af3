"""Block RAM of single memories as modelled, against a netlist of the modules that hold them."""

from __future__ import annotations

import numpy as np
import pytest

from shiftwire.ir.cost import blocks, rom_blocks
from shiftwire.rtl.files import module_files
from shiftwire.tools.yosys import Netlist, Synthesis, synthesised

SIZES = ((129, 16), (512, 37), (512, 73), (1024, 54), (1024, 63), (2304, 14), (4096, 10), (1152, 56), (3000, 20))
MOST_BITS = max(bits for _, bits in SIZES)


@pytest.fixture(scope="module")
def netlist(tmp_path_factory: pytest.TempPathFactory) -> Netlist:
    """A ROM and a written memory of each size."""
    folder, rng = tmp_path_factory.mktemp("blocks"), np.random.default_rng(0)
    ports = f"input logic clk, st, input logic [11:0] a, b, input logic [{MOST_BITS - 1}:0] x"
    lines = [f"module blocks({ports}, output logic [{MOST_BITS - 1}:0] y);"]
    for at, (words, bits) in enumerate(SIZES):
        numbers = ["".join("01"[bit] for bit in row) for row in rng.integers(0, 2, (words, bits))]
        (folder / f"{at}.mem").write_text("".join(f"{int(number, 2):x}\n" for number in numbers), encoding="utf-8")
        place, size = f"[{(words - 1).bit_length() - 1}:0]", f".WIDTH({bits}), .WORDS({words}), .BLOCK(1)"
        lines += [
            f"logic [{bits - 1}:0] r{at}, m{at};",
            f'sw_rom #({size}, .FILE("{at}.mem")) rom{at}(.clk, .address(a{place}), .data(r{at}));',
            f"sw_memory #({size}) memory{at}(.clk, .store(st), .to(a{place}), .given(x[{bits - 1}:0]), .read(1'b1), "
            f".from(b{place}), .data(m{at}));",
        ]
    total = " ^ ".join(f"{MOST_BITS}'(r{at}) ^ {MOST_BITS}'(m{at})" for at in range(len(SIZES)))
    source = folder / "blocks.sv"
    source.write_text("\n".join([*lines, f"assign y = {total};", "endmodule\n"]), encoding="utf-8")
    data = tuple(sorted(folder.glob("*.mem")))
    kept = ("sw_rom", "sw_memory")
    return synthesised(Synthesis((source, *module_files()), "blocks", kept=kept, data=data), folder / "maps")


@pytest.mark.parametrize("at", range(len(SIZES)))
def test_blocks_are_those_of_a_netlist(netlist: Netlist, at: int) -> None:
    assert netlist.units[f"rom{at}"].bram36 == rom_blocks(*SIZES[at])
    assert netlist.units[f"memory{at}"].bram36 == blocks(*SIZES[at])
