"""Write a folder whole or not at all, and never over somebody else's."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from shiftwire.errors import InputError

MOVED, GONE = "project", "gone"
"""In the folder for what was there before: the whole of it, and what of it is being removed."""


def nothing(old: Path, new: Path) -> None:
    """Keep nothing of the old folder."""


@contextmanager
def replaced(
    path: Path, is_ours: Callable[[Path], bool], keep: Callable[[Path, Path], None] = nothing
) -> Iterator[Path]:
    """A temporary folder that takes the place of `path` when the body succeeds; `keep` moves what stays of the old one.

    First it mends what processes that were killed here left: an old folder comes back where there is none, else what
    they left is removed. Raises InputError where `path` is a file or a folder that is not ours, or where nothing can be
    written.
    """
    place = _Place(path.resolve(), is_ours, keep)
    place.mend()
    path = place.path
    if path.exists() and not (path.is_dir() and place.is_free(path)):
        raise InputError(f"{path} exists and is no shiftwire project; name another folder or remove it yourself")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        work, lock = place.beside("new")
    except OSError as error:
        raise InputError(f"cannot write beside {path} ({error.strerror}); name a folder you may write to") from None
    try:
        yield work
        work.chmod(0o755)
        place.swap(work)
    except OSError as error:
        raise InputError(f"cannot write {path} ({error.strerror}); free space or name another folder") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        _unlock(lock)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a folder is replaced. Folders beside it are locked as long as the process lives that made them."""

    path: Path
    is_ours: Callable[[Path], bool]
    keep: Callable[[Path, Path], None]

    def is_free(self, folder: Path) -> bool:
        """Whether nothing of anybody else is in a folder."""
        return self.is_ours(folder) or not any(folder.iterdir())

    def beside(self, kind: str) -> tuple[Path, int | None]:
        """A new folder of this process, and its lock; nobody mends anything before it has one."""
        lock = _locked(self.path.parent, waits=True)
        try:
            folder = Path(tempfile.mkdtemp(prefix=f".{self.path.name}.{kind}.", dir=self.path.parent))
            return folder, _locked(folder)
        finally:
            _unlock(lock)

    def swap(self, work: Path) -> None:
        """Put `work` where the path is; the old folder goes only after the new one is there."""
        beside, lock = self.beside("old")
        try:
            if self.path.exists():
                self.path.rename(beside / MOVED)
            work.rename(self.path)
        finally:
            self.settle(beside)
            _unlock(lock)

    def settle(self, beside: Path) -> None:
        """End a swap, wherever it stopped: the old folder comes back where no new one is, else it goes.

        What somebody else has put there meanwhile stays.
        """
        moved = beside / MOVED
        if moved.exists() and not self.path.exists():
            moved.rename(self.path)
        elif moved.exists():
            with suppress(InputError):
                if self.is_free(moved):
                    self.keep(moved, self.path)
                    moved.rename(beside / GONE)
        if not moved.exists():
            shutil.rmtree(beside, ignore_errors=True)

    def mend(self) -> None:
        """Settle the swaps of processes that live no longer, the last one first, and remove what they had begun."""
        parent = self.path.parent
        lock = _locked(parent, waits=True)
        if lock is None:
            return
        name = re.compile(re.escape(f".{self.path.name}.") + "(old|new)[.][a-z0-9_]{8}")
        try:
            left = [folder for folder in parent.iterdir() if name.fullmatch(folder.name)]
            for folder in sorted(left, key=_changed, reverse=True):
                self._mend(folder)
        except OSError:  # what cannot be mended stands in nobody's way
            return
        finally:
            _unlock(lock)

    def _mend(self, folder: Path) -> None:
        lock = _locked(folder)
        if lock is None:
            return
        try:
            if folder.name.startswith(f".{self.path.name}.new."):
                shutil.rmtree(folder, ignore_errors=True)
            elif {item.name for item in folder.iterdir()} <= {MOVED, GONE}:
                self.settle(folder)
        finally:
            _unlock(lock)


def _changed(path: Path) -> int:
    """When, in nanoseconds; 0 for what is there no longer."""
    try:
        return path.lstat().st_mtime_ns
    except OSError:
        return 0


def _locked(folder: Path, *, waits: bool = False) -> int | None:
    """A lock that the operating system takes back from a process that dies; None where there is none to be had."""
    try:
        import fcntl  # noqa: PLC0415 - a host may be no Unix

        descriptor = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _unlock(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)


def writable_file(path: Path) -> None:
    """Raises InputError where `replaced_file` could not write; nothing is written."""
    if path.is_dir():
        raise InputError(f"cannot write {path} ({os.strerror(errno.EISDIR)}); name a file, not a folder")
    there = next(parent for parent in path.absolute().parents if parent.exists())
    problem = None if there.is_dir() else errno.ENOTDIR
    if problem is None and not os.access(there, os.W_OK | os.X_OK):
        problem = errno.EACCES
    if problem is not None:
        raise InputError(f"cannot write {path} ({os.strerror(problem)}); free space or name another folder")


def check_outputs(outputs: Mapping[str, Path | None], inputs: Mapping[str, Path | None]) -> None:
    """By the option that names a file, and by what a file is; raises InputError where one would be lost."""
    read = {path.resolve(): what for what, path in inputs.items() if path is not None}
    written: dict[Path, str] = {}
    for option, path in outputs.items():
        if path is None:
            continue
        place = path.resolve()
        if place in read:
            raise InputError(f"{path} is {read[place]} itself; name another file with {option}")
        if place in written:
            raise InputError(f"{path} is named by {written[place]} too; name another file with {option}")
        written[place] = option
        writable_file(path)


def replaced_file(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all, its folder too; raises InputError where nothing can be written."""
    writable_file(path)
    work = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        work.write_bytes(content.encode() if isinstance(content, str) else content)
        work.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path} ({error.strerror}); free space or name another folder") from error
    finally:
        with suppress(OSError):
            work.unlink(missing_ok=True)
