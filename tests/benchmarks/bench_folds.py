"""The exact front of folds beside FINN's greedy rule, simulated annealing and random choice, at equal evaluations.

    python tests/benchmarks/bench_folds.py build/zoo/lenet5.onnx build/zoo/resnet8.onnx

LUTs of layers, forks and converters at the cycles of some points of the front, within a board's block RAM. Files are
those of `shiftwire-train zoo NAME -o FILE`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fold_searches import Found, Searches, fewest
from results import Cell, Column, Result, commit, save, table
from shiftwire import api
from shiftwire.explore.sweep import Sweep
from shiftwire.ir.cost import SHELL_BRAM36, SHELL_LUT
from shiftwire.schedule.design import Target
from shiftwire.schedule.knapsack import HALVES
from shiftwire.tools.resources import Evidence
from shiftwire_boards.catalog import load_board

BOARD, CLOCK_NS = "pynq-z2", 10.0
ZOO = ("lenet5", "autoencoder", "dscnn", "resnet8", "mobilenet", "resnet20-shift", "resnet20-adder")
POINTS = 4
"""Of each front, evenly spread from the fastest to the smallest."""

COLUMNS = (
    Column("network"),
    Column("cycles a frame"),
    Column("exact front", "LUT"),
    Column("greedy, as FINN", "LUT"),
    Column("annealing", "LUT"),
    Column("random", "LUT"),
    Column("evaluations"),
)
KEYS = 2


def rows(model: Path, count: int) -> Iterator[tuple[Cell, ...]]:
    board = load_board(BOARD)
    network = api.design(model, BOARD, CLOCK_NS, Target(for_hls=True)).network
    searches = Searches(network, HALVES * (board.bram36 - SHELL_BRAM36))
    start = time.process_time()
    front = list(Sweep(searches.stages, board.lut - SHELL_LUT, searches.halves).front(is_flat=True))
    print(f"{model.stem}: {len(front)} points in {time.process_time() - start:.1f} s of a processor", flush=True)
    drawn = [found for found in searches.random(count) if searches.fits(found)]
    for at in np.linspace(0, len(front) - 1, POINTS).round().astype(int):
        best = front[at]
        others = [[searches.greedy(best.cycles)[0]], [searches.annealed(best.cycles, count)], drawn]
        luts = [_within(searches, own, best.cycles) for own in others]
        if any(lut is not None and lut < best.lut for lut in luts):
            raise SystemExit(f"{model.stem} at {best.cycles} cycles: {luts} beats the front's {best.lut}")
        yield (model.stem, best.cycles, best.lut, *luts, count)


def _within(searches: Searches, found: list[Found], cycles: int) -> int | None:
    return fewest([each for each in found if searches.fits(each)], cycles)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    default = [Path(f"build/zoo/{name}.onnx") for name in ZOO]
    parser.add_argument("models", type=Path, nargs="*", default=default, help="files (default: those of the zoo)")
    parser.add_argument("--evaluations", type=int, default=20_000, help="of annealing, at each point (%(default)s)")
    asked = parser.parse_args(arguments)
    print(f"bench folds: {load_board(BOARD).part}, {CLOCK_NS:g} ns, modelled, at commit {commit()}")
    for model in asked.models:
        cells = list(rows(model, asked.evaluations))
        for row in cells:
            print(" | ".join("-" if cell is None else str(cell) for cell in row), flush=True)
        result = Result(
            "python tests/benchmarks/bench_folds.py",
            Evidence.MODELLED,
            {"numpy": np.__version__},
            COLUMNS,
            table(*cells),
        )
        save("folds", result, KEYS)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
