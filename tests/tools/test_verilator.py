"""Simulation programs: one for every content, and nothing between two that are built at once in one folder."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from board_bench import small_project
from shiftwire.board.program import board_program
from shiftwire.tools.verilator import Verilated, verilated

TOP = "module top (output [7:0] number); assign number = 8'd{}; endmodule\n"
DRIVER = (
    '#include <cstdio>\n#include "Vtop.h"\n' + 'int main() { Vtop top; top.eval(); std::printf("%d", top.number); }\n'
)


def numbered(number: int) -> Verilated:
    return Verilated((), "top", DRIVER, {"top": TOP.format(number)}, optimise="-O0")


@pytest.mark.whole
def test_designs_built_at_once_in_one_folder_stay_apart(tmp_path: Path) -> None:
    numbers = [1, 2]
    with ThreadPoolExecutor(2) as pool:
        programs = list(pool.map(lambda number: verilated(numbered(number), tmp_path), numbers))
    said = [subprocess.run([program], capture_output=True, check=True, text=True).stdout for program in programs]
    assert said == ["1", "2"]
    assert sorted(tmp_path.iterdir()) == sorted(programs), "a build leaves its program and nothing else"


def test_whatever_decides_a_program_decides_its_key(tmp_path: Path) -> None:
    one, source = numbered(1), tmp_path / "more.sv"
    source.write_text("module more; endmodule\n")
    others = [
        replace(one, generated={"other": TOP.format(1)}),
        replace(one, generated={}),
        replace(one, driver=DRIVER + "\n"),
        replace(one, parameters={"WIDTH": 3}),
        replace(one, options=("--trace-vcd",)),
        replace(one, optimise="-O1"),
        replace(one, sources=(source,)),
        numbered(2),
    ]
    assert len({build.key("5.048") for build in (one, *others)} | {one.key("5.050")}) == len(others) + 2


@pytest.mark.whole
def test_builds_of_two_projects_share_no_file(tmp_path: Path) -> None:
    """Both may name one folder, at the same time: what lies there is of neither but its program."""
    project = small_project(tmp_path / "project")
    program = board_program(project).path
    assert list(program.parent.iterdir()) == [program] and os.access(program, os.X_OK)
