"""Find and run outside programs, always as argument lists, never through a shell."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shiftwire.errors import ToolError

LAST_LINES = 12


def require_tool(name: str, purpose: str, mend: str) -> Path:
    """Full path of a program; raises ToolError with what it is for and how to get it."""
    found = shutil.which(name)
    if found is None:
        raise ToolError(f"found no '{name}' on PATH, which is needed to {purpose}; {mend}")
    return Path(found)


def run(
    command: Sequence[str | Path],
    purpose: str,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Standard output of a program that must succeed; a failure shows the last lines it wrote."""
    words = [str(part) for part in command]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise ToolError(f"{Path(command[0]).name} was ended by {name} while it was to {purpose}; report this, please")
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-LAST_LINES:])
        raise ToolError(f"{Path(command[0]).name} failed with status {done.returncode} to {purpose}:\n{said}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended; `output` is both its streams, `signal` names what ended it, None where it ended itself."""

    status: int
    signal: str | None
    output: str


def attempt(command: Sequence[str | Path], folder: Path | None = None) -> Outcome:
    """Run a program that may fail; wrapper scripts tell a signal as a status above 128."""
    words = [str(part) for part in command]
    done = subprocess.run(
        words,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    number = -done.returncode if done.returncode < 0 else done.returncode - 128
    known = {member.value: member.name for member in signal.Signals}
    return Outcome(done.returncode, known.get(number), done.stdout)
