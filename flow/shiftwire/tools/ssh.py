"""The ssh program: commands and files for a board, with keys or an agent, known hosts alone, no password anywhere."""

from __future__ import annotations

import hashlib
import re
import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from shiftwire.errors import InputError, ToolError
from shiftwire.tools.process import Outcome, Progress, require_tool

LOST = 255
"""What ssh returns when it was not the command that failed."""

CHUNK = 1 << 16
ATTEMPTS = 5
PAUSE_S = 1.0
SAFE = re.compile(r"([A-Za-z0-9_.-]+@)?([A-Za-z0-9_.:-]+)")
OPTIONS = {
    "BatchMode": "yes",  # never asks for a password
    "StrictHostKeyChecking": "yes",
    "ConnectTimeout": "10",
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "3",
}

REFUSED = (
    (
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
        "its key is another than last time; find out why, and only then forget the old one with ssh-keygen -R",
    ),
    (
        "Host key verification failed",
        "its key is not known here; compare it on the board, then add it with ssh-keyscan -H to ~/.ssh/known_hosts",
    ),
    ("Permission denied", "it accepts none of your keys; copy one there with ssh-copy-id, or start your agent"),
)
"""Signs of what no waiting mends."""

AWAY = (
    ("Connection refused", "nothing listens there; is the board on, and its ssh server?"),
    ("Could not resolve", "nobody knows that name; look at the address"),
    ("timed out", "it does not answer; look at the network and the address"),
    ("No route to host", "no way leads there; look at the network"),
)

NO_ROOM = re.compile(r"No space left on device|Disk quota exceeded|File too large")

CLOSING = re.compile(r"not recoverable: exiting|due to previous errors")
"""tar's last words, which tell nothing."""


class LineError(ToolError):
    """There is no line to the board; there may be one later."""


class DroppedError(LineError):
    """The line broke; what was moved so far is still there."""


class SlowError(ToolError):
    """A command there took longer than it may."""


class FullError(ToolError):
    """A disk there is full."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A board by its address, such as xilinx@pynq; `config` is a file in the manner of ~/.ssh/config."""

    address: str
    config: Path | None = None

    def __post_init__(self) -> None:
        if not SAFE.fullmatch(self.address) or self.address.startswith("-"):
            raise InputError(f"found the host '{self.address}', wanted such as xilinx@pynq or xilinx@192.168.2.99")
        if self.config is not None and not self.config.is_file():
            raise InputError(f"found no file {self.config}; name ssh's own configuration, or leave --ssh-config out")

    def run(self, *words: str, seconds: float = 60.0, passing: tuple[int, ...] = (0,)) -> Outcome:
        """A command there; raises ToolError with its last words unless its status passes, LineError without a line."""
        return self._shell(shlex.join(words), seconds, passing)

    def script(self, text: str, *words: str, seconds: float = 60.0, passing: tuple[int, ...] = (0,)) -> Outcome:
        """A shell script there with its words as $1 and on; run again where the line breaks, so it must bear that."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self.run("sh", "-c", text, "sh", *words, seconds=seconds, passing=passing)
            except DroppedError:
                if attempt == ATTEMPTS:
                    raise
                time.sleep(PAUSE_S)
        raise AssertionError("unreachable")

    def _shell(self, command: str, seconds: float, passing: tuple[int, ...] = (0,)) -> Outcome:
        try:
            done = subprocess.run(
                [*self._command(), command], stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            message = f"{self.address} did not end {_named(command)} within {seconds:g} s; look at the board"
            raise SlowError(message) from None
        error = done.stderr.decode(errors="replace")
        if done.returncode == LOST:
            raise self._lost(error)
        if NO_ROOM.search(error):
            raise FullError(f"found no room left on {self.address}; remove older versions there, or other files")
        if done.returncode not in passing:
            raise ToolError(f"on {self.address}, {_named(command)} failed: {_last(error or done.stdout.decode())}")
        return Outcome(done.returncode, None, done.stdout.decode(errors="replace"))

    def _command(self) -> list[str]:
        ssh = require_tool("ssh", "reach the board", "install it, on Debian by apt-get install openssh-client")
        config = [] if self.config is None else ["-F", str(self.config)]
        options = [part for name, value in OPTIONS.items() for part in ("-o", f"{name}={value}")]
        return [str(ssh), *config, *options, "--", self.address]

    def _lost(self, error: str) -> ToolError:
        for kind, reasons in ((ToolError, REFUSED), (LineError, AWAY)):
            for sign, reason in reasons:
                if sign in error:
                    return kind(f"cannot reach {self.address}: {reason}")
        return DroppedError(f"the line to {self.address} broke ({_last(error)}); run it again, it goes on from there")

    def send(self, file: Path, to: str, progress: Progress = lambda done, total: None) -> None:
        """Copy a file to a path there; what a broken line left is taken up again, and the whole is checked.

        Raises DroppedError after several breaks; ToolError for a full disk, after which nothing is left of the file
        there, or bytes that arrive changed.
        """
        checksum = hashlib.sha256(file.read_bytes()).hexdigest()
        part = f"{to}.{checksum[:16]}.part"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                if attempt == 1 and self._sum(to) == checksum:
                    return
                self._send_rest(file, part, progress)
                if self._sum(part) == checksum:
                    self.run("mv", part, to)
                    return
                self.run("rm", "-f", part)
            except FullError:
                self.run("rm", "-f", part)
                raise
            except DroppedError:
                if attempt == ATTEMPTS:
                    raise
                time.sleep(PAUSE_S)
        raise ToolError(f"{file.name} arrived at {self.address} changed {ATTEMPTS} times; look at its disk")

    def _sum(self, path: str) -> str:
        """Of a file there, empty where there is none."""
        return self.run("sh", "-c", '[ ! -f "$1" ] || sha256sum <"$1"', "sh", path).output.partition(" ")[0]

    def _send_rest(self, file: Path, part: str, progress: Progress) -> None:
        total = file.stat().st_size
        there = int(self._shell(f"stat -c %s {shlex.quote(part)} 2>/dev/null || echo 0", 60.0).output)
        if there > total:
            self.run("rm", "-f", part)
            there = 0
        command = [*self._command(), f"cat >> {shlex.quote(part)}"]
        with (
            file.open("rb") as data,
            subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process,
        ):
            data.seek(there)
            assert process.stdin is not None and process.stderr is not None
            try:
                while chunk := data.read(CHUNK):
                    process.stdin.write(chunk)
                    process.stdin.flush()
                    progress(data.tell(), total)
                process.stdin.close()
            except BrokenPipeError:
                pass  # its status tells why
            error = process.stderr.read().decode(errors="replace")
            status = process.wait()
        if status == LOST or status < 0:
            raise self._lost(error)
        if NO_ROOM.search(error):
            raise FullError(f"found no room left on {self.address} for {file.name}; remove older versions there")
        if status:
            raise ToolError(f"{self.address} cannot store {file.name}: {_last(error)}; allow writing there")


def _last(text: str) -> str:
    """The last line that says something."""
    lines = [line for line in text.strip().splitlines() if not CLOSING.search(line)]
    return lines[-1] if lines else "it said nothing"


def _named(command: str) -> str:
    return "a script of ours" if command.startswith("sh -c ") else f"'{command}'"
