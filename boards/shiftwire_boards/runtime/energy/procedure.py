"""How an energy is taken: wait, warm up, and work in spans, while a sampler watches."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from shiftwire_boards.runtime.energy.marker import Marker
from shiftwire_boards.runtime.energy.result import LEAST_SPAN_S, LEAST_SPANS, Energy
from shiftwire_boards.runtime.energy.span import Span
from shiftwire_boards.runtime.energy.trace import Trace
from shiftwire_boards.runtime.errors import SensorError

MARGIN = 1.05
"""A meter sees an edge up to a sample late; a span that it cuts is still long enough."""


class Watcher(Protocol):
    """What is needed of a Sampler."""

    def start(self) -> None:
        """Begin to sample."""
        ...

    def check(self) -> None:
        """Raise SensorError for what ended the sampling early."""
        ...

    def stop(self) -> Trace:
        """End the sampling and give the trace; raises SensorError."""
        ...


@dataclass(frozen=True)
class EnergyProcedure:
    """Seconds of each part; 20 to 30 s a span suit a sensor of 6 new values a second."""

    span_s: float = LEAST_SPAN_S
    spans: int = LEAST_SPANS
    settling_s: float = 1.0
    """Waited before the idle span and worked before the first busy one, so that the sensor has caught up."""


def measure_energy(
    sampler: Watcher,
    work: Callable[[], int],
    procedure: EnergyProcedure = EnergyProcedure(),
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    *,
    marker: Marker | None = None,
) -> Energy:
    """Energy of an inference; `work` runs some transfers (a second's worth at most) and tells how many frames ended.

    The overlay must be loaded before: the idle span is part of it. `clock` must be the sampler's. `marker` is high
    in the busy spans.
    """
    sampler.start()
    try:
        sleep(procedure.settling_s)
        start = clock()
        sleep(procedure.span_s + 0.1)
        idle = Span(start, clock())
        sampler.check()
        _work(work, procedure.settling_s, clock)
        busy = []
        for _ in range(procedure.spans):
            with _marked(marker):
                busy.append(_watched(sampler, work, procedure, clock))
        sleep(procedure.settling_s)
    finally:
        trace = sampler.stop()
    return Energy(trace, idle, tuple(busy))


def run_marked(
    marker: Marker,
    work: Callable[[], int],
    procedure: EnergyProcedure = EnergyProcedure(),
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[int, ...]:
    """Frames of each span of work, for an external meter that sees the marker; low and idle before the first.

    The board works while the marker is high and at no other time: what the meter sees in between is idle.
    """
    marker.set(False)
    sleep(procedure.span_s * MARGIN)
    frames = []
    for _ in range(procedure.spans):
        sleep(procedure.settling_s)
        with marker.high():
            frames.append(_work(work, procedure.span_s * MARGIN, clock).frames)
    return tuple(frames)


def _marked(marker: Marker | None) -> AbstractContextManager[None]:
    return nullcontext() if marker is None else marker.high()


def _watched(sampler: Watcher, work: Callable[[], int], procedure: EnergyProcedure, clock: Callable[[], float]) -> Span:
    span = _work(work, procedure.span_s, clock)
    sampler.check()
    return span


def _work(work: Callable[[], int], seconds: float, clock: Callable[[], float]) -> Span:
    """Whole calls of `work` until `seconds` are over."""
    start, now, frames = clock(), clock(), 0
    while now - start < seconds:
        done = work()
        if done <= 0:
            raise SensorError(f"the work ended {done} frames in a call; a span needs work that goes on")
        frames, now = frames + done, clock()
    return Span(start, now, frames)
