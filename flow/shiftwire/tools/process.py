"""Find and run outside programs, always as argument lists, never through a shell."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from shiftwire.errors import ToolError

LAST_LINES = 12

OF_LITTLE_MEMORY = ("bad_alloc", "out of memory", "memory exhausted", "Cannot allocate memory")
"""What programs say that get none."""

OF_MEMORY = ("SIGKILL", "SIGSEGV", "SIGABRT", "SIGBUS")
"""What ends programs that do not look at what they get, or take what others need."""

MEMORY_MEND = "free some, or raise the limit that `ulimit -v` shows"
REPORT = "report this, please"

GROUP_TRIES = 100
"""Hundredths of a second for a killed group to go; zombies, which nobody buries, write nothing."""

Progress = Callable[[int, int], None]
"""How long jobs tell where they are: called with what is done and what there is in all, both counted from 0."""

KEPT_LINES = 400
"""Of a program that is watched: the state of every stream of a large network."""


def require_tool(name: str, purpose: str, mend: str) -> Path:
    """Full path of a program; raises ToolError with what it is for and how to get it."""
    program = shutil.which(name)
    if program is None:
        raise ToolError(f"found no '{name}' on PATH, which is needed to {purpose}; {mend}")
    return Path(program)


def run(
    command: Sequence[str | Path],
    purpose: str,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> str:
    """Standard output of a program that must succeed, with these variables added; a failure shows its last lines."""
    words = [str(part) for part in command]
    with _started(words, purpose, folder, {**os.environ, **(variables or {})}) as process:
        try:
            with _PROGRAMS.get().running(process):
                out, err = process.communicate()
        finally:
            if process.poll() is None or process.returncode == -signal.SIGKILL:  # interrupted, or ended from outside
                _end(process)
    _require_success(words[0], process.returncode, err or out, purpose)
    return out


def _started(
    words: Sequence[str], purpose: str, folder: Path | None, environment: Mapping[str, str]
) -> subprocess.Popen[str]:
    """In a group of its own, so that what it starts ends with it."""
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(
            words, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )
    except OSError as error:
        mend = MEMORY_MEND if error.errno in (errno.ENOMEM, errno.EAGAIN) else "install or build it again"
        raise ToolError(f"cannot start {Path(words[0]).name} to {purpose} ({error.strerror}); {mend}") from error


def run_together(
    commands: Sequence[Sequence[str | Path]], purpose: str, variables: Mapping[str, str] | None = None
) -> None:
    """The same for several at a time; when one fails, or Ctrl-C comes, the others are ended."""
    programs = Programs()

    def one(command: Sequence[str | Path]) -> None:
        with programs.of_this_thread():
            run(command, purpose, variables=variables)

    with ThreadPoolExecutor(os.cpu_count()) as pool, closing_down(programs), memory_for_threads():
        for _ in pool.map(one, commands):
            pass


@contextmanager
def memory_for_threads() -> Iterator[None]:
    """A thread that cannot start is a MemoryError, as what needs memory without one is."""
    try:
        yield
    except RuntimeError as error:
        raise MemoryError(str(error)) from error


class Programs:
    """Outside programs that threads run, and that another thread may end; from then on none of them runs on."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._have_ended = False

    @contextmanager
    def of_this_thread(self) -> Iterator[None]:
        """What `run` starts in this thread is one of them."""
        token = _PROGRAMS.set(self)
        try:
            yield
        finally:
            _PROGRAMS.reset(token)

    @contextmanager
    def running(self, process: subprocess.Popen[str]) -> Iterator[None]:
        """For as long as a program runs."""
        self._running.add(process)
        try:
            if self._have_ended:
                _kill(process)
            yield
        finally:
            self._running.remove(process)

    def end(self) -> None:
        """Kill them, and what they started."""
        self._have_ended = True
        for process in tuple(self._running):
            _kill(process)


@contextmanager
def closing_down(programs: Programs) -> Iterator[None]:
    """End them with the body, however it ends."""
    try:
        yield
    finally:
        programs.end()


_PROGRAMS: ContextVar[Programs] = ContextVar("programs", default=Programs())  # noqa: B039 - nobody ends those


def _kill(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _end(process: subprocess.Popen[str]) -> None:
    """Kill a program and all that it started, and wait until none of them can write any more."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for _ in range(GROUP_TRIES):
            os.killpg(process.pid, 0)
            if _are_zombies(process.pid):
                break
            time.sleep(0.01)


def _are_zombies(group: int) -> bool:
    """Whether all of a group are dead, and only nobody has buried them yet; never where the system does not tell."""
    states = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, its = entry.read_text(errors="replace").rpartition(")")[2].split()[:3]
            states += [state] if int(its) == group else []
    return bool(states) and set(states) == {"Z"}


def watch(
    command: Sequence[str | Path],
    purpose: str,
    folder: Path,
    on_line: Callable[[str], None],
    variables: Mapping[str, str] | None = None,
) -> None:
    """Run a program that must succeed, with more environment variables, and hand over each line it writes."""
    words, last_lines = [str(part) for part in command], deque[str](maxlen=KEPT_LINES)
    pipe, environment = subprocess.PIPE, {**os.environ, **(variables or {})}
    with subprocess.Popen(
        words, cwd=folder, env=environment, stdout=pipe, stderr=subprocess.STDOUT, text=True, bufsize=1
    ) as process:
        try:
            for line in process.stdout or ():
                last_lines.append(line)
                on_line(line)
            process.wait()
        finally:
            process.kill()  # only an interrupted one is still there
    _require_success(words[0], process.returncode, "".join(last_lines), purpose, KEPT_LINES)


def _require_success(program: str, status: int, output: str, purpose: str, lines: int = LAST_LINES) -> None:
    if status and any(words in output for words in OF_LITTLE_MEMORY):
        raise ToolError(f"{Path(program).name} ran out of memory while it was to {purpose}; {MEMORY_MEND}")
    if status < 0:
        name = signal.Signals(-status).name
        mend = f"where memory is short, {MEMORY_MEND}; else report this, please" if name in OF_MEMORY else REPORT
        raise ToolError(f"{Path(program).name} was ended by {name} while it was to {purpose}; {mend}")
    if status:
        last = "\n".join(output.strip().splitlines()[-lines:])
        raise ToolError(f"{Path(program).name} failed with status {status} to {purpose}:\n{last}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended; `output` is both its streams, `signal` names what ended it, None where it ended itself."""

    status: int
    signal: str | None
    output: str


def attempt(command: Sequence[str | Path], folder: Path | None = None) -> Outcome:
    """Run a program that may fail; wrapper scripts tell a signal as a status above 128."""
    words = [str(part) for part in command]
    done = subprocess.run(
        words,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return _outcome(done.returncode, done.stdout)


def logged(command: Sequence[str | Path], folder: Path, log: Path) -> Outcome:
    """The same for hours of work: all it writes is in `log` as it comes, and an interruption ends what it started."""
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            process.wait()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # also runs that it left behind
    return _outcome(process.returncode, log.read_text(encoding="utf-8", errors="replace"))


def _outcome(status: int, output: str) -> Outcome:
    known = {member.value: member.name for member in signal.Signals}
    return Outcome(status, known.get(-status if status < 0 else status - 128), output)
