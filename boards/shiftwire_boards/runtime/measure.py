"""A measurement: sustained frames, single frames, cycles, bit-exactness, accuracy and energy of one run."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from shiftwire_boards.runtime.energy.marker import Marker
from shiftwire_boards.runtime.energy.procedure import measure_energy, run_marked
from shiftwire_boards.runtime.energy.result import Energy, Unavailable
from shiftwire_boards.runtime.energy.sampler import Sampler
from shiftwire_boards.runtime.energy.sensor import Sensor
from shiftwire_boards.runtime.errors import DataError
from shiftwire_boards.runtime.frames import Exit, parted
from shiftwire_boards.runtime.inner import Inner
from shiftwire_boards.runtime.labels import accuracy_of, label_error_of
from shiftwire_boards.runtime.manifest import Manifest
from shiftwire_boards.runtime.measurable import Measurable
from shiftwire_boards.runtime.record import (
    Badge,
    Clock,
    Cycles,
    Exactness,
    Identity,
    Latency,
    LayerCycles,
    OutputFigures,
    Record,
    Speed,
    TimeSplit,
)
from shiftwire_boards.runtime.remote import NOTE, reachable
from shiftwire_boards.runtime.runs import Progress, SustainedRun, single_frames, sustained_run
from shiftwire_boards.runtime.samples import Samples

Array = Any
STAND_IN = (
    "cycles, latency and seconds are those of a stand-in, which runs the compiled C++ with stalls of its own, and not "
    "those of the logic that Vitis HLS makes of it: the codes alone are"
)
"""Note of every record of a simulated HLS form."""


@dataclass(frozen=True)
class MeasurementPlan:
    """`seconds` of sustained work at least, and all samples once; `singles` frames alone; energy where a sensor is.

    `marker` is high in the busy spans of an energy, for a meter outside the board. A simulated board's seconds pass as
    its logic runs, which takes long: 0 there. Raises DataError for seconds below 0 or without an end.
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
    plan: MeasurementPlan | None = None,
    sensor: Sensor | Unavailable | None = None,
    progress: Progress = lambda done, total: None,
) -> Record:
    """Everything that one run tells; raises BoardError of any kind where the board fails.

    `progress` gets the samples done and all samples.
    """
    plan = plan or MeasurementPlan()
    labels = accelerator.manifest.labelled(samples.labels)
    manifest, is_simulated = accelerator.manifest, accelerator.clock.is_simulated
    latencies, lone_cycles = single_frames(accelerator, samples.codes, plan.singles)
    run = sustained_run(accelerator, samples.codes, plan.seconds, progress)
    outputs = _outputs(manifest, run.outputs, samples.wanted, labels)
    scored = next((each for each in outputs if each.name in labels), outputs[0])
    mhz = 1000 / manifest.clock_ns
    derived = None if is_simulated else run.cycles / run.seconds / 1e6
    clock = Clock(mhz, derived, None if is_simulated else _source_mhz(accelerator))
    fabric_s = run.frames * manifest.interval_cycles / ((derived or mhz) * 1e6)
    return Record(
        identity=Identity(
            manifest.name,
            manifest.version_hash,
            manifest.board,
            Badge.SIMULATED if is_simulated else Badge.MEASURED,
            manifest.inner,
        ),
        clock=clock,
        speed=Speed(run.frames, run.seconds, accelerator.batch, run.over_time),
        cycles=Cycles(
            manifest.interval_cycles, run.interval, manifest.latency_cycles, lone_cycles if latencies else None
        ),
        exactness=_exactness(run.outputs, samples.wanted),
        energy=_energy(accelerator, samples.codes, sensor, plan.marker),
        latency=Latency(tuple(latencies)) if latencies else None,
        time_split=None if is_simulated else TimeSplit(fabric_s, run.transfer_s, run.packing_s),
        layers=tuple(LayerCycles(name, cycles) for name, cycles in manifest.layer_cycles),
        accuracy=scored.accuracy,
        label_error=scored.label_error,
        outputs=outputs if len(outputs) > 1 else (),
        software=_software(accelerator),
        notes=tuple(_notes(clock, run, manifest.interval_cycles, is_simulated and manifest.inner is Inner.HLS)),
    )


def _exactness(outputs: Array, wanted: Array | None) -> Exactness:
    if wanted is None:
        return Exactness(0, 0)
    return Exactness(int(outputs.size), int((outputs != wanted).sum()))


def _outputs(
    manifest: Manifest, codes: Array, wanted: Array | None, labels: dict[str, Any]
) -> tuple[OutputFigures, ...]:
    """What is to be said of each output."""
    shapes = [end.shape for end in manifest.exits]
    right = [None] * len(shapes) if wanted is None else parted(np.asarray(wanted), shapes)
    return tuple(
        _figures(end, own, of_end, labels.get(end.name))
        for end, own, of_end in zip(manifest.exits, parted(codes, shapes), right)
    )


def _figures(end: Exit, codes: Array, wanted: Array | None, labels: Array | None) -> OutputFigures:
    exactness = _exactness(codes, wanted)
    if labels is None:
        return OutputFigures(end.name, exactness)
    scores = end.decoder.scores(codes)
    return OutputFigures(end.name, exactness, accuracy_of(scores, labels), label_error_of(scores, labels))


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


def _notes(clock: Clock, run: SustainedRun, predicted: int, is_stand_in: bool) -> Iterator[str]:
    """What a reader of the figures should know first."""
    if is_stand_in:
        yield STAND_IN
    if clock.is_off:
        yield (
            f"the logic runs at {clock.derived_mhz:.2f} MHz and was built for {clock.nominal_mhz:.2f} MHz: "
            "above that nothing is certain; build the overlay again, or set no clock after it is loaded"
        )
    if run.interval is not None and run.interval > predicted and not is_stand_in:
        yield f"frames came every {run.interval:,} cycles and could every {predicted:,}: the DMA held them up"
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
