"""Native simulation on two cores beside one, and beside what the machine itself gains from the second, in the same run.

The machine's own gain is that of two copies of the bare instruction loop (bare_lanes.cpp) beside one: what others do on
a shared machine, a core's second thread and a lower clock slow both alike. Gains are of the wall clock, the best of a
few runs in turns, all about as long. Processor seconds, of the same images on two cores to those on one, change little
on a busy machine: more than one is what cores take from each other; what they wait for each other is not in it.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench_lanes import BARE
from nets import PLANS, network
from results import Column, Result, save, table, this_machine
from shiftwire.native.program import Program, native_program, program_flags, simulate
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.tools.host_cpp import Build, compiled
from shiftwire.tools.resources import Evidence
from shiftwire.verify.native import Native
from shiftwire.verify.workers import results
from shiftwire_hls import INCLUDE_DIR, NATIVE_DIR

CORES, RUNS, CHUNKS = 2, 5, 4
LOOPS = 20
"""To see how many of them take as long as a simulation on one core."""

COLUMNS = (
    Column("network"),
    Column("one core", "images/s"),
    Column("two cores", "images/s"),
    Column("two cores to one", decimals=2),
    Column("two bare loops to one", decimals=2),
    Column("ratio of both", decimals=2),
    Column("processor seconds, two to one", decimals=2),
    Column("of bare loops", decimals=2),
)


@dataclass(frozen=True)
class Seconds:
    """Of the wall clock, and of all processors for this process and the children it waited for."""

    wall: float
    processor: float


def processor_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def seconds_of(work: Callable[[], object]) -> Seconds:
    start, processor = time.perf_counter(), processor_seconds()
    work()
    return Seconds(time.perf_counter() - start, processor_seconds() - processor)


def best(runs: Sequence[Seconds]) -> Seconds:
    return Seconds(min(run.wall for run in runs), min(run.processor for run in runs))


def run_copies(program: Path, copies: int, loops: int) -> None:
    running = [subprocess.Popen([program, str(loops)], stdout=subprocess.DEVNULL) for _ in range(copies)]
    assert not any(process.wait() for process in running)


def run_chunks(program: Program, chunks: Sequence[np.ndarray], workers: int) -> None:
    for _ in results(chunks, lambda codes: simulate(program, codes), workers):
        pass


@dataclass(frozen=True)
class Gains:
    """What took so long, by the number of cores: the same images on each, a bare loop on every one."""

    images: int
    simulation: Mapping[int, Seconds]
    loops: Mapping[int, Seconds]

    @property
    def cells(self) -> tuple[float, ...]:
        ours, own = self.simulation, self.loops
        gain, bare = ours[1].wall / ours[CORES].wall, CORES * own[1].wall / own[CORES].wall
        rates = [round(self.images / ours[cores].wall) for cores in (1, CORES)]
        taken = ours[CORES].processor / ours[1].processor, own[CORES].processor / own[1].processor / CORES
        return (*rates, gain, bare, gain / bare, *taken)


def gains(program: Program, bare: Path, shape: tuple[int, ...], chunk: int) -> Gains:
    chunks = [np.random.default_rng(at).integers(0, 256, (chunk, *shape)) for at in range(CHUNKS)]
    whole = seconds_of(lambda: run_chunks(program, chunks, 1)).processor
    loops = max(round(LOOPS * whole / seconds_of(lambda: run_copies(bare, 1, LOOPS)).processor), 1)
    of_loops: dict[int, list[Seconds]] = {1: [], CORES: []}
    of_images: dict[int, list[Seconds]] = {1: [], CORES: []}
    for _ in range(RUNS):
        for cores in (1, CORES):
            of_loops[cores].append(seconds_of(lambda cores=cores: run_copies(bare, cores, loops)))
            of_images[cores].append(seconds_of(lambda cores=cores: run_chunks(program, chunks, cores)))
    simulation, copies = ({cores: best(runs) for cores, runs in of.items()} for of in (of_images, of_loops))
    return Gains(CHUNKS * chunk, simulation, copies)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", default=["LeNet", "ResNet-20"], help=f"of {', '.join(PLANS)}")
    machine, tools = this_machine(compiles=True), {"numpy": np.__version__}
    for name in parser.parse_args().nets:
        net = run_pipeline(network(PLANS[name](), adder=False))
        with tempfile.TemporaryDirectory() as folder:
            build = Build(BARE, (INCLUDE_DIR, NATIVE_DIR), flags=program_flags())
            bare = compiled(build, Path(folder) / "bare")
            chunk = Native.chunk * (8 if name == "LeNet" else 1)
            cells = gains(native_program(net, Path(folder)), bare, net.input.shape, chunk).cells
        one, two, gain, own, ratio, taken, taken_bare = cells
        print(
            f"{name}: {one} images/s on one core, {two} on two: {gain:.2f} times; two bare loops: {own:.2f} times; "
            f"ratio {ratio:.2f}; processor seconds {taken:.2f}, of bare loops {taken_bare:.2f}",
            flush=True,
        )
        said = "python tests/benchmarks/bench_cores.py"
        save("cores", Result(said, Evidence.MEASURED, tools, COLUMNS, table((name, *cells)), machine=machine), keys=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
