"""C-simulation at an earlier commit and now: medians of interleaved runs, so that a busy machine slows both alike.

`make bench-before COMMIT=...` runs it. Both trees are driven through their own command line, in this environment.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from results import ROOT, Cell, Column, Result, command, save, table, this_machine
from shiftwire.tools.resources import Evidence

PACKAGES = ("flow", "hls_templates", "boards", "models")
MODES = {"csim": (), "native": ("--native", "--check", "16")}
LEAST_SAMPLES = {"csim": 16, "native": 256}
SECONDS = 1.0
"""Long enough for a rate: a run simulates as many samples as the slower tree does in this time."""

COLUMNS = (
    Column("network"),
    Column("mode"),
    Column("compile before", "s", 2),
    Column("compile now", "s", 2),
    Column("compile, now to before", decimals=2),
    Column("samples/s before"),
    Column("samples/s now"),
    Column("samples/s, now to before", decimals=2),
)


@dataclass(frozen=True)
class Tree:
    """A checkout, and where it puts what it makes."""

    root: Path
    folder: Path

    def verb(self, *words: str | Path) -> str:
        """Standard output of a verb as this tree has it."""
        path = os.pathsep.join(str(self.root / package) for package in PACKAGES)
        code = "import sys; from shiftwire.cli import main; sys.exit(main())"
        variables = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
        line = [sys.executable, "-c", code, *map(str, words)]
        return subprocess.run(line, env=variables, check=True, stdout=subprocess.PIPE, text=True).stdout

    def timed(self, model: Path, mode: str, data: Path) -> tuple[float, float]:
        """Seconds to compile, nothing kept of earlier programs, and samples a second."""
        project = self.folder / model.stem
        if not project.exists():
            self.verb("convert", model, "--board", "zcu104", "-o", project)
        shutil.rmtree(project / "reports", ignore_errors=True)
        found = json.loads(self.verb("csim", project, "--data", data, "--json", *MODES[mode]))
        assert all(layer["different"] == 0 for layer in found["layers"]), f"{model}: the simulation is wrong"
        return found["seconds_compile"], found["samples_per_second"]


@contextmanager
def checkout(commit: str, folder: Path) -> Iterator[Path]:
    """The tree of a commit, as long as it is wanted."""
    where = folder / "tree"
    subprocess.run(["git", "worktree", "add", "--quiet", "--detach", where, commit], cwd=ROOT, check=True)
    try:
        yield where
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", where], cwd=ROOT, check=True)


def tiled(model: Path, samples: int, folder: Path) -> Path:
    """As many samples as asked for, those beside the model again and again."""
    x = np.load(model.with_suffix(".npz"))["x"]
    data = folder / f"{model.stem}-{samples}.npy"
    np.save(data, np.resize(x, (samples, *x.shape[1:])))
    return data


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit", help="the earlier one")
    parser.add_argument("models", nargs="+", type=Path, help="ONNX files, each with samples beside it in an .npz")
    parser.add_argument("--runs", type=int, default=7)
    given = parser.parse_args()
    machine = this_machine(compiles=True)
    rows: list[tuple[Cell, ...]] = []
    print(f"bench before: {given.commit} and now, medians of {given.runs} interleaved runs, {machine.compiler}")
    with tempfile.TemporaryDirectory() as name, checkout(given.commit, Path(name)) as earlier:
        trees = [Tree(root, Path(name) / label) for root, label in ((earlier, "before"), (ROOT, "now"))]
        for model, mode in itertools.product(given.models, MODES):
            few = tiled(model, LEAST_SAMPLES[mode], Path(name))
            rate = min(tree.timed(model, mode, few)[1] for tree in trees * 2)  # what a machine keeps is there now
            data = tiled(model, max(round(rate * SECONDS), LEAST_SAMPLES[mode]), Path(name))
            runs = [[tree.timed(model, mode, data) for tree in trees] for _ in range(given.runs)]
            (compile_before, rate_before), (compile_now, rate_now) = (
                [statistics.median(run[at][figure] for run in runs) for figure in (0, 1)] for at in (0, 1)
            )
            compile_ratio, rate_ratio = compile_now / compile_before, rate_now / rate_before
            print(
                f"{model.stem}, {mode}: compile {compile_before:.2f} s before, {compile_now:.2f} s now "
                f"({compile_ratio:.2f} x); {rate_before:.0f} samples/s before, {rate_now:.0f} now ({rate_ratio:.2f} x)",
                flush=True,
            )
            times = (round(compile_before, 2), round(compile_now, 2), round(compile_ratio, 2))
            rows.append((model.stem, mode, *times, round(rate_before), round(rate_now), round(rate_ratio, 2)))
    tools = {"before": given.commit}
    save("before", Result(command(), Evidence.MEASURED, tools, COLUMNS, table(*rows), machine=machine), keys=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
