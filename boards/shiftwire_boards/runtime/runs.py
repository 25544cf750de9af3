"""The two runs of a measurement: sustained work in whole batches, and frames alone in DMA transfers of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

import numpy as np

from shiftwire_boards.runtime.measurable import Measurable

Array = Any
Progress = Callable[[int, int], None]
POINTS = 50
"""Of frames a second over time, at most."""


@dataclass(frozen=True)
class SustainedRun:
    """`outputs` are the codes (N, *shape) of every sample once; `frames` and the seconds are those of all the work.

    `interval` is the initiation interval in cycles, between the last two frames of one DMA transfer; None where every
    frame came alone. `over_time` holds (seconds since the start, frames/s since the point before).
    """

    frames: int
    seconds: float
    cycles: int
    interval: int | None
    transfer_s: float
    packing_s: float
    outputs: Array
    over_time: tuple[tuple[float, float], ...]


def sustained_run(accelerator: Measurable, codes: Array, seconds: float, progress: Progress) -> SustainedRun:
    """Whole batches one after the other: every sample once, then again until the time is over.

    `progress` gets the samples done and all samples. Raises BoardError of any kind where the board fails.
    """
    now, shell = accelerator.clock.now, accelerator.shell
    outputs, points = [], [(0.0, 0)]
    transfer_before, packing_before, cycles = accelerator.transfer_s, accelerator.packing_s, shell.cycles()
    start, frames, at = now(), 0, 0
    step = accelerator.batch * max(1, len(codes) // accelerator.batch // POINTS)
    again = np.resize(codes, (step, *codes.shape[1:]))  # whole transfers, however few samples there are
    while at < len(codes) or now() - start < seconds:
        part = codes[at : at + step] if at < len(codes) else again
        part_outputs = accelerator.predict_codes(part)
        if at < len(codes):
            outputs.append(part_outputs)
        at += len(part)
        frames += len(part)
        points.append((now() - start, frames))
        progress(min(at, len(codes)), len(codes))
    took, counted = now() - start, shell.cycles() - cycles
    has_pair = (len(part) - 1) % accelerator.batch > 0  # else the last frame came alone, as late as Python sent it
    return SustainedRun(
        frames=frames,
        seconds=took,
        cycles=counted,
        interval=shell.read("interval") if has_pair else None,
        transfer_s=accelerator.transfer_s - transfer_before,
        packing_s=accelerator.packing_s - packing_before,
        outputs=np.concatenate(outputs),
        over_time=_rates(points),
    )


def single_frames(accelerator: Measurable, codes: Array, count: int) -> tuple[list[float], int]:
    """Microseconds of `count` frames alone, from call to answer, and the cycles that the logic counted for the last."""
    now = accelerator.clock.now
    latencies = []
    for at in range(count):
        start = now()
        accelerator.predict_codes(codes[at % len(codes)][None])
        latencies.append(1e6 * (now() - start))
    return latencies, accelerator.shell.read("latency")


def _rates(points: list[tuple[float, int]]) -> tuple[tuple[float, float], ...]:
    """At most POINTS of (seconds, frames a second since the point before)."""
    stride = -(-(len(points) - 1) // POINTS)
    thinned = points[::stride]
    pairs = [(a, b) for a, b in zip(thinned, thinned[1:]) if b[0] > a[0]]
    return tuple((later[0], (later[1] - earlier[1]) / (later[0] - earlier[0])) for earlier, later in pairs)
