"""What every power sensor answers."""

from __future__ import annotations

from typing import Protocol

from shiftwire_boards.runtime.energy.trace import SensorDescription


class Sensor(Protocol):
    """A live sensor; `read` gives watts, or NaN where the sensor has no value just now, and may raise OSError."""

    def describe(self) -> SensorDescription: ...

    def read(self) -> float: ...
