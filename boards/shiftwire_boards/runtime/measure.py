"""A measurement: sustained frames, single frames, cycles, bit-exactness, accuracy and energy of one run."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any, Callable

import numpy as np

from shiftwire_boards.runtime.energy.marker import Marker
from shiftwire_boards.runtime.energy.procedure import measure_energy, run_marked
from shiftwire_boards.runtime.energy.result import Energy, Unavailable
from shiftwire_boards.runtime.energy.sampler import Sampler
from shiftwire_boards.runtime.energy.sensor import Sensor
from shiftwire_boards.runtime.errors import DataError
from shiftwire_boards.runtime.measurable import Measurable
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
from shiftwire_boards.runtime.remote import NOTE, reachable
from shiftwire_boards.runtime.samples import Samples

Array = Any
Progress = Callable[[int, int], None]
POINTS = 50
"""Of frames a second over time, at most."""


@dataclass(frozen=True)
class Plan:
    """`seconds` of sustained work at least, and all samples once; `singles` frames alone; energy where a sensor is.

    `marker` is high in the windows of an energy, for a meter outside the board.

    A simulated board's seconds pass as its logic runs, which takes long: 0 there.
    """

    seconds: float = 10.0
    singles: int = 100
    marker: Marker | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.seconds, (int, float)) or not 0 <= self.seconds < inf:
            raise DataError(f"found {self.seconds!r} seconds to measure, wanted 0 or more; give another number")


def measure(
    accelerator: Measurable,
    samples: Samples,
    plan: Plan | None = None,
    sensor: Sensor | Unavailable | None = None,
    progress: Progress = lambda done, total: None,
) -> Record:
    """Everything that one run tells; raises BoardError of any kind where the board fails.

    `progress` gets the samples done and all samples.
    """
    plan = plan or Plan()
    manifest, is_simulated = accelerator.manifest, accelerator.clock.is_simulated
    latencies, lone_cycles = _singles(accelerator, samples.codes, plan.singles)
    run = _sustained(accelerator, samples.codes, plan.seconds, progress)
    mhz = 1000 / manifest.clock_ns
    derived = None if is_simulated else run.cycles / run.seconds / 1e6
    clock = Clock(mhz, derived, None if is_simulated else _source_mhz(accelerator))
    fabric_s = run.frames * manifest.interval_cycles / ((derived or mhz) * 1e6)
    return Record(
        identity=Identity(
            manifest.name, manifest.version_hash, manifest.board, Badge.SIMULATED if is_simulated else Badge.MEASURED
        ),
        clock=clock,
        speed=Speed(run.frames, run.seconds, accelerator.batch, run.over_time),
        cycles=Cycles(
            manifest.interval_cycles, run.interval, manifest.latency_cycles, lone_cycles if latencies else None
        ),
        exactness=_exactness(run.outputs, samples),
        energy=_energy(accelerator, samples.codes, sensor, plan.marker),
        latency=Latency(tuple(latencies)) if latencies else None,
        time_split=None if is_simulated else TimeSplit(fabric_s, run.moving_s, run.packing_s),
        layers=tuple(LayerCycles(name, cycles) for name, cycles in manifest.layer_cycles),
        accuracy=_accuracy(accelerator, run.outputs, samples),
        software=_software(accelerator),
        notes=tuple(_notes(clock, run, manifest.interval_cycles)),
    )


@dataclass(frozen=True)
class _Run:
    """What a sustained run gave; outputs are those of every sample once, `interval` of two frames in one transfer."""

    frames: int
    seconds: float
    cycles: int
    interval: int | None
    moving_s: float
    packing_s: float
    outputs: Array
    over_time: tuple[tuple[float, float], ...]


def _sustained(accelerator: Measurable, codes: Array, seconds: float, progress: Progress) -> _Run:
    """Whole batches one after the other: every sample once, then again until the time is over."""
    now, shell = accelerator.clock.now, accelerator.shell
    outputs, points = [], [(0.0, 0)]
    moved_before, packed_before, cycles = accelerator.moving_s, accelerator.packing_s, shell.cycles()
    start, frames, at = now(), 0, 0
    step = accelerator.batch * max(1, len(codes) // accelerator.batch // POINTS)
    again = np.resize(codes, (step, *codes.shape[1:]))  # whole transfers, however few samples there are
    while at < len(codes) or now() - start < seconds:
        part = codes[at : at + step] if at < len(codes) else again
        made = accelerator.predict_codes(part)
        if at < len(codes):
            outputs.append(made)
        at += len(part)
        frames += len(part)
        points.append((now() - start, frames))
        progress(min(at, len(codes)), len(codes))
    took, counted = now() - start, shell.cycles() - cycles
    has_pair = (len(part) - 1) % accelerator.batch > 0  # else the last frame came alone, as late as Python sent it
    return _Run(
        frames, took, counted, shell.read("interval") if has_pair else None, accelerator.moving_s - moved_before,
        accelerator.packing_s - packed_before, np.concatenate(outputs), _rates(points),
    )  # fmt: skip


def _rates(points: list[tuple[float, int]]) -> tuple[tuple[float, float], ...]:
    """At most so many points of (seconds, frames a second since the point before)."""
    stride = -(-(len(points) - 1) // POINTS)
    kept = points[::stride]
    pairs = [(a, b) for a, b in zip(kept, kept[1:]) if b[0] > a[0]]
    return tuple((later[0], (later[1] - earlier[1]) / (later[0] - earlier[0])) for earlier, later in pairs)


def _singles(accelerator: Measurable, codes: Array, count: int) -> tuple[list[float], int]:
    """Microseconds of frames in transfers of their own, and the cycles that the logic counted for the last one."""
    now = accelerator.clock.now
    latencies = []
    for at in range(count):
        start = now()
        accelerator.predict_codes(codes[at % len(codes)][None])
        latencies.append(1e6 * (now() - start))
    return latencies, accelerator.shell.read("latency")


def _exactness(outputs: Array, samples: Samples) -> Exactness:
    if samples.wanted is None:
        return Exactness(0, 0)
    return Exactness(int(outputs.size), int((outputs != samples.wanted).sum()))


def _accuracy(accelerator: Measurable, outputs: Array, samples: Samples) -> Accuracy | None:
    if samples.labels is None:
        return None
    classes = accelerator.manifest.decoder.classes(outputs)
    return Accuracy(int((classes == samples.labels).sum()), len(samples.labels))


def _energy(
    accelerator: Measurable, codes: Array, sensor: Sensor | Unavailable | None, marker: Marker | None
) -> Energy | Unavailable:
    if accelerator.clock.is_simulated:
        return Unavailable("a simulated board draws no power")
    part = codes[: accelerator.batch]

    def work() -> int:
        return len(accelerator.predict_codes(part))

    meter = sensor or Unavailable("no sensor was named")
    if accelerator.is_remote:
        meter = reachable(meter)
    if not isinstance(meter, Unavailable):
        return measure_energy(Sampler(meter), work, marker=marker)
    if marker is None:
        return meter
    return Unavailable(f"{meter.reason}; the marker {marker.path} was set", run_marked(marker, work))


def _notes(clock: Clock, run: _Run, foreseen: int) -> Iterator[str]:
    """What a reader of the figures should know first."""
    if clock.is_off:
        yield (
            f"the logic runs at {clock.derived_mhz:.2f} MHz and was built for {clock.nominal_mhz:.2f} MHz: "
            "above that nothing is certain; build the overlay again, or set no clock after it is loaded"
        )
    if run.interval is not None and run.interval > foreseen:
        yield f"frames came every {run.interval:,} cycles and could every {foreseen:,}: the DMA held them up"
    if len(run.outputs) > 1 and (run.outputs == run.outputs[0]).all():
        yield "every frame gave the same codes, so their agreement proves little: take other samples"


def _source_mhz(accelerator: Measurable) -> float | None:
    """None where pynq cannot tell, as through PYNQ.remote."""
    import pynq  # noqa: PLC0415 - there is none on a host

    if accelerator.is_remote:
        return None
    try:
        return float(pynq.Clocks.fclk0_mhz) or None
    except (RuntimeError, OSError, ValueError, TypeError, AttributeError):
        return None


def _software(accelerator: Measurable) -> tuple[tuple[str, str], ...]:
    import pynq  # noqa: PLC0415 - there is none on a host

    versions = (("python", platform.python_version()), ("numpy", np.__version__), ("pynq", str(pynq.__version__)))
    return (*versions, NOTE) if accelerator.is_remote else versions
