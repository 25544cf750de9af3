"""Where trials run: in this process, in several, or on the workers of a dask scheduler."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

from shiftwire.errors import InputError, ToolError
from shiftwire.explore.trials.ground import Spec, ground_of
from shiftwire.explore.trials.result import Result
from shiftwire.explore.trials.space import Candidate
from shiftwire.quantize.options import Options

MOST_BREAKS = 3
"""Pools that may die before nobody believes in them."""
REACHED_S = 10
"""Within which a scheduler answers."""
LONELY_S = 60
"""After which a scheduler without workers is not waited for."""


@dataclass(frozen=True)
class Task:
    """A trial, as a worker gets it."""

    spec: Spec
    options: Options
    candidate: Candidate
    rivals: Sequence[tuple[float, int]]
    cycles: int


def tried(task: Task) -> Result:
    """What comes of a trial, in whatever process."""
    return ground_of(task.spec).tried(task.options, task.rivals, task.cycles)


class Farm(Protocol):
    """Workers: `start` gives them a task, `done` waits for one at least and gives their results by number."""

    @property
    def workers(self) -> int:
        """At a time."""

    def start(self, number: int, task: Task) -> None:
        """Comes back at once."""

    def done(self) -> Iterator[tuple[int, Result]]:
        """Each once."""


@dataclass
class Here:
    """In this process, when they are waited for."""

    waiting: dict[int, Task] = field(default_factory=dict)

    @property
    def workers(self) -> int:
        """One."""
        return 1

    def start(self, number: int, task: Task) -> None:
        """Nothing happens yet."""
        self.waiting[number] = task

    def done(self) -> Iterator[tuple[int, Result]]:
        """All that wait, one after another."""
        while self.waiting:
            number = next(iter(self.waiting))
            yield number, tried(self.waiting.pop(number))


@dataclass
class Processes(AbstractContextManager["Processes"]):
    """Of this machine; a task whose process died is given to another."""

    workers: int
    tasks: dict[int, Task] = field(default_factory=dict)
    futures: dict[Future[Result], int] = field(default_factory=dict)
    breaks: int = 0

    def __post_init__(self) -> None:
        self.pool = self._pool()

    def _pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.workers, multiprocessing.get_context("spawn"))

    def start(self, number: int, task: Task) -> None:
        """Into the pool's queue."""
        self.tasks[number] = task
        try:
            self.futures[self.pool.submit(tried, task)] = number
        except BrokenProcessPool:
            self._mend()

    def done(self) -> Iterator[tuple[int, Result]]:
        """Those that are ready, one at least."""
        ready, _ = wait(self.futures, return_when=FIRST_COMPLETED)
        for future in sorted(ready, key=lambda each: self.futures[each]):
            try:
                result = future.result()
            except BrokenProcessPool:
                self._mend()
                return
            number = self.futures.pop(future)
            del self.tasks[number]
            yield number, result

    def _mend(self) -> None:
        """Another pool for all that is on its way; raises ToolError where pools die again and again."""
        self.breaks += 1
        if self.breaks > MOST_BREAKS:
            raise ToolError(
                f"workers died {self.breaks} times, maybe for want of memory; give fewer --workers, for finished "
                "trials are in the journal"
            )
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.pool, self.futures = self._pool(), {}
        for number, task in self.tasks.items():
            self.futures[self.pool.submit(tried, task)] = number

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)


@dataclass
class Dask(AbstractContextManager["Dask"]):
    """The workers of a scheduler; it gives the task of a worker that died to another."""

    address: str
    tasks: dict[int, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            self.dask = import_module("distributed")
        except ImportError:
            raise ToolError(
                "found no dask distributed, wanted it for --scheduler; run: pip install 'shiftwire[explore]'"
            ) from None
        try:
            self.client = self.dask.Client(self.address, timeout=REACHED_S)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"found no scheduler at {self.address} ({reason}); start one by 'dask scheduler', or give --workers"
            ) from None

    @property
    def workers(self) -> int:
        """Threads of all workers there now; one where there are none yet."""
        threads: int = sum(self.client.nthreads().values())
        return max(threads, 1)

    def start(self, number: int, task: Task) -> None:
        """Sent to the scheduler."""
        self.tasks[number] = self.client.submit(tried, task, pure=False)

    def done(self) -> Iterator[tuple[int, Result]]:
        """Those that are ready, one at least."""
        while not any(future.done() for future in self.tasks.values()):
            try:
                self.dask.wait(list(self.tasks.values()), timeout=LONELY_S, return_when=FIRST_COMPLETED)
            except (TimeoutError, self.dask.TimeoutError):
                self._worked_at()
        for number in sorted(number for number, future in self.tasks.items() if future.done()):
            yield number, self.tasks.pop(number).result()

    def _worked_at(self) -> None:
        """Raises ToolError where nobody is."""
        if not self.client.nthreads():
            raise ToolError(
                f"found no workers at {self.address} for {LONELY_S} s, wanted one at least; start one by 'dask worker "
                f"{self.address}', and run this again, for finished trials are in the journal"
            )

    def __exit__(self, *_: object) -> None:
        self.client.close()
