"""Sensors behind one interface, over fake files, rails, buses and meters."""

import sys
from collections.abc import Callable, Mapping
from math import isnan
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from shiftwire_boards.runtime.energy.choice import Places, choose_sensor
from shiftwire_boards.runtime.energy.hwmon import HwmonRail, find_hwmon
from shiftwire_boards.runtime.energy.ina2xx import Chip, Ina2xx
from shiftwire_boards.runtime.energy.marked_csv import Columns, read_marked_csv
from shiftwire_boards.runtime.energy.meter import LineMeter, LineRule
from shiftwire_boards.runtime.energy.pmbus import PmbusRail, find_pmbus
from shiftwire_boards.runtime.energy.result import Unavailable
from shiftwire_boards.runtime.energy.trace import SensorDescription, SensorKind
from shiftwire_boards.runtime.errors import SensorError

METER = SensorDescription("bench meter", SensorKind.SERIAL, "12 V plug", most_w=60)


def hwmon(root: Path, number: int, **files: str) -> Path:
    folder = root / f"hwmon{number}"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text + "\n")
    return folder


def rail(power: float | None = None, volts: float | None = None, amperes: float | None = None) -> SimpleNamespace:
    parts = {"power": power, "voltage": volts, "current": amperes}
    return SimpleNamespace(
        **{name: None if value is None else SimpleNamespace(value=value) for name, value in parts.items()}
    )


def test_hwmon_power_in_microwatts(tmp_path: Path) -> None:
    hwmon(tmp_path, 0, name="cpu_thermal", temp1_input="41000")
    folder = hwmon(tmp_path, 11, name="ina260_u14", power1_input="4810000", curr1_input="1", in1_input="1")
    sensor = find_hwmon(HwmonRail("ina260_u14", "5 V of the module", 30, 0.01), tmp_path)
    assert sensor.read() == pytest.approx(4.81)
    assert sensor.describe() == SensorDescription("ina260_u14", SensorKind.HWMON, "5 V of the module", 30, 0.01)
    (folder / "power1_input").write_text("4820000\n")
    assert sensor.read() == pytest.approx(4.82)
    (folder / "power1_input").write_text("\n")
    with pytest.raises(SensorError, match="power1_input holds '', wanted a whole number"):
        sensor.read()


def test_hwmon_product_of_current_and_voltage(tmp_path: Path) -> None:
    hwmon(tmp_path, 3, name="ina226_u76", curr1_input="1170", in1_input="12010", in0_input="9")
    assert find_hwmon(HwmonRail("ina226_u76", "12 V", 60), tmp_path).read() == pytest.approx(1.170 * 12.010)


def test_hwmon_refuses(tmp_path: Path) -> None:
    wanted = HwmonRail("ina260_u14", "5 V", 30)
    with pytest.raises(SensorError, match=r"found 0 sensors named 'ina260_u14' in .*; it offers nothing"):
        find_hwmon(wanted, tmp_path)
    hwmon(tmp_path, 0, name="pwmfan")
    with pytest.raises(SensorError, match="wanted one; it offers pwmfan"):
        find_hwmon(wanted, tmp_path)
    hwmon(tmp_path, 1, name="ina260_u14", curr1_input="1")
    with pytest.raises(SensorError, match="neither power1_input nor curr1_input with in1_input"):
        find_hwmon(wanted, tmp_path)
    hwmon(tmp_path, 2, name="ina260_u14")
    with pytest.raises(SensorError, match="found 2 sensors named"):
        find_hwmon(wanted, tmp_path)


def test_pmbus_rails() -> None:
    rails = {"12V": rail(power=14.05), "INT": rail(volts=0.851, amperes=4.1), "FMC": rail(amperes=10.187)}
    assert find_pmbus(PmbusRail("12V", "12 V input", 60), lambda: rails).read() == 14.05
    assert find_pmbus(PmbusRail("INT", "VCCINT", 20), lambda: rails).read() == pytest.approx(0.851 * 4.1)
    with pytest.raises(SensorError, match="rail 'FMC' has neither a power nor a voltage with a current"):
        find_pmbus(PmbusRail("FMC", "FMC", 20), lambda: rails)
    with pytest.raises(SensorError, match="pynq finds no rail '5V'; it offers 12V, FMC, INT"):
        find_pmbus(PmbusRail("5V", "5 V", 20), lambda: rails)
    with pytest.raises(SensorError, match=r"libsensors\.so must load"):
        find_pmbus(PmbusRail("5V", "5 V", 20), dict)
    rails["12V"].power.value = None
    assert isnan(find_pmbus(PmbusRail("12V", "12 V input", 60), lambda: rails).read())


def test_pmbus_through_pynq(monkeypatch: pytest.MonkeyPatch) -> None:
    pynq, pmbus = ModuleType("pynq"), ModuleType("pynq.pmbus")
    pmbus.get_rails = lambda: {"12V": rail(power=13.0)}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pynq", pynq)
    monkeypatch.setitem(sys.modules, "pynq.pmbus", pmbus)
    assert find_pmbus(PmbusRail("12V", "12 V input", 60)).read() == 13.0
    monkeypatch.setitem(sys.modules, "pynq.pmbus", None)
    with pytest.raises(SensorError, match="install it, or use another sensor"):
        find_pmbus(PmbusRail("12V", "12 V input", 60))


class Bus:
    """Registers of one chip at address 0x40."""

    def __init__(self, words: Mapping[int, int]) -> None:
        self.words = words

    def read_i2c_block_data(self, address: int, register: int, length: int) -> list[int]:
        assert (address, length) == (0x40, 2)
        return list(self.words[register].to_bytes(2, "big"))


@pytest.mark.parametrize(
    ("chip", "shunt", "bus", "ohm", "watts"),
    [
        (Chip.INA219, 2000, (2975 << 3) | 2, 0.1, 0.2 * 11.9),  # 20 mV over 0.1 ohm, 11.9 V; flags below are no volts
        (Chip.INA219, 0x10000 - 2000, 1250 << 3, 0.1, -0.2 * 5.0),
        (Chip.INA226, 2000, 9584, 0.005, 1.0 * 11.98),  # 5 mV over 5 mohm
        (Chip.INA226, 0, 4000, 0.005, 0.0),
    ],
)
def test_ina_registers(chip: Chip, shunt: int, bus: int, ohm: float, watts: float) -> None:
    sensor = Ina2xx(chip, Bus({1: shunt, 2: bus}), 0x40, ohm, "12 V plug", 60, rail_v=12)
    assert sensor.read() == pytest.approx(watts)


def test_ina_in_words_and_beyond_its_range() -> None:
    sensor = Ina2xx(Chip.INA226, Bus({1: 0x7FFF, 2: 9600}), 0x40, 0.005, "12 V plug", 60, rail_v=12)
    assert sensor.describe().name == "INA226 at I2C address 0x40"
    assert sensor.describe().step_w == pytest.approx(0.006)
    with pytest.raises(
        SensorError, match=r"the shunt of 0\.005 ohm is beyond the chip's range \(32767 steps of 2\.5 uV\)"
    ):
        sensor.read()
    with pytest.raises(SensorError, match="beyond the chip's range"):
        Ina2xx(Chip.INA219, Bus({1: 0x10000 - 32000, 2: 9600}), 0x40, 0.1, "plug", 60, rail_v=12).read()


def test_a_line_meter() -> None:
    lines = iter(["3V 0.1", "t=1 5.02V 0.300A", "# note", "t=2 5.00V 0.500A", "t=3 5.0.0V 1A"])
    meter = LineMeter(METER, lines, LineRule(r"(?P<v>[\d.]+)V (?P<a>[\d.]+)A"))
    assert [meter.read(), meter.read()] == pytest.approx([1.506, 2.5])
    with pytest.raises(SensorError, match=r"meter 'bench meter' ended; the last line was 't=3 5\.0\.0V 1A'"):
        meter.read()
    assert LineMeter(METER, iter(["P 1234 mW"]), LineRule(r"P (?P<w>\d+) mW", 1e-3)).read() == pytest.approx(1.234)
    with pytest.raises(
        SensorError, match=r"gave 20 lines that .* does not fit, the last '\\xff'; check the rule and the baud"
    ):
        LineMeter(METER, iter([r"\xff"] * 30), LineRule("(?P<w>[0-9]+)W")).read()
    with pytest.raises(SensorError, match=r"found the groups \['x'\]"):
        LineRule("(?P<x>1)")


def csv_file(path: Path, change: Callable[[list[str]], None] = lambda lines: None) -> Path:
    """50 Hz, in milliseconds: 14 s idle at 2.4 W, five runs of 10 s at 3 W with 2 s between."""
    lines = ["ms,V,A,led"]
    for i in range(50 * 75):
        t = i / 50
        busy = any(14 + 12 * k <= t < 24 + 12 * k for k in range(5))
        lines.append(f"{1000 * t:.0f},12.0,{(3.0 if busy else 2.4) / 12:.6f},{3.1 if busy else 0.2}")
    change(lines)
    path.write_text("\n".join(lines) + "\n")
    return path


COLUMNS = Columns("ms", ("V", "A"), "led", seconds_per_unit=1e-3)


def test_a_marked_csv(tmp_path: Path) -> None:
    def holes(lines: list[str]) -> None:
        lines[100] = "1980,12.0,,0.2"

    marked = read_marked_csv(csv_file(tmp_path / "meter.csv", holes), METER, COLUMNS)
    assert [(w.start_s, w.end_s) for w in marked.busy] == [(14 + 12 * k, 24 + 12 * k) for k in range(5)]
    assert (marked.idle.start_s, marked.idle.end_s) == (0, 14)
    assert (marked.trace.seconds[0], marked.trace.seconds[-1]) == (0, 72)
    assert marked.trace.dropped == ("dropped 1 of 3601 samples: not numbers",)
    energy = marked.energy((100, 200, 300, 400, 500))
    assert energy.gross_j.median == pytest.approx(30 / 300, rel=0.002)
    assert energy.net_j.median == pytest.approx(6 / 300, rel=0.01)
    with pytest.raises(SensorError, match="the marker was high 5 times and the board worked 4 times"):
        marked.energy((1, 2, 3, 4))


def test_a_marked_csv_is_refused(tmp_path: Path) -> None:
    file = csv_file(tmp_path / "meter.csv")
    with pytest.raises(SensorError, match="has no column 'gpio'; it has ms, V, A, led"):
        read_marked_csv(file, METER, Columns("ms", ("V",), "gpio"))
    with pytest.raises(SensorError, match="the marker 'V' never changes"):
        read_marked_csv(file, METER, Columns("ms", ("A",), "V"))
    with pytest.raises(SensorError, match="there is no file"):
        read_marked_csv(tmp_path / "none.csv", METER, COLUMNS)
    file.write_text("ms,V,A,led\n1,2,3,0\n2,2,x,1\n")
    with pytest.raises(SensorError, match=r"meter\.csv:3: column 'A' holds 'x', wanted a number"):
        read_marked_csv(file, METER, COLUMNS)
    file.write_text("ms,V,A,led\n1,2,3,0\n")
    with pytest.raises(SensorError, match="has 1 rows"):
        read_marked_csv(file, METER, COLUMNS)


class External:
    def describe(self) -> SensorDescription:
        return METER

    def read(self) -> float:
        return 1.0


def no_rails() -> Mapping[str, object]:
    return {}


def test_the_order_of_sensors(tmp_path: Path) -> None:
    places = Places(tmp_path, lambda: {"12V": rail(power=14.0)})
    both = (PmbusRail("12V", "12 V", 60), HwmonRail("ina260_u14", "5 V", 30))
    found = choose_sensor("kv260", External(), both, places)
    assert not isinstance(found, Unavailable)
    assert found.describe().kind is SensorKind.PMBUS
    hwmon(tmp_path, 2, name="ina260_u14", power1_input="1")
    found = choose_sensor("kv260", External(), both, places)
    assert not isinstance(found, Unavailable)
    assert found.describe().kind is SensorKind.HWMON
    found = choose_sensor("kv260", External(), (), Places(tmp_path / "other", no_rails))
    assert isinstance(found, External)


def test_no_sensor_has_its_reasons(tmp_path: Path) -> None:
    places = Places(tmp_path, no_rails)
    assert choose_sensor("pynq-z2", places=places) == Unavailable(
        "no power sensor is known on board 'pynq-z2'; an external meter would do"
    )
    found = choose_sensor("kv260", places=places)
    assert isinstance(found, Unavailable)
    assert found.reason.startswith("found 0 sensors named 'ina260_u14'")
    found = choose_sensor("zcu104", places=places)
    assert isinstance(found, Unavailable)
    assert "pynq finds no power rail" in found.reason
    assert isinstance(choose_sensor("pynq-z2", External(), places=places), External)
