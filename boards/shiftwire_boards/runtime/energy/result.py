"""The energy of an inference: measured from a trace, said to be unavailable, or modelled; never one for another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from statistics import median
from typing import Union

from shiftwire_boards.runtime.energy.span import Span, SpanPower, gaps_of, power_of
from shiftwire_boards.runtime.energy.trace import Trace
from shiftwire_boards.runtime.errors import SensorError

LEAST_SPANS, LEAST_SPAN_S = 5, 10.0
"""MLPerf Tiny's rule: the median of five spans of ten seconds."""
FEW_SAMPLES = 50
"""Below so many new values a span the 10 s are too short for the sensor."""


@dataclass(frozen=True)
class Spread:
    """Median of the spans, with the lowest and the highest."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Energy:
    """Energy of an inference: five or more `busy` spans against one `idle` span, all of ONE trace.

    Every number is derived from the trace: none can stand without its sensor. Idle is with the overlay loaded.
    """

    trace: Trace
    idle: Span
    busy: tuple[Span, ...]

    def __post_init__(self) -> None:
        if len(self.busy) < LEAST_SPANS:
            raise SensorError(f"found {len(self.busy)} spans of work; the median needs {LEAST_SPANS} or more")
        for span in (self.idle, *self.busy):
            if span.seconds < LEAST_SPAN_S:
                raise SensorError(f"found a span of {span.seconds:.3g} s; {LEAST_SPAN_S:g} s is the least")
        if self.idle.frames or not all(span.frames for span in self.busy):
            raise SensorError("an idle span has no frames and a busy one has some; the two were mixed up")
        ordered = sorted((self.idle, *self.busy), key=lambda span: span.start_s)
        if any(a.end_s > b.start_s for a, b in zip(ordered, ordered[1:])):
            raise SensorError("two spans overlap; a second of the trace may count once")
        _ = self.powers, self.idle_power

    @cached_property
    def powers(self) -> tuple[SpanPower, ...]:
        """One a busy span, in their order."""
        return tuple(power_of(self.trace, span) for span in self.busy)

    @cached_property
    def idle_power(self) -> SpanPower:
        """With the overlay loaded and nothing moved."""
        return power_of(self.trace, self.idle)

    @property
    def idle_w(self) -> float:
        """Mean watts of the idle span."""
        return self.idle_power.watts

    @property
    def busy_w(self) -> Spread:
        """Watts of the busy spans."""
        return _spread(tuple(power.watts for power in self.powers))

    @property
    def delta_w(self) -> float:
        """Median busy power less idle power."""
        return self.busy_w.median - self.idle_w

    @property
    def gross_j(self) -> Spread:
        """Of an inference, P_busy * t / N: what passes the measuring point while one frame is worked on."""
        return _spread(tuple(power.joules / power.span.frames for power in self.powers))

    @property
    def net_j(self) -> Spread:
        """Of an inference, (P_busy - P_idle) * t / N: what working costs beyond waiting."""
        return _spread(
            tuple((p.watts - self.idle_w) * p.span.seconds / p.span.frames for p in self.powers),
        )

    @property
    def samples(self) -> int:
        """In all busy spans."""
        return sum(power.samples for power in self.powers)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know before quoting the number."""
        return tuple(_notes(self))


@dataclass(frozen=True)
class Unavailable:
    """No energy, and why; `marked_frames` are those of each span in which a marker was high for an outside meter."""

    reason: str
    marked_frames: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.reason:
            raise SensorError("found an unavailable energy without a reason; say why there is none")


@dataclass(frozen=True)
class Modelled:
    """An energy of an inference that nobody measured; `method` names the model."""

    joules: float
    method: str

    def __post_init__(self) -> None:
        if not (isfinite(self.joules) and self.joules >= 0 and self.method):
            raise SensorError(
                f"found a modelled energy of {self.joules:g} J by '{self.method}'; give joules and the model"
            )


Measured = Union[Energy, Unavailable]


def _spread(values: tuple[float, ...]) -> Spread:
    return Spread(median(values), min(values), max(values))


def _notes(energy: Energy) -> list[str]:
    # records hold these sentences and a reader compares them: a word changed here refuses every older file
    trace, notes = energy.trace, list(energy.trace.dropped)
    for span in (energy.idle, *energy.busy):
        lost = sum(b - a for a, b in gaps_of(trace, span))
        if lost:
            notes.append(f"the window from {span.start_s:.3f} s has {lost:.3g} s without samples")
    if trace.update_hz == 0:
        notes.append("the sensor never changed its value: a steady load and a stuck sensor look alike")
    elif trace.update_hz * min(span.seconds for span in energy.busy) < FEW_SAMPLES:
        notes.append(f"at {trace.update_hz:.2g} new values a second the shortest window holds fewer than {FEW_SAMPLES}")
    step = trace.sensor.step_w
    if energy.delta_w <= 0:
        notes.append("busy is not above idle: the net energy says nothing")
    elif step is not None and energy.delta_w < 2 * step:
        notes.append(f"busy lies {energy.delta_w:.3g} W above idle, less than two steps of {step:g} W: net is rough")
    return notes
