"""Native simulations under every set of instructions; `make campaign-native` prints a line for each network.

Three hundred random networks and the zoo's nets, every layer's codes beside the specification's: random and extreme
ones of the random networks, two batches of the zoo's. Exit status 1 when a code differs.
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
from random_networks import random_codes, random_network
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from structure import exported
from zoo import ENTRIES

RANDOM, ZOO_SAMPLES = 300, 20


def drawn(seed: int) -> tuple[Network, Codes]:
    network = random_network(seed)
    return network, random_codes(network, seed)


def of_zoo(name: str, folder: Path) -> tuple[Network, Codes]:
    network = exported(name, folder)
    span = network.input.format
    codes = np.random.default_rng(0).integers(span.lo, span.hi + 1, (ZOO_SAMPLES, *network.input.shape))
    codes[0], codes[1] = span.lo, span.hi
    return network, codes


def study(given: Callable[[], tuple[Network, Codes]]) -> str:
    network, codes = given()
    with tempfile.TemporaryDirectory() as folder:
        wrong, live = differing(network, codes, Path(folder))
    compared = len(codes) * sum(tensor.size for tensor in network.tensors.values())
    return f"differs in {', '.join(wrong)}" if wrong else f"{compared:,} codes, 0 differ, {live:,} live outputs"


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], tuple[Network, Codes]]]]:
    yield from ((f"random {seed}", partial(drawn, seed)) for seed in range(RANDOM))
    yield from ((entry.name, partial(of_zoo, entry.name, folder)) for entry in ENTRIES)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("build/zoo"))
    folder = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    results = Results.opened("native")
    for name, value in SETS.items():
        os.environ["SHIFTWIRE_SIMD"] = value
        left = [(f"{case}, {name}", given) for case, given in cases(folder) if f"{case}, {name}" not in results.entries]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for (case, _), line in zip(left, pool.map(study, (given for _, given in left)), strict=True):
                print(f"{case}: {line}", flush=True)
                results.add(**{case: line})
    wrong = [case for case, line in results.entries.items() if line.startswith("differs")]
    print(f"native: {len(results.entries)} runs, {len(wrong)} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
