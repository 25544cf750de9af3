"""Time as the runtime sees it: the processor's, or a simulated board's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """`now` in seconds that never run backwards, `sleep` for seconds; `is_simulated` time costs nothing to wait for."""

    now: Callable[[], float]
    sleep: Callable[[float], None]
    is_simulated: bool = False


REAL = Clock(time.perf_counter, time.sleep)
