"""Programs that a test interrupts, whoever started the test."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def started(words: Sequence[object], how: signal.Signals = signal.SIGINT) -> Iterator[subprocess.Popen[str]]:
    """A `shiftwire` that takes `how` as from a terminal, in a session of its own; it never outlives the block."""
    command = [sys.executable, "-m", "shiftwire", *map(str, words)]
    before = signal.signal(how, signal.SIG_DFL)  # what a shell starts in the background ignores Ctrl-C
    try:
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    finally:
        signal.signal(how, before)
    with process:
        try:
            yield process
        finally:
            process.kill()
