"""A trace: what one power sensor said, when, and what of it had to be dropped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np

from shiftwire_boards.runtime.energy.plausible import implausible, spikes, zeros
from shiftwire_boards.runtime.errors import SensorError

GAP_TIMES = 5.0
"""An interval longer than five that nine in ten stay below is a gap: nobody knows the power in it."""
MOST_DROPPED = 0.05
"""Share of samples that may be impossible before the sensor itself is doubted."""


class SensorKind(Enum):
    """Where the numbers come from; the values stand in records."""

    HWMON = "hwmon"
    PMBUS = "pmbus"
    I2C = "i2c"
    SERIAL = "serial"
    FILE = "file"


@dataclass(frozen=True)
class SensorDescription:
    """A sensor in words; `point` says where in the supply it sits, as 12 V at the plug is not 5 V at the module."""

    name: str
    kind: SensorKind
    point: str
    most_w: float
    """The most its rail can carry; samples above are refused."""
    step_w: float | None = None
    """The smallest difference it can show, where known."""

    def __post_init__(self) -> None:
        if not (self.name and self.point):
            raise SensorError("found a sensor without a name or a measuring point; say both: an energy needs them")
        if not self.most_w > 0 or (self.step_w is not None and not self.step_w > 0):
            raise SensorError(f"sensor '{self.name}': most_w and step_w must be above 0 W")


@dataclass(frozen=True)
class Trace:
    """Samples of one sensor: monotonic `seconds` (n), `watts` (n) from 0 to the sensor's most, without spikes."""

    sensor: SensorDescription
    seconds: tuple[float, ...]
    watts: tuple[float, ...]
    dropped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        seconds, watts, name = np.asarray(self.seconds), np.asarray(self.watts), self.sensor.name
        if seconds.ndim != 1 or seconds.shape != watts.shape or len(seconds) < 2:
            raise SensorError(
                f"sensor '{name}' gave {len(watts)} samples and {len(seconds)} times; two of each or more"
            )
        if not np.isfinite(seconds).all() or (np.diff(seconds) <= 0).any():
            raise SensorError(f"the times of sensor '{name}' do not always rise; stamp samples with a monotonic clock")
        wrong = implausible(self.sensor.most_w, watts) | zeros(watts) | spikes(seconds, watts)
        if not np.isfinite(watts).all() or wrong.any():
            raise SensorError(f"the trace of sensor '{name}' holds impossible samples; make it with trace_of")
        if not watts.any():
            raise SensorError(f"sensor '{name}' ({self.sensor.point}) only says 0 W; is it read at all?")

    @cached_property
    def gap_limit_s(self) -> float:
        """The longest interval in which the power is taken as known."""
        return float(GAP_TIMES * np.quantile(np.diff(self.seconds), 0.9))

    @cached_property
    def gaps(self) -> tuple[tuple[float, float], ...]:
        """(start, end) in seconds of every gap."""
        at = np.flatnonzero(np.diff(self.seconds) > self.gap_limit_s)
        return tuple((self.seconds[i], self.seconds[i + 1]) for i in at)

    @cached_property
    def update_hz(self) -> float:
        """How often the sensor has a new value, from the times between changes; 0 where it never changed twice.

        A value that comes out equal hides an update, so intervals of several periods are left out.
        """
        changed = np.asarray(self.seconds)[1:][np.diff(self.watts) != 0]
        if len(changed) < 2:
            return 0.0
        between = np.diff(changed)
        return float(1 / between[between <= 1.5 * np.quantile(between, 0.25)].mean())


def trace_of(sensor: SensorDescription, seconds: Any, watts: Any) -> Trace:
    """The trace of raw samples (n), where NaN is a failed reading; what is dropped is told in `dropped`.

    Raises SensorError when more than 5 % of the readings are impossible: negative, too much, 0, or spikes.
    """
    t, w = np.asarray(seconds, dtype=np.float64), np.asarray(watts, dtype=np.float64)
    if t.ndim != 1 or t.shape != w.shape:
        raise SensorError(f"sensor '{sensor.name}' gave {w.size} samples and {t.size} times; one of each")
    dropped = []
    count, bad = len(w), 0
    readings = np.isfinite(w)
    if not readings.all():
        dropped.append(f"dropped {int((~readings).sum())} of {count} samples: not numbers")
    t, w = t[readings], w[readings]
    rules = (
        (implausible(sensor.most_w, w), f"not between 0 W and the {sensor.most_w:g} W the rail can carry"),
        (zeros(w), "0 W on a rail that carries more"),
    )
    for wrong, why in rules:
        if wrong.any():
            dropped.append(_sentence(wrong, count, t, w, why))
            bad += int(wrong.sum())
    fine = ~(rules[0][0] | rules[1][0])
    t, w = t[fine], w[fine]
    wrong = spikes(t, w)
    while wrong.any():
        dropped.append(_sentence(wrong, count, t, w, "a short spike to more than 3 times what stands before and after"))
        bad += int(wrong.sum())
        t, w = t[~wrong], w[~wrong]
        wrong = spikes(t, w)
    if bad > MOST_DROPPED * count:
        raise SensorError(
            f"sensor '{sensor.name}' ({sensor.point}): {bad} of {count} samples cannot be powers "
            f"({'; '.join(dropped)}); check the rail, the scale and the wiring"
        )
    return Trace(sensor, tuple(t.tolist()), tuple(w.tolist()), tuple(dropped))


def _sentence(wrong: Any, count: int, seconds: Any, watts: Any, why: str) -> str:
    first = int(np.flatnonzero(wrong)[0])
    sample = f"first {watts[first]:.4g} W at {seconds[first]:.3f} s"
    return f"dropped {int(wrong.sum())} of {count} samples: {why} ({sample})"
