"""FIFOs of networks in which ways meet again, behind pipelines of every latency; `make campaign-latency` prints a line
for each network.

Sixty random networks and the zoo's residual ones, the smallest at three folds, at every latency from 1 to 20 and at
drawn ones, stalling and flushing, cycle by cycle, until a last frame leaves with no input behind it. Exit status 1 for
a deadlock and for a frame that takes longer than the slowest unit.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from campaign import Results
from netlib import some_folds
from random_networks import random_network
from shiftwire.api import design
from shiftwire.ir.pipeline import Instance, Pipeline
from shiftwire.schedule.design import Target
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.timing import HELD_LATENCY, timing
from stalls import REST, Style
from stalls_side_by_side import run_side_by_side
from structure import exported
from zoo import BOARD, SLOWDOWNS

RANDOM, FRAMES = 60, 6
RESIDUAL = ("resnet8", "resnet20-shift", "resnet20-adder", "resnet20-shiftadd")
Latency = Callable[[Instance], int]


def stated(instance: Instance) -> int:
    return instance.unit.hls_latency


def drawn(units: Pipeline, seed: int) -> Latency:
    """One for each unit."""
    choice = random.Random(seed)
    each = {instance.name: choice.randint(1, HELD_LATENCY) for instance in units.instances}
    return lambda instance: each[instance.name]


def every(units: Pipeline) -> Iterator[Latency]:
    yield from (lambda _, one=one: one for one in range(1, HELD_LATENCY + 1))  # type: ignore[misc]
    yield stated
    yield from (drawn(units, seed) for seed in range(4))


def study(units: Pipeline, latencies: Iterator[Latency], frames: int) -> dict[str, Any]:
    """Deadlocks, and frames slower than their slowest unit."""
    rows = [[latency(instance) for instance in units.instances] for latency in latencies]
    iterations = np.array([instance.unit.iterations for instance in units.instances])
    cases = [(at, row, style) for at, row in enumerate(rows) for style in Style]
    outcomes = run_side_by_side(units, np.array([row for _, row, _ in cases]), [s for *_, s in cases], frames)
    deadlocks, slow = [], []
    for (at, row, style), outcome in zip(cases, outcomes, strict=True):
        most = int((iterations + row).max()) + REST
        if outcome.is_deadlock:
            deadlocks.append(f"{style.value} {at}: {', '.join(outcome.waiting)}")
        elif outcome.interval > most:
            slow.append(f"{style.value} {at}: {outcome.interval} cycles of {most}")
    return {"units": len(units.instances), "runs": len(cases), "deadlocks": deadlocks, "slow": slow}


def random_pipelines() -> Iterator[tuple[str, Pipeline]]:
    """The first networks, by seed, in which ways meet again."""
    seed = found = 0
    while found < RANDOM:
        network = random_network(seed)
        units = pipeline(network, some_folds(network, seed))
        if any(len(instance.inputs) > 1 for instance in units.instances):
            found += 1
            yield f"random {seed}", units.with_depths(timing(units).depths)
        seed += 1


def zoo_pipelines(folder: Path) -> Iterator[tuple[str, Pipeline]]:
    for name in RESIDUAL:
        network = exported(name, folder)
        fastest = design(network, BOARD, target=Target(for_hls=True))
        for slowdown in SLOWDOWNS if name == RESIDUAL[0] else SLOWDOWNS[:1]:
            target = Target(fps=fastest.hls_frames_per_second / slowdown, for_hls=True)
            yield f"{name}@{slowdown}", design(network, BOARD, target=target).pipeline


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("build/zoo"))
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    results = Results.opened("latency")
    for pipelines in (random_pipelines(), zoo_pipelines(arguments.output)):
        for name, units in pipelines:
            if name not in results.entries:
                results.add(**{name: study(units, every(units), FRAMES)})
            found = results.entries[name]
            faults = (*found["deadlocks"], *found["slow"])
            print(f"{name}: {found['units']} units, {found['runs']} runs, {len(faults)} faults", *faults, sep="\n    ")
    return int(any(entry["deadlocks"] or entry["slow"] for entry in results.entries.values()))


if __name__ == "__main__":
    sys.exit(main())
