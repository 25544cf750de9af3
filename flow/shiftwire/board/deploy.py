"""A package on a board over SSH: copied whole, unpacked beside older ones; what was there before stays until then."""

from __future__ import annotations

import posixpath
import re
import tarfile
from pathlib import Path

from shiftwire.board.inner import chosen_inner
from shiftwire.errors import InputError, ToolError
from shiftwire.project.project import Project
from shiftwire.tools.json_text import parsed_json
from shiftwire.tools.process import Progress
from shiftwire.tools.ssh import FullError, Remote
from shiftwire_boards.runtime.inner import Inner
from shiftwire_boards.runtime.manifest import SUFFIX

HOME = "shiftwire"
"""Under the user's home on the board: one folder a version."""

SPARE_BYTES = 8 << 20
PLAIN_NAME = re.compile(r"[^/\x00-\x1f]+")

_ROOM = 'mkdir -p "$1" && df --output=avail -B1 "$1" | tail -n 1'
_UNPACK = """\
cd "$1" || exit 1
exec 9<. && { ! command -v flock >/dev/null || flock -w 60 9; } || exit 1  # one that lost its line may still be at it
new="./$2" work="./.$2.part" old="./.$2.old" archive="./$3"
[ -e "$archive" ] || [ ! -e "$new" ] || exit 0  # it has ended
rm -rf "$work" && mkdir "$work" && (cd "$work" && tar -xz) <"$archive" && [ -d "$work/$2" ] ||
    { rm -rf "$work" "$archive"; exit 1; }
rm -rf "$old" && { [ ! -e "$new" ] || mv "$new" "$old"; } && mv "$work/$2" "$new" ||
    { [ -e "$new" ] || mv "$old" "$new"; rm -rf "$work" "$archive"; exit 1; }
rm -rf "$work" "$old" "$archive"
"""


def deploy(archive: Path, remote: Remote, progress: Progress = lambda done, total: None) -> str:
    """Copy and unpack an archive; gives the folder on the board, which is whole or what it was before.

    Raises InputError for an archive that is none of ours, ToolError where the board has no room or the line breaks for
    good; a second run goes on where it broke.
    """
    folder = _folder_in(archive)
    _check_room(remote, archive)
    try:
        remote.send(archive, posixpath.join(HOME, archive.name), progress)
        remote.script(_UNPACK, HOME, folder, archive.name, seconds=300.0)
    except FullError:
        raise _no_room(remote) from None
    return posixpath.join(HOME, folder)


def _folder_in(archive: Path) -> str:
    if not archive.is_file():
        raise InputError(f"found no {archive}; run 'shiftwire package' first")
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = tar.getmembers()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InputError(f"{archive} is no package, or cut short ({error}); run 'shiftwire package' again") from None
    names = [member.name for member in members]
    folders = {name.partition("/")[0] for name in names}
    folder = folders.pop() if len(folders) == 1 else ""
    is_plain = all(member.isfile() and not {".", ".."} & set(member.name.split("/")) for member in members)
    if not (is_plain and PLAIN_NAME.fullmatch(folder) and any(name.endswith(SUFFIX) for name in names)):
        raise InputError(f"{archive} is no package that 'shiftwire package' wrote; name another")
    return folder


def check_form(project: Project, archive: Path, inner: Inner | None = None) -> Inner:
    """The form of the network in an archive; raises InputError where it is another than the one chosen."""
    asked, form = chosen_inner(project, inner), _form_in(archive)
    if form is not asked:
        raise InputError(
            f"{archive} holds a network in its form {form.value}, wanted {asked.value}; give --inner {form.value}, or "
            f"run 'shiftwire package --inner {asked.value}' first"
        )
    return form


def _form_in(archive: Path) -> Inner:
    _folder_in(archive)
    with tarfile.open(archive, "r:gz") as tar:
        name = next(name for name in tar.getnames() if name.endswith(SUFFIX))
        file = tar.extractfile(name)
        text = b"" if file is None else file.read()
    try:
        return form_of(text.decode("utf-8", "replace"))
    except (ValueError, TypeError, AttributeError):
        raise InputError(f"{archive} holds a damaged {name}; run 'shiftwire package' again") from None


def form_of(manifest: str) -> Inner:
    """By the text of a manifest, older ones being of rtl/; raises ValueError, TypeError or AttributeError for none."""
    return Inner(parsed_json(manifest).get("inner", Inner.RTL.value))


def _check_room(remote: Remote, archive: Path) -> None:
    """Archive and contents, which hardly shrink, lie there side by side for a moment."""
    free_bytes = remote.script(_ROOM, HOME).output
    need = 3 * archive.stat().st_size + SPARE_BYTES
    if free_bytes.strip().isdigit() and int(free_bytes) < need:
        raise _no_room(remote, f"{int(free_bytes):,} bytes free", f", wanted {need:,}")


def _no_room(remote: Remote, room: str = "no room left", wanted: str = "") -> ToolError:
    return ToolError(f"found {room} on {remote.address}{wanted}; remove older versions from ~/{HOME} there")
