"""How an energy is taken: wait, warm up, and work in windows, while a sampler watches."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from shiftwire_boards.runtime.energy.marker import Marker
from shiftwire_boards.runtime.energy.result import LEAST_WINDOW_S, LEAST_WINDOWS, Energy
from shiftwire_boards.runtime.energy.trace import Trace
from shiftwire_boards.runtime.energy.window import Window
from shiftwire_boards.runtime.errors import SensorError

MARGIN = 1.05
"""A meter sees an edge up to a sample late; a window that it cuts is still long enough."""


class Watcher(Protocol):
    """What is needed of a Sampler."""

    def start(self) -> None: ...

    def check(self) -> None: ...

    def stop(self) -> Trace: ...


@dataclass(frozen=True)
class Plan:
    """Seconds of each part; 20 to 30 s a window suit a sensor of 6 new values a second."""

    window_s: float = LEAST_WINDOW_S
    windows: int = LEAST_WINDOWS
    settle_s: float = 1.0
    """Waited before the idle window and worked before the first busy one, so that the sensor has caught up."""


def measure_energy(
    sampler: Watcher,
    work: Callable[[], int],
    plan: Plan = Plan(),
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    *,
    marker: Marker | None = None,
) -> Energy:
    """Energy of an inference; `work` runs some transfers (a second's worth at most) and tells how many frames ended.

    The overlay must be loaded before: the idle window is part of it. `clock` must be the sampler's. `marker` is high
    in the busy windows.
    """
    sampler.start()
    try:
        sleep(plan.settle_s)
        start = clock()
        sleep(plan.window_s + 0.1)
        idle = Window(start, clock())
        sampler.check()
        _work(work, plan.settle_s, clock)
        busy = []
        for _ in range(plan.windows):
            with _marked(marker):
                busy.append(_watched(sampler, work, plan, clock))
        sleep(plan.settle_s)
    finally:
        trace = sampler.stop()
    return Energy(trace, idle, tuple(busy))


def run_marked(
    marker: Marker,
    work: Callable[[], int],
    plan: Plan = Plan(),
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[int, ...]:
    """Frames of each window of work, for an external meter that sees the marker; low and idle before the first.

    The board works while the marker is high and at no other time: what the meter sees in between is idle.
    """
    marker.set(False)
    sleep(plan.window_s * MARGIN)
    frames = []
    for _ in range(plan.windows):
        sleep(plan.settle_s)
        with marker.high():
            frames.append(_work(work, plan.window_s * MARGIN, clock).frames)
    return tuple(frames)


def _marked(marker: Marker | None) -> AbstractContextManager[None]:
    return nullcontext() if marker is None else marker.high()


def _watched(sampler: Watcher, work: Callable[[], int], plan: Plan, clock: Callable[[], float]) -> Window:
    window = _work(work, plan.window_s, clock)
    sampler.check()
    return window


def _work(work: Callable[[], int], seconds: float, clock: Callable[[], float]) -> Window:
    """Whole calls of `work` until `seconds` are over."""
    start, now, frames = clock(), clock(), 0
    while now - start < seconds:
        done = work()
        if done <= 0:
            raise SensorError(f"the work ended {done} frames in a call; a window needs work that goes on")
        frames, now = frames + done, clock()
    return Window(start, now, frames)
