"""The program shiftwire, and python -m shiftwire: Ctrl-C is one line even while everything else is imported."""

import os
import signal
import sys
from types import FrameType

from shiftwire.errors import ExitCode

LINE = "shiftwire: interrupted before anything was done\n"


def main() -> int:
    """Run the command line; an ExitCode."""
    usual = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    for number, handler in usual:
        if handler in (signal.default_int_handler, signal.SIG_DFL):  # what a shell ignores stays ignored
            signal.signal(number, _at_once)
    from shiftwire.cli import main as run  # noqa: PLC0415 - imports every room, and so takes a second

    for number, handler in usual:
        signal.signal(number, handler)
    try:
        return run()
    except KeyboardInterrupt:  # outside of a verb
        sys.stderr.write(LINE)
        return ExitCode.INTERRUPTED


def _at_once(number: int, frame: FrameType | None) -> None:
    """Nothing is open yet, and modules that are half imported make a KeyboardInterrupt something else."""
    os.write(sys.stderr.fileno(), LINE.encode())
    os._exit(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
