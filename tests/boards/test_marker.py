"""The marker for a meter outside the board: set in the windows of work, and the meter's file joined to the record."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from records import measured
from shiftwire_boards.runtime.energy.marker import Marker
from shiftwire_boards.runtime.energy.procedure import measure_energy, run_marked
from shiftwire_boards.runtime.energy.result import Energy, Unavailable
from shiftwire_boards.runtime.energy.trace import SensorDescription, SensorKind, Trace, trace_of
from shiftwire_boards.runtime.errors import SensorError
from shiftwire_boards.runtime.record_json import read_record, write_record
from verbs import run_verb

IDLE_W, BUSY_W = 1.5, 2.25
FRAME_S = 1e-4
BATCH = 64
METER = ("--meter", "bench meter", "--point", "12 V plug", "--most-watts", "10")


@dataclass
class World:
    """A board whose time passes as it waits and works, and a meter that samples it 100 times a second."""

    pin: Path
    now: float = 0.0
    is_busy: bool = False
    rows: list[tuple[float, float, int]] = field(default_factory=list)

    def pass_(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            watts = (BUSY_W if self.is_busy else IDLE_W) + 0.01 * (len(self.rows) % 3 - 1)
            self.rows.append((self.now, watts, int(self.pin.read_text() or "0")))
            self.now = min(self.now + 0.01, end)

    def work(self) -> int:
        self.is_busy = True
        self.pass_(0.5)
        self.is_busy = False
        return round(0.5 / FRAME_S)

    def write(self, file: Path) -> Path:
        with file.open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(("time", "P", "V", "A", "marker"))
            writer.writerows((t, w, 5.0, w / 5, 3.3 * high) for t, w, high in self.rows)
        return file


@pytest.fixture
def world(tmp_path: Path) -> World:
    pin = tmp_path / "value"
    pin.write_text("1")
    made = World(pin)
    made.pass_(1.0)  # the meter runs before the board begins; the pin is as somebody left it
    pin.write_text("0")
    return made


@pytest.fixture
def record(world: World, tmp_path: Path) -> Path:
    frames = run_marked(Marker(world.pin), world.work, clock=lambda: world.now, sleep=world.pass_)
    world.pass_(1.0)
    file = tmp_path / "record.json"
    write_record(replace(measured(), energy=Unavailable("no sensor is on this board", frames)), file)
    return file


@pytest.mark.parametrize("power", [("--watts", "P"), ("--volts", "V", "--amps", "A")])
def test_a_trace_is_joined(power: tuple[str, ...], world: World, record: Path, tmp_path: Path, capsys: object) -> None:
    world.rows = world.rows[105:]
    trace = world.write(tmp_path / "meter.csv")
    joined = tmp_path / "joined.json"
    status, out, err = run_verb(capsys, "energy", record, "--trace", trace, *power, *METER, "-o", joined)
    assert status == 0, err
    energy = read_record(joined).energy
    assert isinstance(energy, Energy) and len(energy.busy) == 5
    assert energy.gross_j.median == pytest.approx(BUSY_W * FRAME_S, rel=0.02)
    assert energy.net_j.median == pytest.approx((BUSY_W - IDLE_W) * FRAME_S, rel=0.02)
    assert "bench meter (file) at 12 V plug" in out and world.pin.read_text() == "0"
    assert isinstance(read_record(record).energy, Unavailable), "the first record is as it was"


REFUSED = {
    "no column": (("--watts", "W"), "has no column 'W'"),
    "two powers": (("--watts", "P", "--volts", "V", "--amps", "A"), "give --watts, or --volts and --amps"),
    "half a power": (("--volts", "V"), "give --watts, or --volts and --amps"),
    "no power": ((), "give --watts, or --volts and --amps"),
    "too much": (("--watts", "P", "--most-watts", "1"), "cannot be powers"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_join(name: str, world: World, record: Path, tmp_path: Path, capsys: object) -> None:
    options, words = REFUSED[name]
    before = record.read_bytes()
    trace = world.write(tmp_path / "meter.csv")
    status, _, err = run_verb(capsys, "energy", record, "--trace", trace, *METER, *options)
    assert status == 2 and re.search(words, err), err
    assert record.read_bytes() == before


def test_a_window_too_few_or_no_marker(world: World, record: Path, tmp_path: Path, capsys: object) -> None:
    ends = [i for i in range(1, len(world.rows)) if world.rows[i - 1][2] and not world.rows[i][2]]
    world.rows = world.rows[105 : ends[-2] + 20]
    trace = world.write(tmp_path / "meter.csv")
    status, _, err = run_verb(capsys, "energy", record, "--trace", trace, "--watts", "P", *METER)
    assert status == 2 and "the marker was high 4 times and the board worked 5 times" in err
    write_record(replace(measured(), energy=Unavailable("none")), record)
    status, _, err = run_verb(capsys, "energy", record, "--trace", trace, "--watts", "P", *METER)
    assert status == 2 and "was not measured with --marker" in err


def test_a_marker_that_is_no_file_of_the_kernel(tmp_path: Path) -> None:
    with pytest.raises(
        SensorError, match=r"cannot set the marker .*/led .No such file.*; name a brightness or value file"
    ):
        Marker(tmp_path / "led").set(True)
    assert not (tmp_path / "led").exists()


def test_the_marker_falls_whatever_happens(world: World) -> None:
    def broken() -> int:
        if world.pin.read_text() == "1":
            raise KeyboardInterrupt
        return world.work()

    with pytest.raises(KeyboardInterrupt):
        run_marked(Marker(world.pin), broken, clock=lambda: world.now, sleep=world.pass_)
    assert world.pin.read_text() == "0"


class Watcher:
    """A sensor of the board's own, beside the marker."""

    def __init__(self, world: World) -> None:
        self.world = world

    def start(self) -> None: ...

    def check(self) -> None: ...

    def stop(self) -> Trace:
        seconds, watts, _ = zip(*self.world.rows, strict=True)
        return trace_of(SensorDescription("own", SensorKind.HWMON, "rail", 10), seconds, watts)


def test_the_marker_is_high_in_windows_of_a_sensor_too(world: World) -> None:
    energy = measure_energy(
        Watcher(world), world.work, clock=lambda: world.now, sleep=world.pass_, marker=Marker(world.pin)
    )
    high = [t for t, _, up in world.rows if up and t > 1]
    inside = [t for t in high if any(w.start_s <= t <= w.end_s for w in energy.busy)]
    assert len(high) == len(inside) > 4900


def test_one_record_is_shown(record: Path, tmp_path: Path, capsys: object) -> None:
    """With what to know of it."""
    write_record(measured(), record)
    status, out, err = run_verb(capsys, "report", record, "--html", tmp_path / "page.html")
    assert status == 0 and "MEASURED" in out and "fan at full speed" in err and (tmp_path / "page.html").is_file()
