"""How many designs a second the models say LUTs, block RAM, DSP blocks and cycles of, on one core.

    python tests/benchmarks/bench_predict.py build/zoo/lenet5.onnx build/zoo/resnet8.onnx

Tables of every fold are made once; a design is a sum of looked-up figures. Files are those of `shiftwire-train zoo`.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from results import Column, Result, commit, save, table, this_machine
from shiftwire import api
from shiftwire.costs.model import family_model
from shiftwire.explore.predictions import Predictions
from shiftwire.tools.resources import Evidence

ZOO = ("lenet5", "dscnn", "resnet8")
DESIGNS = 100_000
FAMILY = "xc7"
COLUMNS = (
    Column("network"),
    Column("folds of all layers"),
    Column("tables", "s", 1),
    Column("designs a second", decimals=0),
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    default = [Path(f"build/zoo/{name}.onnx") for name in ZOO]
    parser.add_argument("models", type=Path, nargs="*", default=default, help="files (default: three of the zoo)")
    asked = parser.parse_args(arguments)
    print(f"bench predict: models of {FAMILY}, at commit {commit()}")
    rows = []
    for model in asked.models:
        network = api.load_network(model)
        start = time.process_time()
        predictions = Predictions.of(network, family_model(FAMILY))
        ready = time.process_time()
        picks = predictions.drawn(DESIGNS, 0)
        drawn = time.process_time()
        figures = predictions.designs(picks)
        rate = len(figures.lut) / (time.process_time() - drawn)
        rows.append((model.stem, sum(map(len, predictions.folds.values())), ready - start, rate))
        print(" | ".join(f"{cell:,.1f}" if isinstance(cell, float) else str(cell) for cell in rows[-1]), flush=True)
    result = Result(
        "python tests/benchmarks/bench_predict.py",
        Evidence.MEASURED,
        {"numpy": np.__version__},
        COLUMNS,
        table(*rows),
        machine=this_machine(compiles=False),
    )
    save("predict", result, 1)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
