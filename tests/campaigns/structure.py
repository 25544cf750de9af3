"""Every unit of the model zoo at three folds and of sixty random networks, as an HLS compiler must find it; `make
campaign-structure` prints a line for each.

Each net of the zoo is exported by shiftwire-train with random weights. Units are held to one loop of the length that
their nests have, to words and ports of memories, to widths; projects to a dataflow region. Exit status 1 when there is
a fault.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from campaign import Results
from hls_structure.dataflow import project_faults, region_faults
from hls_structure.faults import Fault
from hls_structure.headers import header_faults
from hls_structure.units import distinct, subjects
from hls_structure.verdict import unit_faults
from netlib import some_folds
from random_networks import random_network
from shiftwire.api import convert, design, load_network
from shiftwire.hls.wrapper import unit_source
from shiftwire.ir.network import Network
from shiftwire.project.project import Backend
from shiftwire.schedule.design import Design, Target, folded
from shiftwire_boards.catalog import load_board
from shiftwire_hls import INCLUDE_DIR
from zoo import BOARD, ENTRIES, SLOWDOWNS

RANDOM = 60
CLOCK_NS = 10.0

FLAGS = ("-O1",)
"""Wide units count faster than they compile without it."""


def exported(name: str, folder: Path) -> Network:
    """A net of the zoo, from its file where it was exported before."""
    model = folder / f"{name}.onnx"
    if not model.exists():
        command = [sys.executable, "-m", "shiftwire_models", "zoo", name, "-o", model]
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return load_network(model)


def study(name: str, planned: Design, folder: Path) -> dict[str, Any]:
    """What one fold of a net showed."""
    start, units = time.perf_counter(), distinct(subjects(name, planned.pipeline))
    faults = unit_faults(units, folder, flags=FLAGS)
    for one in units:
        source = folder / f"{one.instance}.cpp"
        source.write_text(unit_source(planned, one.instance))
        faults += region_faults(source, one.instance)
    return {
        "units": len(planned.pipeline.instances),
        "distinct": len(units),
        "functions": sorted({one.unit.function for one in units}),
        "longest": max(one.unit.iterations for one in units),
        "widest_beat_bits": max(fifo.port.lanes * fifo.format.bits for one in units for fifo in one.fifos),
        "faults": list(map(str, faults)),
        "seconds": round(time.perf_counter() - start, 1),
    }


def region(network: Network, folder: Path) -> dict[str, Any]:
    """What the project's top function showed."""
    start = time.perf_counter()
    faults: list[Fault] = project_faults(convert(network, BOARD, folder, backend=Backend.HLS).hls_dir)
    return {"faults": list(map(str, faults)), "seconds": round(time.perf_counter() - start, 1)}


def of_net(name: str, folder: Path, results: Results) -> None:
    """Add what is not known yet."""
    wanted = [f"{name}@{slowdown}" for slowdown in SLOWDOWNS] + [f"{name} project"]
    if all(entry in results.entries for entry in wanted):
        return
    network = exported(name, folder)
    fastest = design(network, BOARD, target=Target(for_hls=True))
    for slowdown, entry in zip(SLOWDOWNS, wanted, strict=False):
        if entry not in results.entries:
            target = Target(fps=fastest.hls_frames_per_second / slowdown, for_hls=True)
            planned = fastest if slowdown == 1 else design(network, BOARD, target=target)
            shown(results, entry, study(entry, planned, folder / name / "structure"))
    if wanted[-1] not in results.entries:
        shown(results, wanted[-1], region(network, folder / name / "project"))


def of_random(seed: int, folder: Path, results: Results) -> None:
    """A random network, each layer folded in one of its ways."""
    entry = f"random {seed}"
    if entry not in results.entries:
        network = random_network(seed)
        planned = folded(network, load_board(BOARD), CLOCK_NS, some_folds(network, seed))
        shown(results, entry, study(entry, planned, folder / "random" / str(seed)))


def shown(results: Results, entry: str, found: dict[str, Any]) -> None:
    results.add(**{entry: found})
    numbers = ", ".join(f"{value} {key}" for key, value in found.items() if isinstance(value, int | float))
    print(f"{entry}: {len(found['faults'])} faults; {numbers}", *found["faults"], sep="\n    ", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", help="names of the zoo (default: all)")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/zoo"))
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    results = Results.opened("structure")
    if "headers" not in results.entries:
        shown(results, "headers", {"faults": list(map(str, header_faults(INCLUDE_DIR)))})
    for entry in ENTRIES:
        if not arguments.nets or entry.name in arguments.nets:
            of_net(entry.name, arguments.output, results)
    for seed in () if arguments.nets else range(RANDOM):
        of_random(seed, arguments.output, results)
    return 1 if any(found["faults"] for found in results.entries.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
