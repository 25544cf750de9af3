"""`python -m shiftwire_models`, and the program shiftwire-train: says what is missing before torch is imported."""

import importlib.util
import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType

from shiftwire_models.errors import USER_MISTAKE

_NEEDED = ("torch", "onnxscript", "safetensors", "sklearn")
_LINE = "shiftwire-train: interrupted before anything was done\n"
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 2 with one sentence where packages for training are missing, 130 while they are imported."""
    usual = signal.getsignal(signal.SIGINT)
    if usual is signal.default_int_handler:  # what a shell ignores stays ignored
        signal.signal(signal.SIGINT, _at_once)
    run = _program()
    signal.signal(signal.SIGINT, usual)
    try:
        return run(argv)
    except KeyboardInterrupt:  # outside of a command
        sys.stderr.write(_LINE)
        return _INTERRUPTED


def _program() -> Callable[[Sequence[str] | None], int]:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sentence = f"shiftwire-train: found no {', '.join(missing)}; pip install 'shiftwire[train]'\n"
        return lambda _: sys.stderr.write(sentence) and USER_MISTAKE
    from shiftwire_models.cli import main as run  # noqa: PLC0415 - imports torch

    return run


def _at_once(number: int, frame: FrameType | None) -> None:
    """Nothing is open yet, and modules that are half imported make a KeyboardInterrupt something else."""
    os.write(sys.stderr.fileno(), _LINE.encode())
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
