"""A project's bitstream: the block design's script, and what Vivado leaves beside it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shiftwire.board.export import export_network
from shiftwire.board.inner import chosen_inner
from shiftwire.board.simulated import accelerator_design
from shiftwire.errors import CheckFailedError, InputError, ToolError, noted
from shiftwire.project.project import Project
from shiftwire.synth.build_report import FILE, BuildReport, build_report, check_timing, write_build
from shiftwire.synth.counts import check_blocks, check_no_blocks, multiplies
from shiftwire.synth.vitis import find_vitis
from shiftwire.synth.vivado import find_vivado, run_script
from shiftwire.tools.atomic import replaced_file
from shiftwire.tools.process import attempt, require_tool
from shiftwire.tools.vendor import VendorTool
from shiftwire_boards import vivado
from shiftwire_boards.runtime.inner import Inner

FOLDER = "bitstream"
"""Under reports/: what tools make is outside the version hash."""


@dataclass(frozen=True, slots=True)
class Bitstream:
    """What a build left: `files` are .bit, .hwh, .xsa and the reports."""

    files: tuple[Path, ...]
    report: BuildReport

    @property
    def bit(self) -> Path:
        """The file of configuration; its .hwh lies beside it under the same stem."""
        return next(file for file in self.files if file.suffix == ".bit")


def write_script(project: Project, inner: Inner | None = None) -> Path:
    """Write build.tcl, to be run by Vivado where it lies; raises InputError for a project without a shell."""
    script = project.reports_dir / FOLDER / vivado.SCRIPT
    replaced_file(script, vivado.build_script(accelerator_design(project, inner)))
    return script


def check_script(project: Project, script: Path, inner: Inner | None = None) -> str:
    """What the checker says of a script, in stand-ins for Vivado's commands; raises CheckFailedError for a fault."""
    tclsh = require_tool("tclsh", "check the script", "install it, on Debian by apt-get install tcl")
    arguments = vivado.checker_arguments(script, accelerator_design(project, inner))
    outcome = attempt([tclsh, *arguments])
    if outcome.status != 0:
        raise CheckFailedError(f"{script} is no script that Vivado would take: {outcome.output.strip()}")
    return outcome.output.strip()


def build(project: Project, inner: Inner | None = None) -> Bitstream:
    """Run the script in Vivado, for an hour or so, and before it Vitis HLS for an IP of the C++.

    Raises ToolError without a tool, CheckFailedError for missed timing and for what Vitis HLS missed. Whatever stops
    it, no bitstream lies under the final names then; what was read of its reports is kept.
    """
    form = chosen_inner(project, inner)
    script = write_script(project, form)
    with noted(f"the script is {script}; run it on a machine with Vivado, then go on with 'shiftwire package'"):
        vitis = find_vitis() if form is Inner.HLS else None
        tool = find_vivado()
    is_whole = False
    _remove(project, _names(project, form))
    (project.reports_dir / FILE).unlink(missing_ok=True)
    try:
        if vitis is not None:
            export_network(project, vitis)
        _run(project, tool, script, form)
        write_build(project, build_report(project, script.parent, form))
        bitstream = built(project, form)
        is_whole = True
    finally:
        if not is_whole:
            _remove(project, [name for name in _names(project, form) if name not in vivado.REPORTS])
    return bitstream


def built(project: Project, inner: Inner | None = None) -> Bitstream:
    """What a build left; raises InputError where a file is missing.

    Raises CheckFailedError where timing is not met, or where our IP took DSP blocks that nobody asked for.
    """
    form, folder = chosen_inner(project, inner), project.reports_dir / FOLDER
    files = tuple(folder / name for name in _names(project, form))
    for file in files:
        if not file.is_file() or not file.stat().st_size:
            raise InputError(f"found no {file}; run 'shiftwire build' first, on a machine with Vivado")
    report = build_report(project, folder, form)
    check_timing(report)
    counted = (report.network or report.whole).resources
    if counted is not None:
        _check_blocks(project, form, counted.dsp, folder / vivado.UTILIZATION)
    return Bitstream(files, report)


def _check_blocks(project: Project, inner: Inner, dsp: int, source: Path) -> None:
    """An HLS compiler may multiply in DSP blocks wherever weights are multiplied."""
    if inner is Inner.RTL:
        check_blocks(project.design.rtl, dsp, source)
    elif not multiplies(project.design.network):
        check_no_blocks(dsp, source)


def _run(project: Project, tool: VendorTool, script: Path, inner: Inner) -> None:
    """A script that stops at its own gate leaves reports, which tell more than it can."""
    try:
        run_script(tool, script, script.parent, "build the bitstream")
    except ToolError:
        report = None
        with suppress(InputError, ToolError):  # it stopped before there were any
            report = build_report(project, script.parent, inner)
        if report is not None:
            write_build(project, report)
            check_timing(report)
        raise


def _names(project: Project, inner: Inner) -> tuple[str, ...]:
    return vivado.outputs(accelerator_design(project, inner))


def _remove(project: Project, names: Iterable[str]) -> None:
    for name in names:
        (project.reports_dir / FOLDER / name).unlink(missing_ok=True)
