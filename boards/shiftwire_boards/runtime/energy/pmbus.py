"""Power rails that pynq reads through libsensors (pynq.pmbus.get_rails)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import nan
from typing import Any

from shiftwire_boards.runtime.energy.trace import SensorDescription, SensorKind
from shiftwire_boards.runtime.errors import SensorError


@dataclass(frozen=True)
class PmbusRail:
    """A rail by pynq's name for it, such as 12V on a ZCU104."""

    name: str
    point: str
    most_w: float
    step_w: float | None = None


@dataclass(frozen=True)
class PmbusSensor:
    """A pynq.pmbus.Rail: its power, or the product of its voltage and current."""

    description: SensorDescription
    rail: Any

    def describe(self) -> SensorDescription:
        """The rail's words, found once; no register is read."""
        return self.description

    def read(self) -> float:
        """Watts of this moment, NaN where libsensors has no value."""
        parts = (self.rail.power,) if self.rail.power is not None else (self.rail.voltage, self.rail.current)
        watts = 1.0
        for part in parts:
            value = part.value
            watts *= nan if value is None else float(value)
        return watts


def pynq_rails() -> Mapping[str, Any]:
    """All rails that pynq finds here; raises SensorError where pynq is not installed."""
    try:
        from pynq.pmbus import get_rails  # noqa: PLC0415 (pynq is on a board alone)
    except ImportError as error:
        raise SensorError(f"pynq's power rails cannot be read ({error}); install it, or use another sensor") from None
    rails: Mapping[str, Any] = get_rails()
    return rails


def find_pmbus(rail: PmbusRail, rails: Callable[[], Mapping[str, Any]] = pynq_rails) -> PmbusSensor:
    """The sensor of a rail; raises SensorError that tells which rails there are."""
    offered = rails()
    if not offered:
        raise SensorError("pynq finds no power rail; /etc/sensors.d needs the board's file and libsensors.so must load")
    if rail.name not in offered:
        raise SensorError(f"pynq finds no rail '{rail.name}'; it offers {', '.join(sorted(offered))}")
    live = offered[rail.name]
    if live.power is None and (live.voltage is None or live.current is None):
        raise SensorError(f"rail '{rail.name}' has neither a power nor a voltage with a current; name another")
    return PmbusSensor(SensorDescription(rail.name, SensorKind.PMBUS, rail.point, rail.most_w, rail.step_w), live)
