"""The board's power sensor and what it says just now."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan, nan
from typing import Any

import numpy as np

from shiftwire_boards.runtime.doctor.finding import Finding, fine, warning
from shiftwire_boards.runtime.doctor.machine import Machine
from shiftwire_boards.runtime.doctor.software import Pynq, Trial
from shiftwire_boards.runtime.energy.choice import BOARD_RAILS, Places, choose_sensor
from shiftwire_boards.runtime.energy.plausible import implausible
from shiftwire_boards.runtime.energy.result import Unavailable
from shiftwire_boards.runtime.errors import SensorError
from shiftwire_boards.runtime.manifest import Manifest

HWMON = "sys/class/hwmon"
NONE = "energy will be told to be unavailable"


def power_finding(machine: Machine, manifest: Manifest | None, pynq: Pynq) -> Finding:
    """One reading; a board without a sensor is no fault, a board whose sensor is not found may be one."""
    if manifest is None:
        offered = ", ".join(sorted(_names(machine))) or "nothing"
        return fine("power", f"the Linux kernel offers {offered}; which sensor counts depends on the package's board")
    sensor = choose_sensor(manifest.board, places=Places(machine.path(HWMON), lambda: _rails(pynq)))
    if isinstance(sensor, Unavailable):
        if manifest.board not in BOARD_RAILS:
            return fine("power", f"{sensor.reason}; {NONE}")
        return warning("power", f"{sensor.reason}; {NONE}", "see the sensor's driver in dmesg")
    description = sensor.describe()
    place = f"{description.name} at {description.point}"
    watts = nan
    with Trial() as trial:
        watts = float(sensor.read())
    if trial.problem:
        return warning("power", f"{place} cannot be read ({trial.problem}); {NONE}", "see the sensor's driver in dmesg")
    if isnan(watts) or watts == 0 or bool(implausible(description.most_w, np.array(watts))):
        what = f"{place} reads {watts:.4g} W, wanted above 0 and at most {description.most_w:g}"
        return warning("power", what, "switch the board off and on, or measure with an external meter")
    return fine("power", f"{place} reads {watts:.4g} W")


def _names(machine: Machine) -> set[str]:
    files = machine.path(HWMON).glob("hwmon*/name")
    return {file.read_text(encoding="ascii", errors="replace").strip() for file in files}


def _rails(pynq: Pynq) -> Mapping[str, Any]:
    if pynq.module is None:
        raise SensorError("pynq, which reads the rails, cannot be imported")
    rails: Mapping[str, Any] = {}
    with Trial() as trial:
        from pynq.pmbus import get_rails  # noqa: PLC0415 - pynq is on a board alone

        rails = get_rails()
    if trial.problem:
        raise SensorError(f"pynq's rails cannot be read ({trial.problem})")
    return rails
