"""The simulated board's logic: the files that go to Vivado, behind AXI ports, built into a program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shiftwire.board.inner import DESIGN, chosen_inner, design_text, project_shell
from shiftwire.hls.shell import FOLDER as SHELL
from shiftwire.hls.top import HLS_TOP, ip_ports, word_ports
from shiftwire.ir.rtl_network import NETWORK
from shiftwire.project.project import Project
from shiftwire.rtl.axi_stream import BYTE
from shiftwire.rtl.files import MODULES, cell_files
from shiftwire.rtl.shell import SHELL_MODULES, TOP, Shell, top_text
from shiftwire.tools.template import filled
from shiftwire.tools.verilator import Verilated, verilated
from shiftwire_boards.runtime.inner import Inner


@dataclass(frozen=True, slots=True)
class BoardProgram:
    """A program that speaks with shiftwire_boards.sim.program, and the folder in which it finds its constants."""

    path: Path
    folder: Path


def board_program(project: Project, inner: Inner | None = None) -> BoardProgram:
    """The program, from reports/board when the same content was built before; plain operators in place of LUTs.

    Behind the shell is the SystemVerilog, or the compiled C++ in place of the HLS IP; its latency and stalls vary.
    """
    form = chosen_inner(project, inner)
    return _rtl_program(project) if form is Inner.RTL else _hls_program(project)


def _hls_program(project: Project) -> BoardProgram:
    shell, firmware = project_shell(project, Inner.HLS), project.hls_dir / "firmware"
    source, sink = word_ports(project.design.pipeline)
    ports = {"in_bits": source.bits, "out_bits": sink.bits, "in_words": source.words, "out_words": sink.words}
    driver = filled("hls_board_driver.cpp", top=HLS_TOP, **ports, **_widths(shell))
    ends = {"in_high": source.bits - 1, "out_high": sink.bits - 1}
    named = ",\n".join(f"    {port}" for port in ip_ports(project.design.pipeline))
    generated = {DESIGN: design_text(shell), HLS_TOP: filled("hls_kernel.sv", top=HLS_TOP, ports=named, **ends)}
    sources = tuple(project.hls_dir / SHELL / f"{name}.sv" for name in (*SHELL_MODULES, TOP))
    cpp = sorted(file for file in firmware.rglob("*") if file.suffix in (".h", ".cpp"))
    headers = (MODULES / "sim" / "sw_board.h", MODULES / "sim" / "sw_hls_kernel.h", *cpp)
    build = Verilated(sources, DESIGN, driver, generated, headers=headers)
    return BoardProgram(verilated(build, project.reports_dir / "board"), firmware)


def _widths(shell: Shell) -> dict[str, int]:
    return {"read_bytes": shell.input.word_bits // BYTE, "written_bytes": shell.output.word_bits // BYTE}


def _rtl_program(project: Project) -> BoardProgram:
    shell = project_shell(project, Inner.RTL)
    sources = tuple(file for file in project.rtl_sources() if file.stem != TOP)
    top = {TOP: top_text(shell, f"{NETWORK} #(.GENERIC(1))")}
    driver = filled("board_driver.cpp", **_widths(shell))
    sources += cell_files((project.design.rtl,), generic=True)
    build = Verilated(sources, TOP, driver, top, headers=(MODULES / "sim" / "sw_board.h",))
    return BoardProgram(verilated(build, project.reports_dir / "board"), project.rtl_dir)
