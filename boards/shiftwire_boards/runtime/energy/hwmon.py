"""Power sensors of the Linux kernel: hwmon*/power1_input in uW, or curr1_input (mA) x in1_input (mV)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shiftwire_boards.runtime.energy.trace import SensorDescription, SensorKind
from shiftwire_boards.runtime.errors import SensorError

HWMON = Path("/sys/class/hwmon")


@dataclass(frozen=True)
class HwmonRail:
    """A sensor by the text of its `name` file, such as ina260_u14; the number of its folder changes at every boot."""

    name: str
    point: str
    most_w: float
    step_w: float | None = None


@dataclass(frozen=True)
class HwmonSensor:
    """Files whose product, times `scale`, is watts; a raw read takes about 35 us."""

    description: SensorDescription
    files: tuple[Path, ...]
    scale: float

    def describe(self) -> SensorDescription:
        """The rail's words, found once; no file is read."""
        return self.description

    def read(self) -> float:
        """Watts of this moment; raises OSError where the driver does not answer, SensorError for what is no number."""
        watts = self.scale
        for file in self.files:
            watts *= _whole(file)
        return watts


def find_hwmon(rail: HwmonRail, root: Path = HWMON) -> HwmonSensor:
    """The sensor of a rail; raises SensorError that tells which names the Linux kernel offers."""
    sensors = [(folder, _name(folder)) for folder in sorted(root.glob("hwmon*"))]
    folders = [folder for folder, name in sensors if name == rail.name]
    if len(folders) != 1:
        offered = ", ".join(sorted(name for _, name in sensors)) or "nothing"
        raise SensorError(
            f"found {len(folders)} sensors named '{rail.name}' in {root}, wanted one; it offers {offered}"
        )
    folder = folders[0]
    power, product = (folder / "power1_input",), (folder / "curr1_input", folder / "in1_input")
    description = SensorDescription(rail.name, SensorKind.HWMON, rail.point, rail.most_w, rail.step_w)
    for files in (power, product):
        if all(file.is_file() for file in files):
            return HwmonSensor(description, files, 1e-6)
    raise SensorError(
        f"'{rail.name}' in {folder} has neither power1_input nor curr1_input with in1_input; name another"
    )


def _name(folder: Path) -> str:
    file = folder / "name"
    return file.read_text(encoding="ascii", errors="replace").strip() if file.is_file() else ""


def _whole(file: Path) -> int:
    text = file.read_text(encoding="ascii", errors="replace").strip()
    try:
        return int(text)
    except ValueError:
        raise SensorError(f"{file} holds '{text[:40]}', wanted a whole number; is it a sensor's file?") from None
