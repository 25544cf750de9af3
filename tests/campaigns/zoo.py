"""The whole model zoo through every engine; `make campaign-zoo` prints a line for each step.

Each net is exported by shiftwire-train with random weights and settled statistics, converted, C-simulated on ap_int
(a few images) and on native lanes (every layer of at least a thousand, fewer for the largest nets), and built at three
folds whose cycles are counted from the kernels' own loops. Exit status 1 when a code or a cycle differs.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from campaign import Results
from shiftwire.api import convert, design, load_network
from shiftwire.ir.network import Network
from shiftwire.native.program import bounded_program
from shiftwire.project.data import Data, load_data
from shiftwire.schedule.design import Target
from shiftwire.verify.comparison import compared
from shiftwire.verify.csim import Csim
from shiftwire.verify.native import Native, simulated_layers

BOARD = "zcu104"
SLOWDOWNS = (1, 3, 10)
"""The second and third folds may take so many times the cycles of the first."""


@dataclass(frozen=True)
class Entry:
    """A net and how many images its engines get; the reference decides how many are bearable."""

    name: str
    by_ap_int: int = 2
    by_native: int = 1024


ENTRIES = (
    Entry("lenet5", 8, 2048),
    Entry("autoencoder", 4, 2048),
    Entry("dscnn"),
    Entry("resnet8"),
    Entry("resnet20-shift"),
    Entry("resnet20-adder"),
    Entry("resnet20-shiftadd", 1),
    Entry("mobilenet", 1, 256),
    Entry("vgg19", 1, 256),
)


def study(entry: Entry, folder: Path) -> Iterator[str]:
    """Lines of what was compared; raises AssertionError for a difference."""
    model, data_file = folder / f"{entry.name}.onnx", folder / f"{entry.name}.npz"
    command = [sys.executable, "-m", "shiftwire_models", "zoo", entry.name, "-o", model, "--data-out", data_file]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    start = time.perf_counter()
    network = load_network(model)
    project = convert(network, BOARD, folder / entry.name)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    yield f"{len(network.nodes)} layers converted in {seconds:.1f} s, peak memory {peak} MiB (process so far)"
    data = load_data(data_file, network)
    report = compared(Csim(project), data.codes[: entry.by_ap_int])
    assert report.different == 0, report.first_difference
    yield f"csim, ap_int: {report.samples} images, 0 of {report.compared:,} codes differ"
    codes = _many(data, entry.by_native)
    report = compared(Native(project), codes, checked=len(codes))
    assert report.different == 0, report.first_difference
    assert len(report.vacuous) == 0, report.vacuous
    live, made = sum(layer.live for layer in report.layers), sum(layer.compared for layer in report.layers)
    yield (
        f"csim, native: {report.samples} images, every layer, 0 of {made:,} codes differ, {live:,} live outputs; "
        f"compile {report.seconds_build:.1f} s, {report.samples_per_second:.0f} images/s"
    )
    yield from _folds(network, data, project.design.hls_frames_per_second, folder / entry.name)


def _many(data: Data, count: int) -> np.ndarray:
    """As many images as wanted: those given, then their mirror images and mixtures, all within the input's range."""
    rng = np.random.default_rng(0)
    codes = [data.codes]
    while sum(map(len, codes)) < count:
        one, two = rng.permutation(data.codes), rng.permutation(data.codes)
        mask = rng.random(data.codes.shape) < rng.random((len(data.codes), *(1,) * (data.codes.ndim - 1)))
        codes.append(np.where(mask, one, two))
    return np.concatenate(codes)[:count]


def _folds(network: Network, data: Data, fastest: float, folder: Path) -> Iterator[str]:
    """Three folds: outputs on FIFOs of the emitted depth, and the cycles of every unit."""
    for slowdown in SLOWDOWNS:
        target = Target(fps=None if slowdown == 1 else fastest / slowdown, for_hls=True)
        planned = design(network, BOARD, target=target)
        program = bounded_program(planned.pipeline, folder / "reports")
        codes = data.codes[:16]
        found = simulated_layers(program, network, codes)  # raises where a unit's cycles are not those predicted
        expected = network.evaluate(codes)
        assert np.array_equal(found[network.output_name], expected)
        yield (
            f"fold for {planned.frames_per_second:,.0f} frames/s on {BOARD} (modelled): {planned.timing.interval:,} "
            f"cycles a frame predicted and counted, {len(planned.pipeline.instances)} units, output exact"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", help="names of the zoo (default: all)")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/zoo"))
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    results = Results.opened("zoo")
    for entry in ENTRIES:
        if arguments.nets and entry.name not in arguments.nets:
            continue
        lines = []
        for line in results.entries.get(entry.name) or study(entry, arguments.output):
            print(f"{entry.name}: {line}", flush=True)
            lines.append(line)
        results.add(**{entry.name: lines})
    return 0


if __name__ == "__main__":
    sys.exit(main())
