"""A block RAM that is read where it is written gives a wrong word in simulation: nobody can count on the old one.

That no network does is seen wherever networks are simulated. LUT RAM gives the old word, on every part.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from shiftwire.rtl.files import MODULES
from shiftwire.tools.process import run
from shiftwire.tools.verilator import Verilated, verilated

DRIVER = """\
#include "Vtop.h"
#include <cstdio>
int main() {
    Vtop top;
    auto cycle = [&](int store, int to, int given, int read, int from) {
        top.store = store; top.to = to; top.given = given; top.read = read; top.from = from;
        top.clk = 0; top.eval(); top.clk = 1; top.eval();
        std::printf("%d ", top.data);
    };
    cycle(1, 2, 0x5a, 0, 0);
    cycle(0, 0, 0, 1, 2);     // stored before
    cycle(1, 2, 0x33, 1, 2);  // stored meanwhile
    cycle(1, 2, 0x77, 0, 2);  // not read
    cycle(1, 1, 0x11, 1, 2);  // another one stored
}
"""


@pytest.mark.parametrize("block", [0, 1])
def test_a_collision_gives_the_old_word_or_none_that_was_stored(block: int, cpp_folder: Path) -> None:
    build = Verilated((MODULES / "sw_memory.sv",), "sw_memory", DRIVER, parameters={"BLOCK": block}, optimise="-O0")
    words = [int(word) for word in run([verilated(build, cpp_folder)], "collide").split()]
    old = 0x5A ^ 0xFF if block else 0x5A
    assert words[1:] == [0x5A, old, old, 0x77]
