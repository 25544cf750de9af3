"""Energy of a span of a trace: what each sample stands for is its time, never its turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shiftwire_boards.runtime.energy.trace import Trace
from shiftwire_boards.runtime.errors import SensorError

LEAST_COVERED = 0.9
"""Share of a span that must have samples."""


@dataclass(frozen=True)
class Span:
    """Steady work from `start_s` to `end_s` of the trace's clock, in which `frames` frames ended; idle has none."""

    start_s: float
    end_s: float
    frames: int = 0

    def __post_init__(self) -> None:
        if not self.end_s > self.start_s or self.frames < 0:
            raise SensorError(
                f"found a span from {self.start_s:g} s to {self.end_s:g} s of {self.frames} frames; it must "
                "end after it starts"
            )

    @property
    def seconds(self) -> float:
        """Above 0."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class SpanPower:
    """What a sensor says of a span; `watts` is the mean over the `covered_s` seconds that have samples."""

    span: Span
    watts: float
    covered_s: float
    samples: int

    @property
    def joules(self) -> float:
        """Of the whole span: gaps count with the mean of the rest."""
        return self.watts * self.span.seconds


def power_of(trace: Trace, span: Span) -> SpanPower:
    """Mean power of a span by the trapezoid rule on the samples' own times, cut at the span's borders.

    Raises SensorError when gaps, or the trace's ends, leave less than 90 % of the span.
    """
    t, w = np.asarray(trace.seconds), np.asarray(trace.watts)
    start, end = np.maximum(t[:-1], span.start_s), np.minimum(t[1:], span.end_s)
    step = np.diff(t)
    known = (end > start) & (step <= trace.gap_limit_s)
    slope = np.diff(w) / step
    middle = w[:-1] + slope * ((start + end) / 2 - t[:-1])
    covered = float((end - start)[known].sum())
    if covered < LEAST_COVERED * span.seconds:
        raise SensorError(
            f"sensor '{trace.sensor.name}' has samples for {covered:.3g} s of the {span.seconds:.3g} s from "
            f"{span.start_s:.3f} s; {LEAST_COVERED:.0%} of a span is the least. Sample longer and without pauses"
        )
    inside = int(((t >= span.start_s) & (t <= span.end_s)).sum())
    return SpanPower(span, float((middle * (end - start))[known].sum()) / covered, covered, inside)


def gaps_of(trace: Trace, span: Span) -> tuple[tuple[float, float], ...]:
    """The trace's gaps, cut to the span."""
    cut = ((max(a, span.start_s), min(b, span.end_s)) for a, b in trace.gaps)
    return tuple((a, b) for a, b in cut if b > a)
