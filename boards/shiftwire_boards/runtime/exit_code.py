"""What the programs of the runtime return to a shell."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The same three numbers as those of the `shiftwire` command, which reads them over SSH."""

    OK = 0
    FAILED_CHECK = 1
    USER_MISTAKE = 2
