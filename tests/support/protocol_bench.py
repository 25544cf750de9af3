"""A project's shiftwire_top under cocotb: built once by our own Verilator calls, then driven by a module of checks."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest

from shiftwire.board.inner import project_shell
from shiftwire.ir.rtl_network import NETWORK
from shiftwire.project.project import Project
from shiftwire.rtl.shell import TOP, top_text
from shiftwire.tools.verilator import Verilated, verilated

needs_cocotb = pytest.mark.skipif(
    find_spec("cocotbext") is None, reason="found no cocotbext-axi; pip install 'shiftwire[protocol]'"
)
PROJECT = "SHIFTWIRE_PROJECT"
COMPARED = "SHIFTWIRE_COMPARED"
"""In the environment of the simulator, where the checks run: the project's folder, and a file that takes counts."""

QUIET = {"COCOTB_LOG_LEVEL": "WARNING", "PYTHONWARNINGS": "ignore::DeprecationWarning"}
"""cocotbext-axi still uses names that cocotb 2 would like to lose."""

VISIBLE = f'`verilator_config\npublic_flat_rw -module "{TOP}" -var "*"\n'
"""cocotb sees the ports; what is inside stays free to be optimised."""


def protocol_program(project: Project, folder: Path) -> Path:
    """The simulator; it wants rtl/ as its working folder."""
    from cocotb_tools import config  # noqa: PLC0415 - an extra

    folder.mkdir(parents=True, exist_ok=True)
    visible = folder / "visible.vlt"
    visible.write_text(VISIBLE, encoding="utf-8")
    top = {TOP: top_text(project_shell(project), f"{NETWORK} #(.GENERIC(1))")}
    sources = (file for file in project.rtl_sources() if file.stem != TOP)
    main = (config.share_dir / "lib" / "verilator" / "verilator.cpp").read_text(encoding="utf-8")
    link = f"-Wl,-rpath,{config.libs_dir} -L{config.libs_dir} -lcocotbvpi_verilator"
    # registers start at random values, so that whatever is not reset shows
    options = ("--vpi", "-LDFLAGS", link, "--x-initial", "unique", "--x-assign", "unique")
    return verilated(Verilated((visible, *sources), TOP, main, top, options=options), folder)


def run_checks(program: Path, project: Project, module: str, check: str, folder: Path) -> int:
    """Run one check of a module within the simulator and give its count; fails with the last lines of its log."""
    from cocotb_tools.runner import get_runner  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    (folder / TOP).symlink_to(program.absolute())
    log, results, counts = folder / "log", folder / "results.xml", folder / "compared"
    try:
        get_runner("verilator").test(
            test_module=module,
            test_filter=rf"\.{check}$",
            hdl_toplevel=TOP,
            hdl_toplevel_lang="verilog",
            build_dir=folder,
            test_dir=project.rtl_dir,  # where memory files are looked for
            results_xml=str(results),
            log_file=log,
            seed=1,
            test_args=["+verilator+rand+reset+2", "+verilator+seed+1"],
            extra_env={PROJECT: str(project.path.absolute()), COMPARED: str(counts), **QUIET},
        )
    except SystemExit:
        pytest.fail(log.read_text(encoding="utf-8")[-6000:] if log.exists() else "the simulator did not start")
    cases = list(ElementTree.parse(results).iter("testcase"))
    assert [case.get("name") for case in cases] == [check], "the check ran, and nothing else"
    return sum(map(int, counts.read_text(encoding="utf-8").split()))


def given_project() -> Path:
    """Within the simulator: the folder of the project."""
    return Path(os.environ[PROJECT])


def given_folder() -> Path:
    """Within the simulator: where files may go."""
    return Path(os.environ[COMPARED]).parent


def report(compared: int) -> None:
    """Within the simulator: so many codes or words more were compared."""
    with Path(os.environ[COMPARED]).open("a", encoding="utf-8") as file:
        print(compared, file=file)
