"""A project's bitstream: the block design's script, and what Vivado leaves beside it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shiftwire.board.simulated import accelerator_design
from shiftwire.errors import CheckFailedError, InputError, ToolError, noted
from shiftwire.project.project import Project
from shiftwire.synth.build_report import FILE, BuildReport, build_report, check_timing, write_build
from shiftwire.synth.counts import check_blocks
from shiftwire.synth.vivado import find_vivado, run_script
from shiftwire.tools.atomic import replaced_file
from shiftwire.tools.process import attempt, require_tool
from shiftwire.tools.vendor import VendorTool
from shiftwire_boards import vivado

FOLDER = "bitstream"
"""Under reports/: what tools make is outside the version hash."""

IP_REPO = "../../rtl"


@dataclass(frozen=True, slots=True)
class Bitstream:
    """What a build left: `files` are .bit, .hwh, .xsa and the reports."""

    files: tuple[Path, ...]
    report: BuildReport

    @property
    def bit(self) -> Path:
        """The file of configuration; its .hwh lies beside it under the same stem."""
        return next(file for file in self.files if file.suffix == ".bit")


def write_script(project: Project) -> Path:
    """Write build.tcl, to be run by Vivado where it lies; raises InputError for a project without a shell."""
    script = project.reports_dir / FOLDER / vivado.SCRIPT
    replaced_file(script, vivado.build_script(accelerator_design(project, IP_REPO)))
    return script


def check_script(project: Project, script: Path) -> str:
    """What the checker says of a script, in stand-ins for Vivado's commands; raises CheckFailedError for a fault."""
    tclsh = require_tool("tclsh", "check the script", "install it, on Debian by apt-get install tcl")
    arguments = vivado.checker_arguments(script, accelerator_design(project, IP_REPO))
    outcome = attempt([tclsh, *arguments])
    if outcome.status != 0:
        raise CheckFailedError(f"{script} is no script that Vivado would take: {outcome.output.strip()}")
    return outcome.output.strip()


def build(project: Project) -> Bitstream:
    """Run the script in Vivado, for an hour or so; raises ToolError without Vivado, CheckFailedError for missed timing.

    Whatever stops it, no bitstream lies under the final names then; what was read of its reports is kept.
    """
    script = write_script(project)
    with noted(f"the script is {script}; run it on a machine with Vivado, then go on with 'shiftwire package'"):
        tool = find_vivado()
    is_whole = False
    _remove(project, _names(project))
    (project.reports_dir / FILE).unlink(missing_ok=True)
    try:
        _run(project, tool, script)
        write_build(project, build_report(project, script.parent))
        bitstream = built(project)
        is_whole = True
    finally:
        if not is_whole:
            _remove(project, [name for name in _names(project) if name not in vivado.REPORTS])
    return bitstream


def built(project: Project) -> Bitstream:
    """What a build left; raises InputError where a file is missing.

    Raises CheckFailedError where timing is not met, or where our IP took DSP blocks that nobody asked for.
    """
    folder = project.reports_dir / FOLDER
    files = tuple(folder / name for name in _names(project))
    for file in files:
        if not file.is_file() or not file.stat().st_size:
            raise InputError(f"found no {file}; run 'shiftwire build' first, on a machine with Vivado")
    report = build_report(project, folder)
    check_timing(report)
    counted = (report.network or report.whole).resources
    if counted is not None:
        check_blocks(project.design.rtl, counted.dsp, folder / vivado.UTILIZATION)
    return Bitstream(files, report)


def _run(project: Project, tool: VendorTool, script: Path) -> None:
    """A script that stops at its own gate leaves reports, which tell more than it can."""
    try:
        run_script(tool, script, script.parent, "build the bitstream")
    except ToolError:
        report = None
        with suppress(InputError, ToolError):  # it stopped before there were any
            report = build_report(project, script.parent)
        if report is not None:
            write_build(project, report)
            check_timing(report)
        raise


def _names(project: Project) -> tuple[str, ...]:
    return vivado.outputs(accelerator_design(project, IP_REPO))


def _remove(project: Project, names: Iterable[str]) -> None:
    for name in names:
        (project.reports_dir / FOLDER / name).unlink(missing_ok=True)
