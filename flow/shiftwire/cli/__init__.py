"""The command line: one file a verb, or two that belong together; imports every room."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from functools import partial
from types import FrameType, TracebackType
from typing import NoReturn

from shiftwire.cli import convert, cosim, csim, demo, explore, inspect, predict, quantize, report, synth, verify
from shiftwire.cli.boards import bench, board, energy, inventory, measure
from shiftwire.cli.terminal import Verb
from shiftwire.errors import ExitCode, ShiftwireError
from shiftwire.project.project import shiftwire_version
from shiftwire.tools.process import MEMORY_MEND

VERBS = (
    Verb(convert.add, convert.run),
    Verb(quantize.add, quantize.run),
    Verb(predict.add, predict.run),
    Verb(bench.add, bench.run),
    Verb(explore.add, explore.run),
    Verb(csim.add, csim.run),
    Verb(cosim.add, cosim.run),
    Verb(synth.add, synth.run),
    Verb(board.add_build, board.run_build),
    Verb(board.add_package, board.run_package),
    Verb(board.add_deploy, board.run_deploy),
    Verb(measure.add, measure.run),
    Verb(energy.add, energy.run),
    Verb(demo.add_notebook, demo.run_notebook),
    Verb(report.add, report.run),
    Verb(inspect.add_inspect, inspect.run_inspect),
    Verb(verify.add, verify.run),
    Verb(inspect.add_unit, inspect.run_unit),
    Verb(inventory.add_boards, inventory.run_boards),
    Verb(inventory.add_doctor, inventory.run_doctor),
    Verb(demo.add_demo, demo.run_demo),
)
"""Every verb, in the order of the help."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb and return an ExitCode; an error is one sentence on standard error, with --debug a traceback."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    sys.excepthook = partial(_unexpected, arguments.debug)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _ended)
    try:
        status: int = arguments.run(arguments)
    except ShiftwireError as error:
        if arguments.debug:
            traceback.print_exc()
        print(f"shiftwire {arguments.verb}: {error.sentence()}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    except BrokenPipeError:
        sys.stdout = None  # the reader has gone; nothing more to say, nor to flush
        return ExitCode.BROKEN_PIPE
    except MemoryError as error:
        print(f"shiftwire {arguments.verb}: out of memory ({error}); {LESS}, or {MEMORY_MEND}", file=sys.stderr)  # noqa: T201
        return ShiftwireError.exit_code
    except OSError as error:
        if arguments.debug:
            traceback.print_exc()
        where = f" {error.filename}" if error.filename else ""
        print(f"shiftwire {arguments.verb}: {error.strerror or error}{where}; {_mend(error)}", file=sys.stderr)  # noqa: T201
        return ShiftwireError.exit_code
    except KeyboardInterrupt:
        print(f"shiftwire {arguments.verb}: interrupted; nothing half-written is left", file=sys.stderr)  # noqa: T201
        return ExitCode.INTERRUPTED
    return status


class _Parser(argparse.ArgumentParser):
    """Refuses in one sentence, without a page of usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(ExitCode.USER_MISTAKE, f"{self.prog}: {message}; see '{self.prog} --help'\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="shiftwire",
        description="Multiplication-free networks from ONNX to verified FPGA projects.",
        epilog="example: shiftwire convert model.onnx --board pynq-z2 -o build/model",
    )
    parser.add_argument("--version", action="version", version=f"shiftwire {shiftwire_version()}")
    parser.add_argument("--debug", action="store_true", help="show a traceback for every error")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
    for entry in VERBS:
        verb = entry.add(verbs)
        verb.set_defaults(run=entry.run)
        verb.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


LESS = "give a smaller model or data"
MENDS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free space"),
    **dict.fromkeys((errno.ENOMEM, errno.EAGAIN), MEMORY_MEND),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "allow writing there or work on a copy"),
    errno.EISDIR: "name a file, not a folder",
    errno.ENOTDIR: "name a folder, not a file",
}


def _mend(error: OSError) -> str:
    return MENDS.get(error.errno or 0, "name another file or folder")


def _ended(number: int, frame: FrameType | None) -> None:
    """SIGTERM, as a time limit sends it, is an interruption like any other."""
    raise KeyboardInterrupt


def _unexpected(is_debug: bool, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An error nobody foresaw: still one sentence."""
    if is_debug:
        traceback.print_exception(kind, error, trace)
    sentence = f"shiftwire: internal error, {kind.__name__}: {error}; run again with --debug and report it"
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201
    os._exit(ExitCode.INTERNAL)  # Python's own status would be 1, which means that a bit differs
