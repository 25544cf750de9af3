"""Native simulation on two cores beside one, and beside what the machine itself gains from the second, in the same run.

The machine's own gain is that of two copies of the bare instruction loop (bare_lanes.cpp) beside one: what others do on
a shared machine, a core's second thread and a lower clock slow both alike. Seconds are of the wall clock, the best of a
few runs in turns.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bench_lanes import BARE
from nets import PLANS, network
from results import Column, Result, save, table, this_machine
from shiftwire.hls.native import FLAGS, Program, native_program, simulate
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.tools.host_cpp import Build, compiled, native_flags
from shiftwire.tools.resources import Evidence
from shiftwire.verify.native import Native
from shiftwire.verify.workers import results
from shiftwire_hls import INCLUDE_DIR, NATIVE_DIR

CORES, RUNS, CHUNKS = 2, 5, 4

COLUMNS = (
    Column("network"),
    Column("one core", "images/s"),
    Column("two cores", "images/s"),
    Column("two cores to one", decimals=2),
    Column("two bare loops to one", decimals=2),
    Column("ratio of both", decimals=2),
)


def seconds_of(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run_copies(program: Path, copies: int) -> None:
    running = [subprocess.Popen([program], stdout=subprocess.DEVNULL) for _ in range(copies)]
    assert not any(process.wait() for process in running)


def run_chunks(program: Program, chunks: Sequence[np.ndarray], workers: int) -> None:
    for _ in results(chunks, lambda codes: simulate(program, codes), workers):
        pass


def gains(program: Program, bare: Path, shape: tuple[int, ...], chunk: int) -> tuple[float, float, float]:
    """Images a second on one core and on all, and how much more bare loops run on all."""
    chunks = [np.random.default_rng(at).integers(0, 256, (chunk, *shape)) for at in range(CHUNKS)]
    of_loops: dict[int, list[float]] = {1: [], CORES: []}
    of_images: dict[int, list[float]] = {1: [], CORES: []}
    for _ in range(RUNS):
        for cores in (1, CORES):
            of_loops[cores].append(seconds_of(lambda cores=cores: run_copies(bare, cores)))
            of_images[cores].append(seconds_of(lambda cores=cores: run_chunks(program, chunks, cores)))
    one, all_ = (CHUNKS * chunk / min(of_images[cores]) for cores in (1, CORES))
    return one, all_, CORES * min(of_loops[1]) / min(of_loops[CORES])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", default=["LeNet", "ResNet-20"], help=f"of {', '.join(PLANS)}")
    machine, tools = this_machine(compiles=True), {"numpy": np.__version__}
    for name in parser.parse_args().nets:
        net = run_pipeline(network(PLANS[name](), adder=False))
        with tempfile.TemporaryDirectory() as folder:
            build = Build(BARE, (INCLUDE_DIR, NATIVE_DIR), flags=(*FLAGS, *native_flags()))
            bare = compiled(build, Path(folder) / "bare")
            chunk = Native.chunk * (8 if name == "LeNet" else 1)
            one, two, own = gains(native_program(net, Path(folder)), bare, net.input.shape, chunk)
        row = (name, round(one), round(two), two / one, own, two / one / own)
        print(
            f"{name}: {one:.0f} images/s on one core, {two:.0f} on two: {two / one:.2f} times; "
            f"two bare loops: {own:.2f} times; ratio {two / one / own:.2f}",
            flush=True,
        )
        said = "python tests/benchmarks/bench_cores.py"
        save("cores", Result(said, Evidence.MEASURED, tools, COLUMNS, table(row), machine=machine), keys=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
