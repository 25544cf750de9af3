"""Which sensor a board has: that of the Linux kernel, then pynq's rails, then an external one, else none and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

from shiftwire_boards.runtime.energy.hwmon import HWMON, HwmonRail, find_hwmon
from shiftwire_boards.runtime.energy.pmbus import PmbusRail, find_pmbus, pynq_rails
from shiftwire_boards.runtime.energy.result import Unavailable
from shiftwire_boards.runtime.energy.sensor import Sensor
from shiftwire_boards.runtime.errors import SensorError

Rail = Union[HwmonRail, PmbusRail]

BOARD_RAILS: Mapping[str, tuple[Rail, ...]] = {
    "kv260": (HwmonRail("ina260_u14", "5 V input of the K26 module, without the carrier card", 30, 0.01),),
    "zcu104": (PmbusRail("12V", "12 V input of the board", 60),),
}
"""Rails that carry a whole board or module; PYNQ-Z1, PYNQ-Z2 and AUP-ZU3 have no sensor, an Ultra96-V2 none yet."""


@dataclass(frozen=True)
class Places:
    """Where sensors are looked for; tests put a folder and a function of their own here."""

    hwmon: Path = HWMON
    rails: Callable[[], Mapping[str, Any]] = pynq_rails


def choose_sensor(
    board: str, external: Sensor | None = None, rails: tuple[Rail, ...] = (), places: Places = Places()
) -> Sensor | Unavailable:
    """The first sensor that is there: of `rails`, or of the board's own, or the external one."""
    reasons = []
    known = rails or BOARD_RAILS.get(board, ())
    for rail in sorted(known, key=lambda rail: isinstance(rail, PmbusRail)):
        sensor = _try(rail, places)
        if not isinstance(sensor, str):
            return sensor
        reasons.append(sensor)
    if external is not None:
        return external
    if not known:
        reasons.append(f"no power sensor is known on board '{board}'")
    return Unavailable("; ".join([*reasons, "an external meter would do"]))


def _try(rail: Rail, places: Places) -> Sensor | str:
    """The sensor, or why there is none."""
    try:
        return find_hwmon(rail, places.hwmon) if isinstance(rail, HwmonRail) else find_pmbus(rail, places.rails)
    except SensorError as error:
        return str(error)
