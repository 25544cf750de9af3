"""Which samples cannot be powers; real boards give them: an idle rail of a ZCU104 was seen to read 10 A."""

from __future__ import annotations

from typing import Any

import numpy as np

SPIKE_TIMES = 3.0
SPIKE_FLOOR_W = 0.5
SPIKE_UPDATES = 3
SPIKE_S = 1.2
"""A spike is at most three new values and 1.2 s long, and above 3 times both its neighbours and half a watt."""


def implausible(most_w: float, watts: Any) -> Any:
    """Which of `watts` (n) lie outside 0 ... most_w: a constant wrong reading shows in no other way."""
    return (watts < 0) | (watts > most_w)


def zeros(watts: Any) -> Any:
    """Which of `watts` (n) are exactly 0 on a rail that carries more than half a watt: failed reads look so.

    pynq's Sensor.value, for one, ignores the return code of libsensors.
    """
    carries = len(watts) > 0 and float(np.median(watts)) > SPIKE_FLOOR_W
    return (watts == 0) & carries


def spikes(seconds: Any, watts: Any) -> Any:
    """Which of `watts` (n) belong to a spike; a sensor that repeats a value is read as one update of some length."""
    if len(watts) < 2:
        return np.zeros(len(watts), dtype=bool)
    starts = np.flatnonzero(np.concatenate(([True], np.diff(watts) != 0)))
    values = watts[starts]
    times = np.append(seconds[starts], seconds[-1])
    update = np.zeros(len(values), dtype=bool)
    for length in range(1, min(SPIKE_UPDATES, len(values) - 1) + 1):
        update |= _groups(values, times, length)
    return update[np.cumsum(np.isin(np.arange(len(watts)), starts)) - 1]


def _groups(values: Any, times: Any, length: int) -> Any:
    """Which updates lie in a spike of exactly `length` of them; at the ends the one neighbour decides."""
    count = len(values) - length + 1
    low = np.min([values[i : i + count] for i in range(length)], axis=0)
    edged = np.concatenate(([-np.inf], values, [-np.inf]))
    around = np.maximum(edged[:count], edged[length + 1 : length + 1 + count])
    lasts = times[length : length + count] - times[:count]
    begins = (low > SPIKE_TIMES * around + SPIKE_FLOOR_W) & (lasts <= SPIKE_S)
    is_spike = np.zeros(len(values), dtype=bool)
    for i in range(length):
        is_spike[i : i + count] |= begins
    return is_spike
