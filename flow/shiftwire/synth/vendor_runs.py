"""What Vitis HLS makes of a project's C++ and Vivado of its SystemVerilog; both optional, never tried on the real ones.

Tested with stand-ins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from shiftwire.errors import CheckFailedError, InputError, noted
from shiftwire.hls.expected import read_expected
from shiftwire.project.project import Backend, Project
from shiftwire.project.report_rows import Rows, write_rows
from shiftwire.synth.counts import Top, check_blocks, sources_of
from shiftwire.synth.csynth_check import csynth_misses
from shiftwire.synth.vitis import CSYNTH, LOG, Step, Vitis, find_vitis, run_vitis
from shiftwire.synth.vivado import find_vivado, run_script
from shiftwire.synth.vivado_reports import hierarchy_reports, timing_summary
from shiftwire.tools.atomic import replaced_file
from shiftwire.tools.resources import Report
from shiftwire_boards.vivado import EMPTY_ROM_IS_ERROR

SCRIPT = "synth.tcl"
VITIS_ROWS = "vitis.json"
"""Under reports/."""

UTILIZATION = "utilization.rpt"
TIMING = "timing.rpt"
SKIPPED = "skipped: nothing was run"


def vitis_synthesis(project: Project, vitis: Vitis) -> tuple[tuple[Report, ...], str]:
    """Rows of hls/, estimates of synthesis, and what of it is not as expected: a sentence, or nothing.

    Rows are kept where all is as expected; earlier ones go where a kernel is not, and stay where nothing was learnt.
    """
    wanted = read_expected(project.hls_dir, project.again_with(Backend.HLS))
    rows = run_vitis(vitis, project.hls_dir, [Step.CSYNTH])
    report, log = project.hls_dir / CSYNTH, project.hls_dir / LOG
    misses = csynth_misses(report, wanted, log.read_text(encoding="utf-8", errors="replace"))
    if misses:
        (project.reports_dir / VITIS_ROWS).unlink(missing_ok=True)
        return rows, f"{'; '.join(misses)}: read {report}, and report it, with the version, as a fault of shiftwire"
    write_rows(project.reports_dir / VITIS_ROWS, Rows(project.version_hash, rows))
    return rows, ""


def vitis_simulation(project: Project, vitis: Vitis, *more: Step) -> Report:
    """The row of a co-simulation of hls/, behind a synthesis that was as expected; raises CheckFailedError else."""
    rows, missed = vitis_synthesis(project, vitis)
    if missed:
        raise CheckFailedError(missed)
    (row,) = run_vitis(vitis, project.hls_dir, [Step.COSIM, *more])
    write_rows(project.reports_dir / VITIS_ROWS, Rows(project.version_hash, (*rows, row)))
    return row


def vitis_for(project: Project) -> Vitis:
    """The tool for the hls/ of a project; raises InputError without that folder, ToolError without the tool."""
    if not project.hls_dir.is_dir():
        raise InputError(f"{project.path} holds no hls/; {project.again_with(Backend.HLS)}")
    with noted(SKIPPED):
        return find_vitis()


def vivado_rows(project: Project, top: Top) -> Rows:
    """Rows of rtl/ out of context, the whole with the period that it reached.

    Raises CheckFailedError for DSP blocks that no unit asks for.
    """
    sources, folder = sources_of(project, top), project.reports_dir / "vivado"
    with noted(SKIPPED):
        tool = find_vivado()
    network = project.design.rtl
    replaced_file(folder / SCRIPT, "\n".join(_script(project, sources, top)) + "\n")
    run_script(tool, folder / SCRIPT, folder, "synthesise rtl/")
    clock_ns = project.design.clock_ns
    whole, *units = hierarchy_reports((folder / UTILIZATION).read_text(encoding="utf-8"), clock_ns)
    if whole.resources is not None:
        check_blocks(network, whole.resources.dsp, folder / UTILIZATION)
    timing = timing_summary((folder / TIMING).read_text(encoding="utf-8"))
    whole = replace(whole, reached_ns=clock_ns - timing.worst_setup)
    inner = "inner/" if top is Top.SHELL else ""
    layer_of = {f"{inner}unit_{unit.name}": unit.layer for unit in network.units}
    return Rows(project.version_hash, (whole, *units), layer_of)


def _script(project: Project, sources: tuple[Path, ...], top: Top) -> Iterator[str]:
    """Tcl for Vivado (UG835), to be run in reports/vivado."""
    design, clock = project.design, "clk" if top is Top.NETWORK else "aclk"
    yield "# Synthesis out of context. Written by shiftwire."
    yield f"create_project -in_memory -part {design.board.part}"
    yield EMPTY_ROM_IS_ERROR
    for source in sources:
        yield f"read_verilog -sv {{{_relative(project, source)}}}"
    for file in project.rtl_data():
        yield f"read_mem {{{_relative(project, file)}}}"
    yield f"synth_design -top {top.module} -part {design.board.part} -mode out_of_context -flatten_hierarchy rebuilt"
    yield f"create_clock -name clk -period {design.clock_ns:.3f} [get_ports {clock}]"
    yield f"report_utilization -hierarchical -file {UTILIZATION}"
    yield f"report_timing_summary -file {TIMING}"


def _relative(project: Project, file: Path) -> str:
    return f"../../{file.relative_to(project.path).as_posix()}"
