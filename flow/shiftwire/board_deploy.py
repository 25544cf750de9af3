"""A package on a board over SSH: copied whole, unpacked beside older ones, run there, its record brought home."""

from __future__ import annotations

import posixpath
import shlex
import tarfile
from pathlib import Path

from shiftwire.errors import CheckFailedError, InputError, ToolError
from shiftwire.tools.process import Outcome
from shiftwire.tools.ssh import Progress, Remote
from shiftwire_boards.runtime.manifest import SUFFIX

HOME = "shiftwire"
"""Under the user's home on the board: one folder a version."""

PYTHON = "python3"
RECORD = "record.json"
SPARE_BYTES = 8 << 20
START_S = 120.0
"""Loading pynq and the overlay takes a board half a minute."""

DIFFERENT = 1
"""What the runtime returns where a code differs."""


def deploy(archive: Path, remote: Remote, progress: Progress = lambda done, total: None) -> str:
    """Copy and unpack an archive; gives the folder on the board, which is whole or not there.

    Raises InputError for an archive that is none of ours, ToolError where the board has no room or the line breaks for
    good; a second run goes on where it broke.
    """
    folder = _folder_in(archive)
    remote.run("mkdir", "-p", HOME)
    there = posixpath.join(HOME, archive.name)
    _check_room(remote, archive)
    remote.send(archive, there, progress)
    work = posixpath.join(HOME, f".{folder}.part")
    remote.run("rm", "-rf", work)
    remote.run("mkdir", work)
    remote.run("tar", "-xzf", there, "-C", work)
    final = posixpath.join(HOME, folder)
    remote.run("rm", "-rf", final)
    remote.run("mv", posixpath.join(work, folder), final)
    remote.run("rm", "-rf", work, there)
    return final


def measure_there(
    folder: str, remote: Remote, record: Path, *, seconds: float = 10.0, python: str = PYTHON, sudo: bool = False
) -> str:
    """Run the runtime in a folder on the board and bring its record home; gives what it said.

    Raises CheckFailedError where a code differs, ToolError where the board says why nothing was measured.
    """
    words = runtime_command(python, sudo, _bitfile(folder), "--seconds", f"{seconds:g}", "-o", RECORD)
    said = remote.run_in(folder, *words, seconds=START_S + 10 * seconds, passing=(0, DIFFERENT))
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(remote.run("cat", posixpath.join(folder, RECORD)), encoding="utf-8")
    if said.status:
        raise CheckFailedError(f"on {remote.address}: {said.output.strip()}; see {record}")
    return said.output.strip()


def doctor_there(folder: str, remote: Remote, *, python: str = PYTHON, sudo: bool = False) -> Outcome:
    """What the runtime's doctor says in a folder on the board; its status is 1 where something keeps it from running.

    Raises ToolError where the doctor itself cannot run.
    """
    words = runtime_command(python, sudo, "doctor", _bitfile(folder))
    said = remote.run_in(folder, *words, seconds=START_S, passing=(0, 1))
    if not said.output.strip():
        raise ToolError(f"on {remote.address}, '{shlex.join(words)}' said nothing; run it there by hand")
    return said


def runtime_command(python: str, sudo: bool, *words: str) -> tuple[str, ...]:
    """The runtime in a login shell: PYNQ's images set XILINX_XRT and the PATH to pynq's Python there alone."""
    root = ("sudo", "-n") if sudo else ()
    return (*root, "bash", "-lc", shlex.join((python, "-m", "shiftwire_boards.runtime", *words)))


def _bitfile(folder: str) -> str:
    return folder.rpartition("/")[2].rpartition("-")[0] + ".bit"


def _folder_in(archive: Path) -> str:
    if not archive.is_file():
        raise InputError(f"found no {archive}; run 'shiftwire package' first")
    try:
        with tarfile.open(archive, "r:gz") as tar:
            names = tar.getnames()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InputError(f"{archive} is no package, or cut short ({error}); run 'shiftwire package' again") from None
    folders = {name.partition("/")[0] for name in names}
    if len(folders) != 1 or not any(name.endswith(SUFFIX) for name in names):
        raise InputError(f"{archive} is no package that 'shiftwire package' wrote; name another")
    return folders.pop()


def _check_room(remote: Remote, archive: Path) -> None:
    """Archive and contents, which hardly shrink, lie there side by side for a moment."""
    free = int(remote.run("df", "--output=avail", "-B1", HOME).split()[-1])
    need = 3 * archive.stat().st_size + SPARE_BYTES
    if free < need:
        raise ToolError(
            f"found {free:,} bytes free on {remote.address}, wanted {need:,}; remove older versions from ~/{HOME} there"
        )
