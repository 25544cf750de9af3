"""Vivado: runs Tcl scripts in batch mode.

Untested against the real tool: written after its documents (UG835), tested with stand-ins.
"""

from __future__ import annotations

from pathlib import Path

from shiftwire.errors import ToolError
from shiftwire.tools.vendor import MEND, VendorTool, Version, found_tool, run_tool, spelled

OLDEST: Version = (2022, 2)
LOG = "vivado.log"


def find_vivado() -> VendorTool:
    """Raises ToolError where there is none or it is too old."""
    tool = found_tool("vivado", "-version")
    if tool is None:
        raise ToolError(f"found no 'vivado' on PATH, which places and routes; {MEND}")
    if tool.version < OLDEST:
        raise ToolError(f"found {tool}, wanted Vivado {spelled(OLDEST)} or later; {MEND}")
    return tool


def run_script(tool: VendorTool, script: Path, folder: Path, purpose: str) -> str:
    """What a Tcl script wrote, run in `folder`; raises ToolError where it failed."""
    arguments: list[str | Path] = ["-mode", "batch", "-nojournal", "-nolog", "-notrace", "-source", script.resolve()]
    return run_tool(tool, arguments, purpose, folder, LOG)
