"""The simulated board's logic: a project's own SystemVerilog behind AXI ports, built into a program."""

from __future__ import annotations

from pathlib import Path

from shiftwire.errors import InputError
from shiftwire.ir.rtl_network import NETWORK
from shiftwire.project.project import Project
from shiftwire.rtl.axi_stream import BYTE
from shiftwire.rtl.files import MODULES
from shiftwire.rtl.ip import network_shell
from shiftwire.rtl.shell import TOP, Shell, top_text
from shiftwire.tools.template import filled
from shiftwire.tools.verilator import Verilated, verilated


def project_shell(project: Project) -> Shell:
    """The shell of a project; raises InputError for one without rtl/, and where its ends are too wide for a shell."""
    project.rtl_sources()
    shell = network_shell(project.design.rtl, int(project.version_hash[:8], 16))
    if not (project.rtl_dir / f"{TOP}.sv").is_file():
        raise InputError(f"found no {project.rtl_dir / TOP}.sv; convert the model again")
    return shell


def board_program(project: Project) -> Path:
    """The program, from reports/board when the same content was built before; plain operators in place of LUTs.

    It speaks with shiftwire_boards.sim.program and wants rtl/ as its working folder.
    """
    shell = project_shell(project)
    sources = tuple(file for file in project.rtl_sources() if file.stem != TOP)
    top = {TOP: top_text(shell, f"{NETWORK} #(.GENERIC(1))")}
    widths = {"read_bytes": shell.input.word_bits // BYTE, "written_bytes": shell.output.word_bits // BYTE}
    driver = filled("board_driver.cpp", **widths)
    build = Verilated(sources, TOP, driver, top, headers=(MODULES / "sim" / "sw_board.h",))
    return verilated(build, project.reports_dir / "board")
