"""The sampler's loop under a clock of our own, and its thread's end."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from shiftwire_boards.runtime.energy.procedure import EnergyProcedure, measure_energy
from shiftwire_boards.runtime.energy.sampler import MOST_FAILURES, Sampler, sample
from shiftwire_boards.runtime.energy.trace import SensorDescription, SensorKind, Trace, trace_of
from shiftwire_boards.runtime.errors import SensorError

DESCRIPTION = SensorDescription("fake", SensorKind.HWMON, "nowhere", most_w=10)


class Time:
    """A clock that only waiting and reading move; `wait` answers True after `end` seconds."""

    def __init__(self, end: float) -> None:
        self.now, self.end, self.waits = 0.0, end, []

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        assert seconds >= 0
        self.waits.append(seconds)
        self.now += seconds
        return self.now >= self.end


class Script:
    """A sensor that takes `takes` seconds a reading; what is an exception is raised."""

    def __init__(self, values: Iterator[float | Exception], time: Time, takes: Iterator[float]) -> None:
        self.values, self.time, self.takes = values, time, takes

    def describe(self) -> SensorDescription:
        return DESCRIPTION

    def read(self) -> float:
        self.time.now += next(self.takes)
        value = next(self.values)
        if isinstance(value, BaseException):
            raise value
        return value


def forever(value: float) -> Iterator[float]:
    while True:
        yield value


def test_ticks_lie_on_a_grid_whatever_a_reading_takes() -> None:
    time, samples = Time(1.0), []
    sample(Script(forever(2.0), time, forever(0.004)), 100, time.clock, time.wait, samples)
    assert [t for t, _ in samples] == pytest.approx(np.arange(100) * 0.01 + 0.004)
    assert {watts for _, watts in samples} == {2.0}


def test_missed_ticks_are_left_out_and_not_made_up_for() -> None:
    time, samples = Time(1.0), []
    slow = iter([0.001, 0.255] + [0.001] * 200)
    sample(Script(forever(2.0), time, slow), 100, time.clock, time.wait, samples)
    assert [t for t, _ in samples][:5] == pytest.approx([0.001, 0.265, 0.271, 0.281, 0.291])
    assert len(samples) == 2 + 73


def test_a_meter_gives_its_own_rate() -> None:
    time, samples = Time(1.0), []
    sample(Script(forever(2.0), time, forever(0.125)), None, time.clock, time.wait, samples)
    assert [t for t, _ in samples] == pytest.approx(np.arange(1, 9) * 0.125)
    assert set(time.waits) == {0.0}


def test_a_failed_reading_is_no_sample_of_zero() -> None:
    time, samples = Time(1.0), []
    values = iter([1.0, OSError(5, "Input/output error"), 1.5, *[1.0] * 97])
    sample(Script(values, time, forever(0.001)), 100, time.clock, time.wait, samples)
    assert len(samples) == 100
    assert np.isnan(samples[1][1])
    assert samples[2][1] == 1.5


def test_a_sensor_that_is_gone_ends_the_loop() -> None:
    time, samples = Time(1.0), []
    nine = [OSError(5, "Input/output error")] * (MOST_FAILURES - 1)
    values = iter([1.0, *nine, 1.0, *nine, OSError(6, "No such device")])
    with pytest.raises(SensorError, match=r"10 readings in a row failed \(\[Errno 6\] No such device\)"):
        sample(Script(values, time, forever(0.001)), 100, time.clock, time.wait, samples)
    assert len(samples) == 1 + 9 + 1 + 9


class Live:
    """Counts readings and tells at the thirtieth; then raises `then`, if given."""

    def __init__(self, then: Exception | None = None) -> None:
        self.count, self.reached, self.then = 0, threading.Event(), then

    def describe(self) -> SensorDescription:
        return DESCRIPTION

    def read(self) -> float:
        self.count += 1
        if self.count >= 30:
            self.reached.set()
            if self.then is not None:
                raise self.then
        return 1.0 + (self.count % 2) / 100


def test_a_thread_gives_a_trace_and_ends() -> None:
    before = threading.active_count()
    with Sampler(Live(), hz=2000) as sampler:
        assert sampler.sensor.reached.wait(20)
        sampler.check()
        trace = sampler.stop()
    assert trace.sensor == DESCRIPTION
    assert len(trace.seconds) >= 29
    assert set(trace.watts) == {1.0, 1.01}
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SensorError("the shunt is gone"), "sensor 'fake' stopped after 29 samples: the shunt is gone"),
        (ZeroDivisionError("by zero"), "sensor 'fake' stopped after 29 samples: ZeroDivisionError: by zero"),
    ],
)
def test_a_sensor_that_dies_is_heard(error: Exception, words: str) -> None:
    before = threading.active_count()
    with Sampler(Live(error), hz=None) as sampler:
        assert sampler.sensor.reached.wait(20)
        with pytest.raises(SensorError, match=words):
            sampler.stop()
    assert threading.active_count() == before


def test_a_dead_thread_is_heard_between_windows() -> None:
    with Sampler(Live(ValueError("odd")), hz=None) as sampler:
        assert sampler._thread is not None
        sampler._thread.join(20)
        with pytest.raises(SensorError, match="ValueError: odd"):
            sampler.check()


def test_a_sensor_that_never_answers_holds_up_nobody() -> None:
    released = threading.Event()

    class Silent(Live):
        def read(self) -> float:
            released.wait(20)
            return 1.0

    with (
        pytest.raises(SensorError, match=r"sensor 'fake' has not answered for 0\.05 s after 0 samples; check its conn"),
        Sampler(Silent(), hz=None, patience_s=0.05) as sampler,
    ):
        sampler.stop()
    assert sampler._thread is not None
    assert sampler._thread.daemon
    released.set()
    sampler._thread.join(20)


class Board:
    """A clock that waiting and working move, and a sampler that sees 2 W idle and 3 W from the first work on."""

    def __init__(self) -> None:
        self.now, self.worked, self.checks, self.calls = 50.0, [], 0, 0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def work(self) -> int:
        self.worked.append(self.now)
        self.now += 0.3
        return 6

    def start(self) -> None:
        self.calls += 1

    def check(self) -> None:
        self.checks += 1

    def stop(self) -> Trace:
        self.calls += 1
        t = np.arange(50, self.now, 0.01)
        busy = (t >= self.worked[0]) & (t < self.worked[-1] + 0.3) if self.worked else np.zeros(len(t), bool)
        return trace_of(DESCRIPTION, t, np.where(busy, 3.0, 2.0))


def test_the_procedure_of_an_energy() -> None:
    board = Board()
    energy = measure_energy(board, board.work, clock=board.clock, sleep=board.sleep)
    assert [window.frames for window in energy.busy] == [34 * 6] * 5
    assert [window.seconds for window in energy.busy] == pytest.approx([10.2] * 5)
    assert energy.idle.start_s == 51
    assert energy.gross_j.median == pytest.approx(3 * 0.05, rel=1e-4)
    assert energy.net_j.median == pytest.approx(1 * 0.05, rel=1e-3)
    assert energy.idle_w == pytest.approx(2)
    assert (board.checks, board.calls) == (6, 2)


def test_work_that_ends_nothing_is_refused_and_the_sampler_stopped() -> None:
    board = Board()
    with pytest.raises(SensorError, match="the work ended 0 frames in a call"):
        measure_energy(board, lambda: 0, EnergyProcedure(span_s=20), board.clock, board.sleep)
    assert board.calls == 2


def test_the_thread_ends_when_the_work_fails() -> None:
    before = threading.active_count()
    with pytest.raises(KeyError), Sampler(Live(), hz=1000):
        raise KeyError("work")
    assert threading.active_count() == before


def test_wrong_use() -> None:
    with pytest.raises(SensorError, match="not started"):
        Sampler(Live()).stop()
    with pytest.raises(SensorError, match="not started"):
        Sampler(Live()).check()
    with pytest.raises(SensorError, match="found a rate of 0 Hz"):
        Sampler(Live(), hz=0)
    with Sampler(Live()) as sampler, pytest.raises(SensorError, match="started before"):
        sampler.start()
