"""What every power sensor answers."""

from __future__ import annotations

from typing import Protocol

from shiftwire_boards.runtime.energy.trace import SensorDescription


class Sensor(Protocol):
    """A live sensor; `read` gives watts, or NaN where the sensor has no value just now, and may raise OSError."""

    def describe(self) -> SensorDescription:
        """What is measured and where; asks nothing of the hardware."""
        ...

    def read(self) -> float:
        """Watts of this moment, or NaN; raises OSError for a reading that failed, SensorError for a wrong sensor."""
        ...
