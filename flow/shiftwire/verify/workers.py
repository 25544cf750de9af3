"""Jobs side by side in threads that an interruption need not wait for."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Generic, TypeVar

from shiftwire.tools.process import Programs, memory_for_threads

Job = TypeVar("Job")
Result = TypeVar("Result")

AHEAD = 2
"""Jobs that wait for a worker or have a result that waits, for each worker."""

PATIENCE_S = 0.5
"""For all threads to clear up; one that is at a sum goes on, and ends with the process."""


def results(jobs: Iterable[Job], work: Callable[[Job], Result], workers: int) -> Generator[Result, None, None]:
    """What `work` makes of each job, in their order; few results wait, however many jobs there are.

    Where the caller is interrupted or a job fails, programs that the workers started are ended.
    """
    crew, waiting = _Crew(work), deque[Future[Result]]()
    try:
        crew.start(workers)
        for job in jobs:
            waiting.append(crew.take(job))
            if len(waiting) == AHEAD * workers:
                yield waiting[0].result()
                waiting.popleft()
        while waiting:
            yield waiting[0].result()
            waiting.popleft()
    finally:
        crew.dismiss(waiting)


class _Crew(Generic[Job, Result]):
    """Daemon threads, for one may be at a sum that takes longer than anybody waits after Ctrl-C."""

    def __init__(self, work: Callable[[Job], Result]) -> None:
        self.work = work
        self.programs = Programs()
        self.todo: SimpleQueue[tuple[Future[Result], Job] | None] = SimpleQueue()
        self.threads: list[threading.Thread] = []

    def start(self, workers: int) -> None:
        for _ in range(workers):
            thread = threading.Thread(target=self._serve, daemon=True)
            with memory_for_threads():
                thread.start()
            self.threads.append(thread)

    def take(self, job: Job) -> Future[Result]:
        future = Future[Result]()
        self.todo.put((future, job))
        return future

    def dismiss(self, left: Iterable[Future[Result]]) -> None:
        """Nothing new begins; what runs for nobody any more is ended."""
        unwanted = [future for future in left if not future.cancel()]
        for _ in self.threads:
            self.todo.put(None)
        if unwanted:
            self.programs.end()
        deadline = time.monotonic() + PATIENCE_S
        for thread in self.threads:
            thread.join(max(deadline - time.monotonic(), 0))

    def _serve(self) -> None:
        with self.programs.of_this_thread():
            while (task := self.todo.get()) is not None:
                future, job = task
                if not future.set_running_or_notify_cancel():
                    continue
                with _Raising(future):
                    future.set_result(self.work(job))


class _Raising:
    """Whatever the body raises is raised where a future's result is asked for, and only there."""

    def __init__(self, future: Future[Result]) -> None:
        self.future = future

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if error is not None:
            self.future.set_exception(error)
        return error is not None
