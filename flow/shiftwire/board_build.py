"""A project's bitstream: the block design's script, and what Vivado leaves beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shiftwire.board_sim import accelerator_design
from shiftwire.errors import CheckFailedError, InputError, noted
from shiftwire.folder import replaced_file
from shiftwire.project import Project
from shiftwire.tools.process import attempt, require_tool
from shiftwire.tools.vivado import find_vivado, run_script
from shiftwire.tools.vivado_reports import Timing, timing_summary
from shiftwire_boards import vivado

FOLDER = "bitstream"
"""Under reports/: what tools make is outside the version hash."""

IP_REPO = "../../rtl"
TIMING = "timing_summary.rpt"


@dataclass(frozen=True, slots=True)
class Bitstream:
    """What a build left: `files` are .bit, .hwh, .xsa and the reports."""

    files: tuple[Path, ...]
    timing: Timing

    @property
    def bit(self) -> Path:
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
    """Run the script in Vivado, for an hour or so; raises ToolError without Vivado, or where timing is not met."""
    script = write_script(project)
    with noted(f"the script is {script}; run it on a machine with Vivado, then go on with 'shiftwire package'"):
        tool = find_vivado()
    run_script(tool, script, script.parent, "build the bitstream")
    return built(project)


def built(project: Project) -> Bitstream:
    """What a build left; raises InputError where a file is missing."""
    folder = project.reports_dir / FOLDER
    files = tuple(folder / name for name in vivado.outputs(accelerator_design(project, IP_REPO)))
    for file in files:
        if not file.is_file() or not file.stat().st_size:
            raise InputError(f"found no {file}; run 'shiftwire build' first, on a machine with Vivado")
    return Bitstream(files, timing_summary((folder / TIMING).read_text(encoding="utf-8")))
