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
from shiftwire.tools.process import Outcome, attempt, logged

Version = tuple[int, int]
MEND = "install AMD Vitis and source its settings64.sh"
LICENCE_MEND = "name a licence in XILINXD_LICENSE_FILE or take a part that needs none"
STOPPED = re.compile(r"^STOPPED: (.*)$", re.MULTILINE)
"""How a script of ours says why it stopped."""

TCL_ERROR = re.compile(r"^(\S.*)\n +(?:while executing|invoked from within)$", re.MULTILINE)
FULL = "found the disk full; free some 10 GB there"
LEAST_FREE = 1 << 24
"""Bytes; with less on its disk, a tool may fail before it can say so."""

KNOWN = (
    (re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE), FULL),
    (
        re.compile(r"\[BD 5-216\]"),
        "its catalogue lacks an IP that the design wants; take the Vivado that the IP was packaged for",
    ),
)
"""Signs in what a tool wrote, and what they mean."""


@dataclass(frozen=True, slots=True)
class VendorTool:
    """A program of the vendor's."""

    program: Path
    version: Version

    def __str__(self) -> str:
        return f"{self.program.name} {spelled(self.version)}"


def spelled(version: Version) -> str:
    """A version as the vendor writes it: year and release, such as 2024.2."""
    return f"{version[0]}.{version[1]}"


def found_tool(name: str, switch: str) -> VendorTool | None:
    """The program of a name, None where PATH has none; raises ToolError when it does not tell a version."""
    program = shutil.which(name)
    if program is None:
        return None
    banner = attempt([program, switch]).output
    match = re.search(r"\bv(\d{4})\.(\d)\b", banner)
    if match is None:
        first = banner.strip().partition("\n")[0]
        raise ToolError(f"{name} told '{first}' where its version was wanted; {MEND}")
    return VendorTool(Path(program), (int(match[1]), int(match[2])))


def run_tool(tool: VendorTool, arguments: Sequence[str | Path], purpose: str, folder: Path, log: str) -> str:
    """What the tool wrote, also kept in `log`; raises ToolError where it failed or wrote of an error."""
    outcome = logged([tool.program, *arguments], folder, folder / log)
    fault = failure(tool, outcome, purpose, folder / log)
    if fault is not None:
        raise ToolError(fault)
    return outcome.output


def failure(tool: VendorTool, outcome: Outcome, purpose: str, log: Path) -> str | None:
    """One sentence about how a run failed, None where it did not."""
    if outcome.signal is not None:
        return f"{tool} was ended by {outcome.signal} while it was to {purpose}; free memory and run it again"
    errors = [line.strip() for line in outcome.output.splitlines() if line.lstrip().startswith("ERROR")]
    licence = [line for line in errors if re.search(r"licen[cs]e", line, re.IGNORECASE)]
    if licence:
        return f"{tool} found no licence to {purpose}, it said '{licence[0]}'; {LICENCE_MEND}"
    if not errors and not outcome.status:
        return None
    meaning = next((words for sign, words in KNOWN if sign.search(outcome.output)), None)
    if shutil.disk_usage(log.parent).free < LEAST_FREE:
        meaning = FULL
    stopped = STOPPED.search(outcome.output)
    messages = errors or ([] if stopped else TCL_ERROR.findall(outcome.output))
    quoted = f"it said '{messages[0]}'" if messages else ""
    if meaning or stopped:
        reason = meaning or (stopped[1] if stopped else "")
        return f"{tool} could not {purpose}: {reason}" + (f" ({quoted}; read {log})" if quoted else f" (read {log})")
    if quoted:
        return f"{tool} failed to {purpose}, {quoted}; read {log}"
    return f"{tool} failed with status {outcome.status} to {purpose} and told no error; read {log}"
