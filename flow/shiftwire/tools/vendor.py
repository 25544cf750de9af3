"""What Vivado and Vitis HLS have in common: how they tell their version, and how their failures read.

Untested against the real tools: written after their documents and logs, tested with stand-ins.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shiftwire.errors import ToolError
from shiftwire.tools.process import Outcome, attempt

Version = tuple[int, int]
MEND = "install AMD Vitis and source its settings64.sh"
LICENCE_MEND = "name a licence in XILINXD_LICENSE_FILE or take a part that needs none"


@dataclass(frozen=True, slots=True)
class VendorTool:
    """A program of the vendor's."""

    program: Path
    version: Version

    def __str__(self) -> str:
        return f"{self.program.name} {spelled(self.version)}"


def spelled(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


def found_tool(name: str, switch: str) -> VendorTool | None:
    """The program of a name, None where PATH has none; raises ToolError when it does not tell a version."""
    program = shutil.which(name)
    if program is None:
        return None
    said = attempt([program, switch]).output
    match = re.search(r"\bv(\d{4})\.(\d)\b", said)
    if match is None:
        first = said.strip().partition("\n")[0]
        raise ToolError(f"{name} told '{first}' where its version was wanted; {MEND}")
    return VendorTool(Path(program), (int(match[1]), int(match[2])))


def run_tool(tool: VendorTool, arguments: Sequence[str | Path], purpose: str, folder: Path, log: str) -> str:
    """What the tool wrote, also kept in `log`; raises ToolError where it failed or wrote of an error."""
    outcome = attempt([tool.program, *arguments], folder)
    (folder / log).write_text(outcome.output, encoding="utf-8")
    said = failure(tool, outcome, purpose, folder / log)
    if said is not None:
        raise ToolError(said)
    return outcome.output


def failure(tool: VendorTool, outcome: Outcome, purpose: str, log: Path) -> str | None:
    """One sentence about how a run failed, None where it did not."""
    if outcome.signal is not None:
        return f"{tool} was ended by {outcome.signal} while it was to {purpose}; free memory and run it again"
    errors = [line.strip() for line in outcome.output.splitlines() if line.lstrip().startswith("ERROR")]
    licence = [line for line in errors if re.search(r"licen[cs]e", line, re.IGNORECASE)]
    if licence:
        return f"{tool} found no licence to {purpose}, it said '{licence[0]}'; {LICENCE_MEND}"
    if errors:
        return f"{tool} failed to {purpose}, it said '{errors[0]}'; read {log}"
    if outcome.status:
        return f"{tool} failed with status {outcome.status} to {purpose} and told no error; read {log}"
    return None
