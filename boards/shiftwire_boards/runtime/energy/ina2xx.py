"""INA219 and INA226 on an I2C bus: watts from the shunt and bus voltage registers, which need no calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from shiftwire_boards.runtime.energy.trace import SensorDescription, SensorKind
from shiftwire_boards.runtime.errors import SensorError

SHUNT, BUS = 1, 2
"""Registers of both chips, 16 bits, high byte first."""


class Chip(Enum):
    """(shunt V a step, bus V a step, bits below the bus voltage, highest shunt code); data sheets SBOS448, SBOS547."""

    INA219 = (10e-6, 4e-3, 3, 32000)
    INA226 = (2.5e-6, 1.25e-3, 0, 32767)


class I2cBus(Protocol):
    """The one call that is needed of smbus2.SMBus and its like."""

    def read_i2c_block_data(self, address: int, register: int, length: int) -> Sequence[int]:
        """Bytes of a register, the high one first; raises OSError where the chip does not acknowledge."""
        ...


@dataclass(frozen=True)
class Ina2xx:
    """A chip behind a shunt of `shunt_ohm`, measuring at `point`."""

    chip: Chip
    bus: I2cBus
    address: int
    shunt_ohm: float
    point: str
    most_w: float
    rail_v: float

    def describe(self) -> SensorDescription:
        """The step is that of the current, at the rail's `rail_v`; the bus is left alone."""
        step = self.chip.value[0] / self.shunt_ohm * self.rail_v
        name = f"{self.chip.name} at I2C address 0x{self.address:02x}"
        return SensorDescription(name, SensorKind.I2C, self.point, self.most_w, step)

    def read(self) -> float:
        """Raises SensorError where the shunt is beyond the chip's range."""
        shunt_step, _, _, most = self.chip.value
        code = self._word(SHUNT)
        code -= (code & 0x8000) << 1
        if abs(code) >= most:
            raise SensorError(
                f"{self.chip.name} at 0x{self.address:02x}: the shunt of {self.shunt_ohm:g} ohm is beyond the chip's "
                f"range ({code} steps of {shunt_step * 1e6:g} uV); use a smaller shunt"
            )
        return code * shunt_step / self.shunt_ohm * self._bus_volts()

    def _bus_volts(self) -> float:
        _, step, below, _ = self.chip.value
        return (self._word(BUS) >> below) * step

    def _word(self, register: int) -> int:
        high, low = self.bus.read_i2c_block_data(self.address, register, 2)
        return int(high) << 8 | int(low)
