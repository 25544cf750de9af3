"""A disk that is soon full: a file system in memory, where the tests may mount one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """`folder` is such a disk until the end of the block; skips the test where none can be mounted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount a small disk here ({done.stderr.strip()}); run the tests as root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
