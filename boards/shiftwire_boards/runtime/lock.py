"""One process at a time uses a board."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from shiftwire_boards.runtime.errors import BoardError


def lock_of(device: Any) -> Path:
    """The file that is locked while a process of this computer uses a board, of which there may be several."""
    name = getattr(device, "ip_addr", device.tag)  # every remote board is the first of its own process
    return Path(tempfile.gettempdir()) / f"shiftwire-{name}.lock"


def locked(device: Any) -> Any:
    """A lock that the operating system takes back from a process that dies."""
    import fcntl  # noqa: PLC0415 - a host may be no Unix

    path = lock_of(device)
    try:
        file = path.open("a+")
    except OSError as error:
        raise BoardError(f"cannot lock the board: {path} ({error.strerror}); remove it, or be the same user") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read(20).strip()
        file.close()
        if holder == str(os.getpid()):
            raise BoardError("this process uses the board already; close() the other accelerator first") from None
        raise BoardError(f"another process uses the board ({holder or 'unknown'}); end it first, or wait") from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
