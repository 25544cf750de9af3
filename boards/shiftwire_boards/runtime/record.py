"""What a measurement on a board says: parts that were observed, and properties derived from them alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from math import ceil, isfinite

from shiftwire_boards.runtime.energy.result import Energy, Modelled, Unavailable
from shiftwire_boards.runtime.errors import RecordError
from shiftwire_boards.runtime.inner import Inner

MOST_CLOCK_ERROR = 0.01
"""Of a clock against the one asked for: oscillators keep 100 millionths, a wizard finds most clocks within 0.5 %."""


class Badge(Enum):
    """Whether a board ran or a simulation: simulated seconds are cycles over an assumed clock, never wall time."""

    MEASURED = "measured"
    SIMULATED = "simulated"


@dataclass(frozen=True)
class Identity:
    """Which design ran where, in which form; `version_hash` is the project's SHA-256 in hexadecimal."""

    model: str
    version_hash: str
    board: str
    badge: Badge
    inner: Inner = Inner.RTL

    def __post_init__(self) -> None:
        _wanted(bool(self.model and self.board), "a record names its model and its board")
        right = re.fullmatch("[0-9a-f]{64}", self.version_hash) is not None
        _wanted(right, f"found the version hash '{self.version_hash[:70]}', wanted 64 hexadecimal digits in lower case")


@dataclass(frozen=True)
class Clock:
    """`derived_mhz` is the cycle counter over monotonic time; None in a simulation, whose clock is assumed.

    `source_mhz` is what the processing system gives, read back; a clocking wizard makes the logic's of it.
    """

    nominal_mhz: float
    derived_mhz: float | None = None
    source_mhz: float | None = None

    def __post_init__(self) -> None:
        _positive("nominal_mhz", self.nominal_mhz)
        for name in ("derived_mhz", "source_mhz"):
            if getattr(self, name) is not None:
                _positive(name, getattr(self, name))

    @property
    def is_off(self) -> bool:
        """Whether the logic runs at another pace than its timing was closed for, beyond what a timer could mistake."""
        return self.derived_mhz is not None and abs(self.derived_mhz / self.nominal_mhz - 1) > MOST_CLOCK_ERROR


@dataclass(frozen=True)
class Speed:
    """`frames` in `seconds`; `over_time` holds (seconds since the start, frames/s since the point before)."""

    frames: int
    seconds: float
    frames_per_transfer: int
    over_time: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        _positive("frames", self.frames)
        _positive("seconds", self.seconds)
        _positive("frames_per_transfer", self.frames_per_transfer)
        rising = all(a[0] < b[0] for a, b in zip(self.over_time, self.over_time[1:]))
        fine = rising and all(isfinite(t) and t >= 0 and isfinite(fps) and fps >= 0 for t, fps in self.over_time)
        _wanted(fine, "the points of frames/s over time need rising seconds and rates of 0 or more")

    @property
    def fps(self) -> float:
        """Frames a second over the whole run."""
        return self.frames / self.seconds


@dataclass(frozen=True)
class Latency:
    """Single frames, each in its own transfer, from the call to the answer."""

    samples_us: tuple[float, ...]

    def __post_init__(self) -> None:
        _wanted(bool(self.samples_us), "found no latencies; leave the latency out where none was taken")
        _wanted(all(isfinite(us) and us > 0 for us in self.samples_us), "a latency is a number above 0 us")

    def percentile_us(self, percent: float) -> float:
        """The smallest sample that `percent` of all samples do not exceed (nearest rank)."""
        return sorted(self.samples_us)[max(ceil(percent / 100 * len(self.samples_us)), 1) - 1]


@dataclass(frozen=True)
class Cycles:
    """Clock cycles, counted in the fabric and predicted by the schedule.

    Those of a frame are its initiation interval, from one frame to the next, and may be a mean.
    """

    frame_predicted: float
    frame_counted: float | None = None
    latency_predicted: float | None = None
    latency_counted: float | None = None

    def __post_init__(self) -> None:
        named = {
            "the predicted cycles of a frame": self.frame_predicted,
            "the counted cycles of a frame": self.frame_counted,
            "the predicted latency": self.latency_predicted,
            "the counted latency": self.latency_counted,
        }
        for name, cycles in named.items():
            if cycles is not None:
                _positive(name, cycles)


@dataclass(frozen=True)
class LayerCycles:
    """Cycles of one layer for one frame."""

    name: str
    predicted: float
    counted: float | None = None


@dataclass(frozen=True)
class TimeSplit:
    """Where the seconds of the run went; the fabric works while the DMA moves, so the parts may exceed the whole."""

    fabric_s: float
    dma_s: float
    python_s: float

    def __post_init__(self) -> None:
        parts = (self.fabric_s, self.dma_s, self.python_s)
        _wanted(all(isfinite(part) and part >= 0 for part in parts), "a part of the time is a number of 0 s or more")


@dataclass(frozen=True)
class Accuracy:
    """Labels met, of all that were asked for."""

    correct: int
    total: int

    def __post_init__(self) -> None:
        _wanted(0 <= self.correct <= self.total and self.total > 0, f"found {self.correct} correct of {self.total}")

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.correct / self.total


@dataclass(frozen=True)
class LabelError:
    """Root mean square error of values beside their labels, in their own units and relative to the labels' spread."""

    rms: float
    relative: float

    def __post_init__(self) -> None:
        _wanted(all(isfinite(error) and error >= 0 for error in (self.rms, self.relative)), "an error is 0 or more")


@dataclass(frozen=True)
class Exactness:
    """Output codes against Network.evaluate; nothing compared is nothing shown."""

    compared: int
    different: int

    def __post_init__(self) -> None:
        _wanted(0 <= self.different <= self.compared, f"found {self.different} different of {self.compared} codes")

    @property
    def exact(self) -> bool:
        """Whether something was compared and nothing differs."""
        return self.compared > 0 and self.different == 0


@dataclass(frozen=True)
class OutputFigures:
    """One of several outputs, by its name in the model."""

    name: str
    exactness: Exactness
    accuracy: Accuracy | None = None
    label_error: LabelError | None = None


@dataclass(frozen=True)
class Record:
    """One measurement; a simulation has neither a derived clock nor a measured energy.

    Of several `outputs` the accuracy, or the error, is that of the first that has labels; an only one has none there.
    """

    identity: Identity
    clock: Clock
    speed: Speed
    cycles: Cycles
    exactness: Exactness
    energy: Energy | Unavailable
    latency: Latency | None = None
    time_split: TimeSplit | None = None
    accuracy: Accuracy | None = None
    modelled_energy: Modelled | None = None
    layers: tuple[LayerCycles, ...] = ()
    software: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    label_error: LabelError | None = None
    outputs: tuple[OutputFigures, ...] = ()

    def __post_init__(self) -> None:
        if self.identity.badge is Badge.SIMULATED:
            _wanted(self.clock.derived_mhz is None, "a simulated record has an assumed clock; leave derived_mhz out")
            _wanted(isinstance(self.energy, Unavailable), "a simulation has no sensor; its energy is Unavailable")
        if self.outputs:
            parts, whole = [output.exactness for output in self.outputs], self.exactness
            sums = sum(part.compared for part in parts), sum(part.different for part in parts)
            _wanted(sums == (whole.compared, whole.different), "the codes of the outputs are not those of the whole")


def _wanted(holds: bool, sentence: str) -> None:
    if not holds:
        raise RecordError(sentence)


def _positive(name: str, value: float) -> None:
    _wanted(isfinite(value) and value > 0, f"found {name} = {value:g}; wanted a number above 0")
