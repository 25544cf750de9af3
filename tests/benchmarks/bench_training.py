"""What shiftwire_models' own benches measure, kept as results: python tests/benchmarks/bench_training.py [--flightnn].

One step of an adder convolution in blocks, beside the plain broadcast form; with --flightnn instead the study of a
trained number of terms a filter, which takes minutes.
"""

from __future__ import annotations

import argparse
import platform
from importlib.metadata import version

from results import Column, Result, command, save, table, this_machine
from shiftwire.tools.resources import Evidence
from shiftwire_models.bench import bench_adder
from shiftwire_models.flightnn_study import flightnn_comparison

STEP = (Column("form"), Column("images/s"), Column("peak memory", "MiB"))
TERMS = (Column("weights"), Column("terms a filter, mean", decimals=2), Column("accuracy, mean over the seeds", "%", 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--flightnn", action="store_true", help="train FLightNN and LightNN on digits instead")
    tools, machine = {"torch": version("torch"), "Python": platform.python_version()}, this_machine(compiles=False)
    if parser.parse_args().flightnn:
        study = flightnn_comparison()
        gated, fixed = 100 * study.flightnn_accuracy, 100 * study.lightnn2_accuracy
        print(f"FLightNN on digits, seeds {study.seeds}: {gated:.2f} % with mean k {study.mean_terms:.2f}")
        print(f"LightNN with k = 2 everywhere: {fixed:.2f} %")
        rows = table(("FLightNN", round(study.mean_terms, 2), round(gated, 2)), ("LightNN", 2.0, round(fixed, 2)))
        save("flightnn", Result(command(), Evidence.MEASURED, tools, TERMS, rows, machine=machine))
        return
    bench = bench_adder()
    print(
        f"{bench.workload}: {bench.speed_gain:.1f} x the images/s of broadcast, {bench.memory_gain:.0f} x less memory"
    )
    forms = {"blocks": bench.blocked, "broadcast": bench.broadcast}
    rows = table(*((form, round(of.images_per_second), round(of.peak_mib)) for form, of in forms.items()))
    save("training", Result(command(), Evidence.MEASURED, tools, STEP, rows, machine=machine))


if __name__ == "__main__":
    main()
