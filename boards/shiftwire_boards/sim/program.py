"""The programmable logic of a simulated board: a Verilated shiftwire_top that answers over pipes."""

from __future__ import annotations

import contextlib
import enum
import struct
import subprocess
import threading
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType

from shiftwire_boards.sim.fabric import BusError, ChannelState

_REQUEST = struct.Struct("<cII")
_STEPPED = struct.Struct("<IQI")
_WORD = struct.Struct("<I")
_WORDS = struct.Struct("<II")
NO_ANSWER = 0xFFFFFFFF

A_WHILE = 0.5
"""Seconds between looks whether anybody is left who answers."""


class Fault(enum.IntFlag):
    """What can be wrong with the logic or the wires around it; names and bits are those of sim/sw_board.h."""

    NONE = 0
    NO_TLAST = 1
    SEND_STUCK = 2
    RECEIVE_STUCK = 4
    FLIP_BIT = 8
    LITE_STUCK = 16
    EARLY_TLAST = 32


class Logic:
    """The fabric as a program that was built with sim/sw_board.h; addresses are those of the shell's registers.

    Nothing moves but under `step`, `read` and `write`; so a run is the same every time.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        """Start it where its memory files lie."""
        pipe = subprocess.PIPE
        # what is written, how many bytes answer it, and where the answer is wanted
        self._questions: SimpleQueue[tuple[bytes, int, SimpleQueue[bytes | BusError]] | None] = SimpleQueue()
        self._pipe = threading.Thread(target=self._answer_all, name="logic", daemon=True)
        try:
            self._process = subprocess.Popen(
                [str(program.absolute())], cwd=folder, stdin=pipe, stdout=pipe, start_new_session=True
            )
        except OSError as error:
            raise BusError(f"the simulated logic {program} does not run ({error.strerror})") from None
        self._pipe.start()

    def __enter__(self) -> Logic:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the program; a second time does nothing."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._questions.put(None)
        self._pipe.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # what it never read
                    pipe.close()

    def read(self, offset: int) -> int:
        """A register; raises BusError where none answers."""
        response, data = _WORDS.unpack(self._ask(b"r", offset, answer=_WORDS.size))
        _check(response, f"reading offset {offset:#x}")
        return int(data)

    def write(self, offset: int, value: int) -> None:
        """Raises BusError where nobody answers."""
        (response,) = _WORD.unpack(self._ask(b"w", offset, value, answer=_WORD.size))
        _check(response, f"writing offset {offset:#x}")

    def send(self, data: bytes) -> None:
        """Begin a transfer to the network: whole words, TLAST on the last."""
        self._ask(b"s", len(data), payload=data)

    def receive(self, most_bytes: int) -> None:
        """Begin a transfer from the network, which ends with TLAST."""
        self._ask(b"d", most_bytes)

    def step(self, most_cycles: int) -> ChannelState:
        """Let time pass until a transfer ends, at most so many cycles."""
        flags, cycle, size = _STEPPED.unpack(self._ask(b"k", most_cycles, answer=_STEPPED.size))
        return ChannelState(bool(flags & 1), bool(flags & 2), bool(flags & 4), cycle, size)

    def received(self, size: int) -> bytes:
        """What the last transfer brought."""
        return self._ask(b"g", answer=size)

    def reset_channels(self) -> None:
        """What the reset bit of the DMA does: transfers end where they are."""
        self._ask(b"c")

    def reset(self) -> None:
        """What loading the bitstream does: everything begins anew, and faults are gone."""
        self._ask(b"R")

    def inject(self, faults: Fault) -> None:
        """Faults from now on, until `reset`; none for Fault.NONE."""
        self._ask(b"f", int(faults))

    def stall(self, percent: int, seed: int = 1) -> None:
        """Let either side of the DMA wait in so many cycles of a hundred."""
        self._ask(b"t", percent, seed)

    def _ask(self, verb: bytes, first: int = 0, second: int = 0, *, payload: bytes = b"", answer: int = 0) -> bytes:
        """One question and its answer of so many bytes, in a thread that no signal reaches: Ctrl-C parts no two.

        Simple queues give and take in one step each, so that an interruption leaves no lock behind, wherever it falls.
        """
        answers: SimpleQueue[bytes | BusError] = SimpleQueue()
        self._questions.put((_REQUEST.pack(verb, first, second) + payload, answer, answers))
        content = self._awaited(answers)
        if isinstance(content, BusError):
            raise content
        return content

    def _awaited(self, answers: SimpleQueue[bytes | BusError]) -> bytes | BusError:
        while True:
            try:
                return answers.get(timeout=A_WHILE)
            except Empty:
                if not self._pipe.is_alive():
                    return BusError("the simulated logic has ended")

    def _answer_all(self) -> None:
        """Until the last question, which is none."""
        for question, size, answers in iter(self._questions.get, None):
            try:
                answers.put(self._exchange(question, size))
            except BusError as error:
                answers.put(error)

    def _exchange(self, question: bytes, answer: int) -> bytes:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(question)
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise BusError("the simulated logic has ended") from None
        return self._take(answer) if answer else b""

    def _take(self, size: int) -> bytes:
        assert self._process.stdout is not None
        answer = self._process.stdout.read(size)
        if len(answer) != size:
            raise BusError(f"the simulated logic ended with status {self._process.wait()}")
        return answer


def _check(response: int, what: str) -> None:
    if response == NO_ANSWER:
        raise BusError(f"nobody answered {what}: on a board the processor would hang")
    if response:
        raise BusError(f"{what} was answered by error {response}")
