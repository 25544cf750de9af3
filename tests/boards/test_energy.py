"""Power traces of known energy: what is integrated, what is dropped, what is refused."""

import numpy as np
import pytest

from shiftwire_boards.runtime.energy.result import Energy, Unavailable
from shiftwire_boards.runtime.energy.span import Span, power_of
from shiftwire_boards.runtime.energy.trace import SensorDescription, SensorKind, Trace, trace_of
from shiftwire_boards.runtime.errors import SensorError

SENSOR = SensorDescription("ina260_u14", SensorKind.HWMON, "5 V input of the module", most_w=25, step_w=0.01)
START, WORK, REST = 100.0, 10.0, 2.0
IDLE_W, BUSY_W, FRAMES = 4.5, 6.0, 1000
IDLE = Span(START, START + 12)
BUSY = tuple(Span(START + 14 + i * 12, START + 24 + i * 12, FRAMES) for i in range(5))


def load(seconds: np.ndarray) -> np.ndarray:
    """True watts: idle, and busy within the windows."""
    busy = sum(((seconds >= w.start_s) & (seconds < w.end_s)).astype(float) for w in BUSY)
    return IDLE_W + (BUSY_W - IDLE_W) * busy


def stamps(hz: float, end: float = START + 75) -> np.ndarray:
    return np.arange(START - 0.5, end, 1 / hz)


def energy(seconds: np.ndarray, watts: np.ndarray) -> Energy:
    return Energy(trace_of(SENSOR, seconds, watts), IDLE, BUSY)


def check(found: Energy) -> None:
    """Within 2 % of what `load` really takes; net is checked on the scale of gross."""
    gross, net = BUSY_W * WORK / FRAMES, (BUSY_W - IDLE_W) * WORK / FRAMES
    assert found.gross_j.median == pytest.approx(gross, rel=0.02)
    assert found.net_j.median == pytest.approx(net, abs=0.02 * gross)
    assert found.idle_w == pytest.approx(IDLE_W, rel=0.02)
    assert found.busy_w.median == pytest.approx(BUSY_W, rel=0.02)
    assert found.gross_j.low <= found.gross_j.median <= found.gross_j.high < 1.02 * gross


def test_steps_at_the_windows_borders() -> None:
    t = stamps(100)
    found = energy(t, load(t))
    check(found)
    assert found.samples == pytest.approx(5000, abs=10)
    assert found.delta_w == pytest.approx(1.5, rel=0.01)
    assert not found.trace.gaps


def test_noise_is_averaged() -> None:
    t = stamps(350)
    found = energy(t, load(t) + np.random.default_rng(1).normal(0, 0.4, len(t)))
    check(found)
    assert found.trace.update_hz == pytest.approx(350, rel=0.02)
    assert found.gross_j.low < found.gross_j.high


def test_a_sensor_of_6_hz_sampled_at_100_hz() -> None:
    t = stamps(100)
    held = START - 0.5 + np.floor((t - START + 0.5) * 6) / 6
    noise = np.random.default_rng(2).normal(0, 0.03, 1000)[np.round((held - held[0]) * 6).astype(int)]
    found = energy(t, np.round(load(held) + noise, 2))
    check(found)
    assert found.trace.update_hz == pytest.approx(6, rel=0.05)


def test_a_fifth_of_the_samples_is_missing() -> None:
    t = stamps(100)
    some = np.random.default_rng(3).random(len(t)) > 0.2
    check(energy(t[some], load(t[some])))
    failed = np.where(some, load(t), np.nan)
    found = energy(t, failed)
    check(found)
    assert found.trace.dropped == (f"dropped {int((~some).sum())} of {len(t)} samples: not numbers",)


def test_uneven_samples_count_by_their_time() -> None:
    """Dense while idle, sparse while busy: a plain mean of the samples would be far below."""
    t = np.concatenate((np.arange(0, 10, 0.01), np.arange(10, 20, 0.05)))
    watts = np.where(t < 10, 1.0, 3.0)
    found = power_of(trace_of(SENSOR, t, watts), Span(0, 19.9))
    assert found.joules == pytest.approx(10 * 1 + 9.9 * 3, rel=0.005)
    assert watts.mean() < 1.5


def test_a_step_inside_a_window() -> None:
    t = np.arange(0, 30, 0.01)
    found = power_of(trace_of(SENSOR, t, np.where(t < 13, 2.0, 5.0)), Span(5, 25, 1))
    assert found.joules == pytest.approx(8 * 2 + 12 * 5, rel=0.002)
    assert found.covered_s == pytest.approx(20)


def test_the_borders_of_a_window_lie_between_samples() -> None:
    """A ramp is integrated exactly by the trapezoid rule, wherever the window is cut."""
    t = np.arange(0, 20, 1.0)
    found = power_of(trace_of(SENSOR, t, t), Span(3.25, 14.5))
    assert found.joules == pytest.approx((14.5**2 - 3.25**2) / 2, rel=1e-12)
    assert found.samples == 11


def test_a_gap_is_told_and_not_bridged() -> None:
    """The load drops while nobody looks; the gap counts with the mean of the rest."""
    t = stamps(100)
    hole = (t > BUSY[2].start_s + 4) & (t < BUSY[2].start_s + 4.8)
    found = energy(t[~hole], load(t[~hole]))
    check(found)
    assert found.powers[2].covered_s == pytest.approx(9.2, abs=0.03)
    assert found.gross_j.low == pytest.approx(0.06, rel=0.002)
    assert any(note.startswith(f"the window from {BUSY[2].start_s:.3f} s has 0.8") for note in found.notes)
    assert len(found.trace.gaps) == 1


def test_a_window_without_samples_is_refused() -> None:
    t = stamps(100)
    hole = (t > BUSY[2].start_s + 4) & (t < BUSY[2].start_s + 6)
    with pytest.raises(SensorError, match=r"has samples for 7\.9\d s of the 10 s from 138\.000 s; 90% of a span"):
        energy(t[~hole], load(t[~hole]))
    with pytest.raises(SensorError, match="Sample longer"):
        energy(t[:6500], load(t[:6500]))


@pytest.mark.parametrize("length", [1, 17, 50], ids=["a sample", "an update of 6 Hz", "three updates"])
def test_a_spike_is_dropped_and_told(length: int) -> None:
    t = stamps(100)
    watts = load(t)
    at = 2300
    watts[at : at + length] = np.repeat([24.0, 23.0, 22.0], 17)[:length]
    found = energy(t, watts)
    check(found)
    assert found.busy_w.high < 6.01
    assert found.trace.dropped == (
        f"dropped {length} of {len(t)} samples: a short spike to more than 3 times what stands before and after "
        f"(first 24 W at {t[at]:.3f} s)",
    )


def test_the_median_of_five_unlike_windows() -> None:
    t = stamps(100)
    watts = load(t)
    for window, level in zip(BUSY, (6.0, 9.0, 5.5, 7.0, 5.0), strict=True):
        watts[(t >= window.start_s) & (t < window.end_s)] = level
    found = energy(t, watts)
    assert (found.busy_w.low, found.busy_w.median, found.busy_w.high) == pytest.approx((5, 6, 9), rel=0.005)
    assert (found.gross_j.low, found.gross_j.median, found.gross_j.high) == pytest.approx((0.05, 0.06, 0.09), rel=0.005)
    assert (found.net_j.low, found.net_j.median, found.net_j.high) == pytest.approx((0.005, 0.015, 0.045), rel=0.01)


def test_a_spike_at_either_end() -> None:
    trace = trace_of(SENSOR, np.arange(200) * 0.01, [20.0] + [1.0] * 198 + [20.0])
    assert set(trace.watts) == {1.0}
    assert len(trace.watts) == 198


def test_real_work_is_no_spike() -> None:
    t = np.arange(0, 30, 0.01)
    for watts in (
        np.where((t > 10) & (t < 13), 20.0, 0.5),
        np.where(t < 15, 0.2, 18.0),
        np.where(t % 0.02 < 0.01, 1, 2),
    ):
        assert trace_of(SENSOR, t, watts).dropped == ()


def test_negative_and_absurd_readings_are_dropped() -> None:
    t = stamps(100)
    watts = load(t)
    watts[[50, 60]], watts[[70, 80, 90]] = -0.2, 101.87
    found = trace_of(SENSOR, t, watts)
    assert found.dropped == (
        f"dropped 5 of {len(t)} samples: not between 0 W and the 25 W the rail can carry (first -0.2 W at 100.000 s)",
    )
    check(energy(t, watts))


def test_a_driver_that_fails_with_0_watts() -> None:
    t = stamps(100)
    watts = load(t)
    watts[3000:3080] = 0
    found = energy(t, watts)
    assert found.trace.dropped[0].startswith(f"dropped 80 of {len(t)} samples: 0 W on a rail that carries more")
    assert found.gross_j.low == pytest.approx(0.06, rel=0.002)
    watts[3000:3600] = 0
    with pytest.raises(SensorError, match=r"600 of 7550 samples cannot be powers \(dropped 600 of 7550 samples: 0 W"):
        trace_of(SENSOR, t, watts)
    with pytest.raises(SensorError, match=r"sensor 'ina260_u14' \(5 V input of the module\) only says 0 W; is it read"):
        trace_of(SENSOR, t, np.zeros(len(t)))
    quiet = np.where(t % 1 < 0.5, 0, 0.03)
    assert trace_of(SENSOR, t, quiet).dropped == ()


def test_a_rail_that_only_tells_nonsense_is_refused() -> None:
    idle_rail = SensorDescription("FMC", SensorKind.PMBUS, "FMC rail, nothing plugged in", most_w=5)
    with pytest.raises(
        SensorError, match=r"sensor 'FMC' \(FMC rail, nothing plugged in\): 100 of 100 samples cannot be"
    ):
        trace_of(idle_rail, np.arange(100) * 0.01, np.full(100, 10.187 * 0.9))


def test_no_trace_can_hold_what_trace_of_would_drop() -> None:
    t = tuple(np.arange(100) * 0.01)
    for watts in ([np.nan], [-1.0], [30.0], [20.0], [0.0]):
        with pytest.raises(SensorError, match="holds impossible samples; make it with trace_of"):
            Trace(SENSOR, t, (*[1.0] * 50, *watts, *[1.0] * 49))
    with pytest.raises(SensorError, match="do not always rise; stamp samples with a monotonic clock"):
        trace_of(SENSOR, [0, 1, 1], [1, 1, 1])
    with pytest.raises(SensorError, match="gave 1 samples and 1 times"):
        trace_of(SENSOR, [0, 1, 2], [1, np.nan, np.nan])
    with pytest.raises(SensorError, match="gave 2 samples and 3 times"):
        trace_of(SENSOR, [0, 1, 2], [1, 2])


def test_what_makes_no_energy() -> None:
    trace = trace_of(SENSOR, stamps(100), load(stamps(100)))
    with pytest.raises(SensorError, match="found 4 spans of work; the median needs 5"):
        Energy(trace, IDLE, BUSY[:4])
    with pytest.raises(SensorError, match=r"found a span of 9 s; 10 s is the least"):
        Energy(trace, Span(START, START + 9), BUSY)
    with pytest.raises(SensorError, match="the two were mixed up"):
        Energy(trace, IDLE, (*BUSY[:4], Span(162, 172)))
    with pytest.raises(SensorError, match="two spans overlap"):
        Energy(trace, IDLE, (*BUSY, Span(150, 165, 1)))
    with pytest.raises(SensorError, match="it must end after it starts"):
        Span(3, 3)
    with pytest.raises(SensorError, match="without a name or a measuring point"):
        SensorDescription("x", SensorKind.FILE, "", most_w=5)
    with pytest.raises(SensorError, match="say why there is none"):
        Unavailable("")


def test_notes_for_the_reader() -> None:
    t = stamps(100)
    flat = energy(t, np.full(len(t), 5.0))
    assert any("a stuck sensor look alike" in note for note in flat.notes)
    assert any("busy is not above idle" in note for note in flat.notes)
    rough = energy(t, 4.5 + (load(t) > 5) * 0.015 + 0.001 * (np.arange(len(t)) % 2))
    assert any("less than two steps of 0.01 W: net is rough" in note for note in rough.notes)
    slow = stamps(1)
    assert any(
        "holds fewer than 50" in note for note in energy(slow, load(slow) + 0.01 * (np.arange(len(slow)) % 2)).notes
    )
