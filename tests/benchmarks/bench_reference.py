"""Processor time of the reference and of quantize at an earlier commit and now: the least of interleaved runs.

`make bench-reference COMMIT=...` runs it. Both trees answer in processes of their own; every code and every byte of the
files must be the same.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime

from bench_before import PACKAGES, checkout
from results import ROOT, Column, Result, command, save, table, this_machine
from shiftwire.tools.resources import Evidence

EVALUATE = """
import hashlib, sys, time
from pathlib import Path
import numpy as np
from shiftwire.onnx.importer import import_onnx
network, x = import_onnx(Path(sys.argv[1])), np.load(sys.argv[2])["x"]
codes = network.encode({network.entries[0].name: x})
start = time.process_time()
outputs = np.concatenate([network.evaluate(part) for part in network.batches(codes)])
print(time.process_time() - start, hashlib.sha256(outputs.tobytes()).hexdigest())
"""
QUANTIZE = """
import hashlib, sys, time
from pathlib import Path
from shiftwire.cli import main
model, data, output = sys.argv[1:]
sys.argv = ["shiftwire", "quantize", model, "--calibrate", data, "-o", output]
sys.stdout = sys.stderr
assert main() == 0
print(time.process_time(), hashlib.sha256(Path(output).read_bytes()).hexdigest(), file=sys.__stdout__)
"""

COLUMNS = (
    Column("what"),
    Column("network"),
    Column("samples"),
    Column("processor time before", "s", 2),
    Column("processor time now", "s", 2),
    Column("now to before", decimals=2),
)


def answered(root: Path, code: str, *words: Path) -> tuple[float, str]:
    """Seconds of all cores, and the digest of what came out."""
    variables = {**os.environ, "OMP_NUM_THREADS": "1"}
    variables["PYTHONPATH"] = os.pathsep.join(str(root / package) for package in PACKAGES)
    line = [sys.executable, "-c", code, *map(str, words)]
    printed = subprocess.run(line, env=variables, check=True, capture_output=True, text=True).stdout
    seconds, digest = printed.split()
    return float(seconds), digest


def in_turns(trees: tuple[Path, Path], runs: int, once: Callable[[Path], tuple[float, str]]) -> tuple[float, float]:
    """Before and now."""
    found = [[once(tree) for tree in trees] for _ in range(runs)]
    digests = {digest for pair in found for _, digest in pair}
    assert len(digests) == 1, "the trees differ in what they make"
    before, now = (min(pair[at][0] for pair in found) for at in (0, 1))
    return before, now


def sampled(model: Path, count: int, folder: Path) -> Path:
    """So many of the samples beside a model, again and again."""
    x = np.load(model.with_suffix(".npz"))["x"]
    data = folder / f"{model.stem}.npz"
    np.savez(data, x=np.resize(x, (count, *x.shape[1:])))
    return data


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit", help="the earlier one")
    parser.add_argument("models", nargs="+", type=Path, help="exact files, *_float.onnx to quantize; each with an .npz")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--samples", type=int, default=256)
    given = parser.parse_args()
    machine, rows = this_machine(compiles=False), []
    with tempfile.TemporaryDirectory() as name, checkout(given.commit, Path(name)) as earlier:
        for model in given.models:
            is_float = model.stem.endswith("_float")
            words = [model, sampled(model, given.samples, Path(name)), *[Path(name) / "exact.onnx"] * is_float]
            code = QUANTIZE if is_float else EVALUATE
            before, now = in_turns((earlier, ROOT), given.runs, lambda root: answered(root, code, *words))  # noqa: B023
            what, net = "quantize" if is_float else "reference", model.stem.removesuffix("_float")
            print(f"{what}, {net}: {before:.2f} s before, {now:.2f} s now ({now / before:.2f} x)", flush=True)
            rows.append((what, net, given.samples, round(before, 2), round(now, 2), round(now / before, 2)))
    tools = {"before": given.commit, "numpy": np.__version__, "onnxruntime": onnxruntime.__version__}
    save("reference", Result(command(), Evidence.MEASURED, tools, COLUMNS, table(*rows), machine=machine))
    return 0


if __name__ == "__main__":
    sys.exit(main())
