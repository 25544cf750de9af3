"""Sampling a sensor while the board works; what goes wrong in the thread comes out as a sentence."""

from __future__ import annotations

import threading
import time
from math import nan
from types import TracebackType
from typing import Callable

from shiftwire_boards.runtime.energy.sensor import Sensor
from shiftwire_boards.runtime.energy.trace import Trace, trace_of
from shiftwire_boards.runtime.errors import BoardError, SensorError

MOST_FAILURES = 10
"""Readings in a row that may fail with OSError: a busy bus recovers, an unplugged sensor does not."""

Clock = Callable[[], float]
Wait = Callable[[float], bool]


def sample(sensor: Sensor, hz: float | None, clock: Clock, wait: Wait, samples: list[tuple[float, float]]) -> None:
    """Append (seconds, watts) to `samples` until `wait(seconds)` answers True.

    Ticks lie on a fixed grid, so that slow readings shift none; ticks that were missed are left out. Without `hz`
    the sensor gives the rate. Stamps are taken after a reading; raises SensorError after ten failures in a row.
    """
    start, tick, failures = clock(), 0, 0
    while not wait(max(0.0, start + tick / hz - clock()) if hz else 0.0):
        try:
            watts, failures = sensor.read(), 0
        except OSError as error:
            watts, failures = nan, failures + 1
            if failures == MOST_FAILURES:
                raise SensorError(
                    f"{MOST_FAILURES} readings in a row failed ({error}); is it still connected?"
                ) from error
        now = clock()
        if not samples or now > samples[-1][0]:
            samples.append((now, watts))
        tick = max(tick + 1, int((now - start) * hz) + 1) if hz else tick + 1


class _Outcome:
    """A with block whose error is kept instead of raised: a thread has nobody to raise it to."""

    error: BaseException | None = None

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        self.error = error
        return True


class Sampler:
    """A thread that samples between `start` and `stop`; spans of work must be stamped with the same `clock`.

    It is a daemon and is waited for `patience_s` seconds at most: a sensor that never answers holds up nobody.
    """

    def __init__(
        self, sensor: Sensor, hz: float | None = 100.0, clock: Clock = time.monotonic, patience_s: float = 10.0
    ) -> None:
        if hz is not None and not hz > 0:
            raise SensorError(f"found a rate of {hz:g} Hz; samples need a rate above 0, or None for the sensor's own")
        self.sensor, self.hz, self.clock, self.patience_s = sensor, hz, clock, patience_s
        self._samples: list[tuple[float, float]] = []
        self._ends = threading.Event()
        self._outcome = _Outcome()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; raises SensorError when it was started before."""
        if self._thread is not None:
            raise SensorError("this sampler was started before; make a new one for a new trace")
        self._thread = threading.Thread(target=self._run, name="power", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise what ended the thread early; call it between spans, so that a long run does not go on in vain."""
        if self._thread is None:
            raise SensorError("this sampler was not started; call start, or use it in a with statement")
        self._tell()

    def stop(self) -> Trace:
        """End the thread and give the trace; raises SensorError when the sensor failed on the way or never answers."""
        if self._thread is None:
            raise SensorError("this sampler was not started; call start, or use it in a with statement")
        self._ends.set()
        self._thread.join(self.patience_s)
        self._tell()
        description = self.sensor.describe()
        if self._thread.is_alive():
            raise SensorError(
                f"sensor '{description.name}' has not answered for {self.patience_s:g} s after "
                f"{len(self._samples)} samples; check its connection, and give its reads a timeout"
            )
        return trace_of(description, [t for t, _ in self._samples], [w for _, w in self._samples])

    def __enter__(self) -> Sampler:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ends.set()
        if self._thread is not None:
            self._thread.join(self.patience_s)

    def _run(self) -> None:
        with self._outcome:
            sample(self.sensor, self.hz, self.clock, self._ends.wait, self._samples)

    def _tell(self) -> None:
        error = self._outcome.error
        if error is None:
            return
        name, count = self.sensor.describe().name, len(self._samples)
        why = str(error) if isinstance(error, BoardError) else f"{type(error).__name__}: {error}"
        raise SensorError(f"sensor '{name}' stopped after {count} samples: {why}") from error
