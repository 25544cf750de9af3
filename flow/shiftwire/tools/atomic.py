"""Write a folder whole or not at all, and never over somebody else's."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shiftwire.errors import InputError


@contextmanager
def replaced(path: Path, is_ours: Callable[[Path], bool]) -> Iterator[Path]:
    """A temporary folder that takes the place of `path` when the body succeeds.

    Raises InputError where `path` is a file or a folder that is not ours, or where nothing can be written.
    """
    path = path.resolve()
    if path.exists() and not (path.is_dir() and (is_ours(path) or not any(path.iterdir()))):
        raise InputError(f"{path} exists and is no shiftwire project; name another folder or remove it yourself")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise InputError(f"cannot write beside {path} ({error.strerror}); name a folder you may write to") from None
    try:
        yield work
        work.chmod(0o755)
        _swap(work, path)
    except OSError as error:
        raise InputError(f"cannot write {path} ({error.strerror}); free space or name another folder") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _swap(work: Path, path: Path) -> None:
    """Put `work` where `path` is; the old folder goes only after the new one is there."""
    old = Path(tempfile.mkdtemp(prefix=f".{path.name}.old.", dir=path.parent))
    try:
        if path.exists():
            path.rename(old / "project")
        work.rename(path)
    except OSError:
        if (old / "project").exists() and not path.exists():
            (old / "project").rename(path)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def replaced_file(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all, its folder too; raises InputError where nothing can be written."""
    if path.is_dir():
        raise InputError(f"cannot write {path} ({os.strerror(errno.EISDIR)}); name a file, not a folder")
    work = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        work.write_bytes(content.encode() if isinstance(content, str) else content)
        work.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path} ({error.strerror}); free space or name another folder") from error
