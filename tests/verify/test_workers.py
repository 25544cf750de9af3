"""Jobs side by side: in their order, few results waiting, and nothing that runs on for nobody."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from shiftwire.errors import ToolError
from shiftwire.tools.process import run
from shiftwire.verify.workers import AHEAD, results


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_the_order_of_the_jobs_and_few_wait(workers: int) -> None:
    taken = 0

    def jobs() -> Iterator[int]:
        nonlocal taken
        while taken < 50:
            yield taken
            taken += 1

    def work(job: int) -> int:
        time.sleep(0.002 * (job % 3))
        return job * job

    for at, result in enumerate(results(jobs(), work, workers)):
        assert result == at * at and taken <= at + AHEAD * workers


def test_both_workers_are_at_work_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=30)
    assert sorted(results(range(6), lambda job: meeting.wait(), 2)) == [0, 0, 0, 1, 1, 1]


def test_a_job_that_fails_ends_what_the_others_started() -> None:
    ended: list[str] = []

    def work(job: int) -> None:
        if job == 0:
            time.sleep(0.3)
            raise ToolError("the first one")
        try:
            run(["sleep", "600"], "wait")
        except ToolError as error:
            ended.append(str(error))

    start = time.monotonic()
    with pytest.raises(ToolError, match="the first one"), closing(results(range(9), work, 2)) as found:
        list(found)
    assert time.monotonic() - start < 60
    assert ended and all("ended by SIGKILL" in sentence for sentence in ended)


def test_a_long_sum_is_not_waited_for() -> None:
    begun = threading.Event()

    def work(job: int) -> None:
        begun.set()
        time.sleep(30)

    start = time.monotonic()

    def interrupted() -> Iterator[int]:
        yield 0
        begun.wait()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), closing(results(interrupted(), work, 1)) as found:
        list(found)
    assert time.monotonic() - start < 10
