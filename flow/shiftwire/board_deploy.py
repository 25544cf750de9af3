"""A package on a board over SSH: copied whole, unpacked beside older ones, run there, its record brought home."""

from __future__ import annotations

import posixpath
import tarfile
from pathlib import Path

from shiftwire.errors import CheckFailedError, InputError, ToolError
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
    name = folder.rpartition("/")[2].rpartition("-")[0]
    root = ("sudo", "-n", "-E") if sudo else ()
    words = (*root, python, "-m", "shiftwire_boards.runtime", f"{name}.bit", "--seconds", f"{seconds:g}", "-o", RECORD)
    said = remote.run_in(folder, *words, seconds=START_S + 10 * seconds, passing=(0, DIFFERENT))
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(remote.run("cat", posixpath.join(folder, RECORD)), encoding="utf-8")
    if said.status:
        raise CheckFailedError(f"on {remote.address}: {said.output.strip()}; see {record}")
    return said.output.strip()


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
