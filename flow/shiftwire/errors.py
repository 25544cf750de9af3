"""The errors a user can meet; each is one sentence that says what was found, what would do, where, and the mend."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What the command line returns to a shell; the runtime on a board keeps to the first three.

    INTERNAL is sysexits.h's EX_SOFTWARE; interrupted programs return 128 and the signal's number.
    """

    OK = 0
    FAILED_CHECK = 1
    USER_MISTAKE = 2
    TOOL_FAILURE = 3
    INTERNAL = 70
    INTERRUPTED = 130
    BROKEN_PIPE = 141


class ShiftwireError(Exception):
    """An error with a place to go: `exit_code` is what the command line returns for it."""

    exit_code: ClassVar[ExitCode] = ExitCode.USER_MISTAKE

    def sentence(self) -> str:
        """The message and, in brackets, the places its notes name, innermost first."""
        places = getattr(self, "__notes__", [])
        return str(self) + (f" ({'; '.join(places)})" if places else "")


class InputError(ShiftwireError):
    """A file, value or option that the user can mend."""


class CheckFailedError(ShiftwireError):
    """Two engines disagree, or a design breaks a rule it was checked against."""

    exit_code = ExitCode.FAILED_CHECK


class ToolError(ShiftwireError):
    """An outside tool is missing, failed or answered what nobody expected."""

    exit_code = ExitCode.TOOL_FAILURE


@contextmanager
def noted(place: str) -> Iterator[None]:
    """Add `place` to every ShiftwireError that passes, so that the deep code need not know where it runs."""
    try:
        yield
    except ShiftwireError as error:
        error.add_note(place)
        raise
