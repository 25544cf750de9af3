"""Vitis HLS: C-simulation, synthesis, co-simulation and export of a project's hls folder.

Untested against the real tool: written after its documents (UG1399) and the scripts of hls4ml 1.3.0, tested with
stand-ins. `vitis_hls -f` exists up to 2024.2, `vitis-run --mode hls --tcl` from 2024.1 on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from shiftwire.errors import CheckFailedError, ToolError
from shiftwire.hls.top import HLS_TOP, IP_FOLDER
from shiftwire.synth.vitis_reports import cosim_report, csynth_reports
from shiftwire.tools.process import logged
from shiftwire.tools.resources import Report
from shiftwire.tools.vendor import MEND, VendorTool, Version, failure, found_tool, spelled

OLDEST: Version = (2022, 2)
FIRST_UNIFIED: Version = (2024, 1)
SCRIPT = "build_top.tcl"
"""Ours, around the top of plain words; hls4ml's own build_prj.tcl builds the function inside."""
LOG = "vitis.log"
CSYNTH = f"{HLS_TOP}_prj/solution1/syn/report/csynth.xml"
COSIM = f"{HLS_TOP}_prj/solution1/sim/report/*_cosim.rpt"
OPTIONS = ("reset", "csim", "synth", "cosim", "validation", "export", "vsynth", "fifo_opt")
"""Names that the scripts of hls4ml 1.3.0 look up; all must be set."""


class Step(Enum):
    """Steps, named as build_opt.tcl names them."""

    CSIM = "csim"
    CSYNTH = "synth"
    COSIM = "cosim"
    EXPORT = "export"


PROOF = {Step.CSIM: "CSim done with 0 errors", Step.COSIM: "C/RTL co-simulation finished: PASS"}
"""What the log must say; the exit status alone does not tell."""


@dataclass(frozen=True, slots=True)
class Vitis:
    """The program at hand and whether it is the unified one, which takes other arguments."""

    tool: VendorTool
    unified: bool

    def arguments(self, script: str) -> list[str]:
        """The command line that runs a script; the two programs spell it differently."""
        return ["--mode", "hls", "--tcl", script] if self.unified else ["-f", script]


def find_vitis() -> Vitis:
    """vitis-run where it can do it, else vitis_hls; raises ToolError where there is neither or it is too old."""
    unified = found_tool("vitis-run", "--version")
    if unified is not None and unified.version >= FIRST_UNIFIED:
        return Vitis(unified, unified=True)
    classic = found_tool("vitis_hls", "-version")
    if classic is None:
        raise ToolError(f"found neither 'vitis-run' nor 'vitis_hls' on PATH, which synthesise hls/; {MEND}")
    if classic.version < OLDEST:
        raise ToolError(f"found {classic}, wanted Vitis HLS {spelled(OLDEST)} or later; {MEND}")
    return Vitis(classic, unified=False)


def run_vitis(vitis: Vitis, folder: Path, steps: Sequence[Step]) -> tuple[Report, ...]:
    """Run steps in an hls folder and read their reports: modelled rows of synthesis, a simulated one of co-simulation.

    Raises CheckFailedError where codes differ, ToolError for every other failure.
    """
    purpose = f"run {' and '.join(step.name.lower() for step in steps)}"
    (folder / "build_opt.tcl").write_text(build_options(steps), encoding="utf-8")
    outcome = logged([vitis.tool.program, *vitis.arguments(SCRIPT)], folder, folder / LOG)
    _check_codes(vitis, outcome.output, folder / LOG)
    fault = failure(vitis.tool, outcome, purpose, folder / LOG)
    if fault is not None:
        raise ToolError(fault)
    for step in steps:
        if step in PROOF and PROOF[step] not in outcome.output:
            raise ToolError(f"{vitis.tool} ended {purpose} without the words '{PROOF[step]}'; read {folder / LOG}")
    return tuple(row for step in steps for row in _reports(step, vitis, folder))


def build_options(steps: Sequence[Step]) -> str:
    """Text of build_opt.tcl; synthesis starts the project afresh."""
    asked = {step.value for step in steps} | ({"reset"} if Step.CSYNTH in steps else set())
    lines = (f"    {name} {int(name in asked)}" for name in OPTIONS)
    return "array set opt {\n" + "\n".join(lines) + "\n}\n"


def _check_codes(vitis: Vitis, output: str, log: Path) -> None:
    """Our test bench counts differing codes in its last line."""
    for frames, different, codes in re.findall(r"(\d+) frames, (\d+) of (\d+) codes differ", output):
        if int(different):
            raise CheckFailedError(
                f"{vitis.tool} found {different} of {codes} codes of {frames} frames to differ from tb_data; read {log}"
            )


def _reports(step: Step, vitis: Vitis, folder: Path) -> Sequence[Report]:
    match step:
        case Step.CSIM:
            return ()
        case Step.CSYNTH:
            return csynth_reports(_only(folder, CSYNTH, vitis))
        case Step.COSIM:
            synthesis = csynth_reports(_only(folder, CSYNTH, vitis))[0]
            return (cosim_report(_only(folder, COSIM, vitis), synthesis),)
        case Step.EXPORT:
            _only(folder, f"{IP_FOLDER}/component.xml", vitis)
            return ()


def _only(folder: Path, pattern: str, vitis: Vitis) -> Path:
    files = sorted(folder.glob(pattern))
    if len(files) != 1:
        raise ToolError(
            f"{vitis.tool} left {len(files)} files {pattern} in {folder}, wanted one; remove {HLS_TOP}_prj, run again"
        )
    return files[0]
