"""The runtime's own words for a board: how it is started there, and what its doctor says."""

from __future__ import annotations

import shlex

from shiftwire.errors import ToolError
from shiftwire.tools.process import Outcome
from shiftwire.tools.ssh import Remote
from shiftwire_boards.runtime.exit_code import ExitCode

PYTHON = "python3"
START_S = 120.0
"""Loading pynq and the overlay takes a board half a minute."""

_THERE = 'cd "$1" && shift && "$@"'


def runtime_command(python: str, sudo: bool, *words: str) -> tuple[str, ...]:
    """The runtime in a login shell: PYNQ's images set XILINX_XRT and the PATH to pynq's Python there alone.

    Without bytecode, which would be root's and keep the user from removing a package.
    """
    root = ("sudo", "-n") if sudo else ()
    return (*root, "bash", "-lc", shlex.join((python, "-B", "-m", "shiftwire_boards.runtime", *words)))


def doctor_there(folder: str, remote: Remote, *, python: str = PYTHON, sudo: bool = False) -> Outcome:
    """What the runtime's doctor says in a package's folder; its status is 1 where something keeps it from running.

    Raises ToolError where the doctor itself cannot run.
    """
    words = runtime_command(python, sudo, "doctor", folder.rpartition("/")[2].rpartition("-")[0] + ".bit")
    outcome = remote.script(_THERE, folder, *words, seconds=START_S, passing=(ExitCode.OK, ExitCode.FAILED_CHECK))
    if not outcome.output.strip():
        raise ToolError(f"on {remote.address}, '{shlex.join(words)}' said nothing; run it there by hand")
    return outcome
