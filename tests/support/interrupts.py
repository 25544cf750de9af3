"""Programs that a test interrupts, whoever started the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def started(
    words: Sequence[object],
    how: signal.Signals = signal.SIGINT,
    program: Sequence[str] = ("-m", "shiftwire"),
    variables: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """A `shiftwire` that takes `how` as from a terminal, in a session of its own; it never outlives the block."""
    command, environment = [sys.executable, *program, *map(str, words)], {**os.environ, **(variables or {})}
    before = signal.signal(how, signal.SIG_DFL)  # what a shell starts in the background ignores Ctrl-C
    try:
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True, env=environment)
    finally:
        signal.signal(how, before)
    with process:
        try:
            yield process
        finally:
            process.kill()


def living(group: int) -> list[str]:
    """Programs of a process group that are no zombies, by name."""
    names = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = entry.read_text(errors="replace").partition("(")[2].rpartition(")")
            state, _, its = rest.split()[:3]
            names += [name] if int(its) == group and state != "Z" else []
    return names
