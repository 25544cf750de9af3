"""2,500 random files of the operations that are read, 2,500 with others: `make campaign-files`.

A file of the first kind is right when it converts and equals its own run under onnxruntime, optimiser off; every
twelfth also goes through C-simulation. One of the second kind is right when the refusal names every operation that
nothing handles. Exit status 1 when fewer than nine tenths of the first kind convert, or anything else is wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from campaign import Results
from file_verdicts import Outcome, judged, samples, unnamed
from random_files import random_file
from shiftwire.api import convert
from shiftwire.onnx.file import import_domains
from shiftwire.onnx.importer import network_from_model
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.project.project import Backend
from shiftwire.verify.csim import Csim

FILES, STRIDE, CHUNK = 2500, 12, 50


def simulated(seed: int) -> int:
    """Codes of all layers that C-simulation gives otherwise than the specification."""
    model = random_file(seed)
    import_domains(model)
    network = run_pipeline(network_from_model(model))
    codes = network.host_input.encode(samples(model, seed), network.input.format)
    with tempfile.TemporaryDirectory() as folder:
        project = convert(network, "zcu104", Path(folder) / "p", backend=Backend.HLS)
        layers = Csim(project).run(codes, all_layers=True).layers
    right = network.evaluate_layers(codes)
    return sum(int(np.count_nonzero(layers[name] != right[name])) for name in layers if name in right)


def chunk(first: int) -> dict[str, object]:
    """What became of so many files of either kind."""
    start = time.perf_counter()
    verdicts = {seed: judged(seed) for seed in range(first, first + CHUNK)}
    counts = Counter(verdict.outcome.value for verdict in verdicts.values())
    fine = [seed for seed, verdict in verdicts.items() if verdict.outcome is Outcome.EQUAL and seed % STRIDE == 0]
    missed = {seed: sorted(left) if left is not None else "not refused"
              for seed in verdicts if (left := unnamed(seed)) != set()}  # fmt: skip
    return {
        **counts,
        "on ties": sum(verdict.off > 0 for verdict in verdicts.values() if verdict.outcome is Outcome.EQUAL),
        "simulated": len(fine),
        "codes that differ": sum(map(simulated, fine)),
        "strangers": CHUNK,
        "not named": missed,
        "refusals": {seed: v.sentence for seed, v in verdicts.items() if v.outcome is Outcome.REFUSED},
        "wrong": [seed for seed, v in verdicts.items() if v.outcome is Outcome.DIFFERENT],
        "seconds": round(time.perf_counter() - start, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=FILES, help=f"of each kind (default: {FILES})")
    count = parser.parse_args().files
    results = Results.opened("files")
    for first in range(0, count, CHUNK):
        if str(first) not in results.entries:
            results.add(**{str(first): chunk(first)})
        print(first + CHUNK, results.entries[str(first)], flush=True)
    total: Counter[str] = Counter()
    for entry in results.entries.values():
        total.update({key: value for key, value in entry.items() if isinstance(value, int)})
    missed = sum(len(entry["not named"]) for entry in results.entries.values())
    print(f"files: {dict(total)}, {missed} refusals that leave an operation out")
    is_right = (
        total["equal"] >= 0.9 * count and not total["different"] and not total["codes that differ"] and not missed
    )
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
