"""Native simulations under every set of instructions, and ap_int ones; `make campaign-native` prints a line for each.

Three hundred random networks and the zoo's nets, every layer's codes beside the specification's: random and extreme
ones of the random networks, several batches of the zoo's, two samples of them where ap_int sums. Exit status 1 when a
code differs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from campaign import Results
from instruction_sets import SETS, differing
from netlib import run_networks
from random_networks import random_codes, random_network
from shiftwire.api import convert
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.project.project import Backend
from shiftwire.verify.comparison import compared
from shiftwire.verify.csim import Csim
from structure import exported
from zoo import BOARD, ENTRIES

RANDOM, ZOO_SAMPLES, HEADER_SAMPLES = 300, 20, 2
Compare = Callable[[Network, Codes, Path], tuple[list[str], int]]


def drawn(seed: int) -> tuple[Network, Codes]:
    network = random_network(seed)
    return network, random_codes(network, seed)


def of_zoo(name: str, folder: Path, samples: int) -> tuple[Network, Codes]:
    network = exported(name, folder)
    span = network.input.format
    codes = np.random.default_rng(0).integers(span.lo, span.hi + 1, (samples, *network.input.shape))
    codes[0, ::2] = span.hi
    return network, codes


def of_headers(network: Network, codes: Codes, folder: Path) -> tuple[list[str], int]:
    """As `differing`, of the headers on the types that are synthesised."""
    (layers,) = run_networks([network], [codes], folder, flags=("-O1",))
    expected = network.evaluate_layers(codes)
    wrong = [name for name, found in layers.items() if not np.array_equal(found, expected[name])]
    return wrong, sum(int(np.count_nonzero(found.min(axis=0) != found.max(axis=0))) for found in layers.values())


def of_project(network: Network, codes: Codes, folder: Path) -> tuple[list[str], int]:
    """The same of a project's own C-simulation, which compiles a large net unit by unit."""
    project = convert(network, BOARD, folder / "project", backend=Backend.HLS)
    report = compared(Csim(project), codes)
    return [layer.name for layer in report.layers if layer.different], sum(layer.live for layer in report.layers)


def study(given: Callable[[], tuple[Network, Codes]], compare: Compare) -> str:
    network, codes = given()
    with tempfile.TemporaryDirectory() as folder:
        wrong, live = compare(network, codes, Path(folder))
    compared = len(codes) * sum(tensor.size for tensor in network.tensors.values())
    return f"differs in {', '.join(wrong)}" if wrong else f"{compared:,} codes, 0 differ, {live:,} live outputs"


def cases(folder: Path, samples: int) -> Iterator[tuple[str, Callable[[], tuple[Network, Codes]]]]:
    yield from ((f"random {seed}", partial(drawn, seed)) for seed in range(RANDOM))
    yield from ((entry.name, partial(of_zoo, entry.name, folder, samples)) for entry in ENTRIES)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("build/zoo"))
    folder = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    results = Results.opened("native")
    for name, value in {**SETS, "ap_int": ""}.items():
        os.environ["SHIFTWIRE_SIMD"] = value
        is_exact = name == "ap_int"
        every = [
            (
                f"{case}, {name}",
                given,
                of_headers if is_exact and case.startswith("random") else of_project if is_exact else differing,
            )
            for case, given in cases(folder, HEADER_SAMPLES if is_exact else ZOO_SAMPLES)
        ]
        left = [entry for entry in every if entry[0] not in results.entries]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            lines = pool.map(lambda entry: study(entry[1], entry[2]), left)
            for (case, _, _), line in zip(left, lines, strict=True):
                print(f"{case}: {line}", flush=True)
                results.add(**{case: line})
    wrong = [case for case, line in results.entries.items() if line.startswith("differs")]
    print(f"native: {len(results.entries)} runs, {len(wrong)} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
