"""Records for tests: a measured one with a power trace, a simulated one without."""

from dataclasses import replace

import numpy as np

from shiftwire_boards.runtime.energy.result import Energy, Modelled, Unavailable
from shiftwire_boards.runtime.energy.span import Span
from shiftwire_boards.runtime.energy.trace import SensorDescription, SensorKind, trace_of
from shiftwire_boards.runtime.record import (
    Accuracy,
    Badge,
    Clock,
    Cycles,
    Exactness,
    Identity,
    Latency,
    LayerCycles,
    Record,
    Speed,
    TimeSplit,
)


def energy() -> Energy:
    """A module that idles at 4.8 W and works at 5.4 W, seen 6.5 times a second in 10 mW steps, sampled at 50 Hz."""
    rng = np.random.default_rng(4)
    busy = tuple(Span(14 + 12 * i, 24 + 12 * i, 120_000 + 100 * i) for i in range(5))
    seconds = np.round(np.arange(0.01, 74, 0.02), 6)
    held = np.floor(seconds * 6.5) / 6.5
    work = sum(((held >= w.start_s) & (held < w.end_s)).astype(float) for w in busy)
    noise = rng.normal(0, 0.02, 600)[np.round(held * 6.5).astype(int)]
    watts = np.round(4.8 + 0.6 * work + noise, 2)
    watts[900:908] = 24.9
    sensor = SensorDescription("ina260_u14", SensorKind.HWMON, "5 V input of the module", most_w=30, step_w=0.01)
    return Energy(trace_of(sensor, seconds, watts), Span(1, 13), busy)


def measured() -> Record:
    rng = np.random.default_rng(5)
    latency = np.round(np.concatenate((rng.normal(92, 4, 480), rng.normal(160, 15, 20))), 2)
    over_time = [(round(0.5 * (i + 1), 3), float(np.round(12_000 + rng.normal(0, 90), 1))) for i in range(60)]
    return Record(
        Identity("digits-shift", "5f" * 32, "kv260", Badge.MEASURED),
        Clock(200.0, 199.998, 100.0),
        Speed(360_000, 30.0, 64, tuple(over_time)),
        Cycles(16_640, 16_641.2, 21_200, 21_207),
        Exactness(100_000, 0),
        energy(),
        Latency(tuple(latency.tolist())),
        TimeSplit(29.95, 1.4, 0.3),
        Accuracy(9_781, 10_000),
        Modelled(3.1e-7, "operations times a table of energies, arithmetic alone"),
        tuple(LayerCycles(f"conv{i}", 1000.0 * i, 1000.0 * i + 1) for i in range(1, 6)),
        (("pynq", "3.1.2"), ("numpy", "1.24.4")),
        ("fan at full speed",),
    )


def simulated() -> Record:
    record = measured()
    return replace(
        record,
        identity=replace(record.identity, badge=Badge.SIMULATED),
        clock=Clock(200.0),
        speed=Speed(640, 0.053, 64),
        energy=Unavailable("a simulated board has no sensor"),
        latency=None,
        time_split=None,
        accuracy=None,
        modelled_energy=None,
        layers=(),
    )
