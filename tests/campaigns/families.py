"""Every family of the papers on one net; `make campaign-families` prints a line for each step.

ResNet-8 of 8, 16 and 32 channels is trained on Fashion-MNIST in each family, all else equal, from several seeds. The
net of the first seed is written, converted for one board at one number of frames a second, compared with onnxruntime
code for code, mapped by yosys, and simulated natively beside the net of LightNN-1. Trained nets in the output folder
are taken as they are where their choices were these. Exit status 1 when a code differs or a step fails.

The figures go to tests/campaigns/results/families.json, of which docs/families.py makes a table.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bench_native import least_seconds
from family_jobs import CHOICES, Job
from family_nets import FAMILIES, FLOAT, Family, Made, stored_bits
from family_steps import Step, asked, data, run, shiftwire_json, train, write
from shiftwire.native.program import Program, native_program, simulate
from shiftwire.project.project import load_project
from shiftwire_models.errors import ModelsError
from shiftwire_models.size import net_size


def store(job: Job) -> dict[str, Any]:
    """Weights, and the bits that they take, against those of the float net."""
    dense = net_size(FLOAT).weights
    bits = 32 * dense if job.family.is_float else stored_bits(job.network)
    return {"weights": net_size(job.family.config).weights, "bits": bits, "dense": dense}


def convert(job: Job) -> dict[str, Any]:
    words = ["--board", job.common.board, "--fps", job.common.frames_per_second, *job.options]
    shiftwire_json("convert", job.model, *words, "-o", job.file("project"))
    built = load_project(job.file("project")).design
    cost = built.resources
    return {"frames_per_second": round(built.frames_per_second), "lut": cost.lut, "bram36": cost.bram36}


def verify(job: Job) -> dict[str, Any]:
    """Every code of every layer: the specification, native simulation and onnxruntime."""
    engines = ["--engines", "reference,onnxruntime,native"]
    found = shiftwire_json("verify", job.file("project"), "--data", job.file("test.npz"), "--onnx", job.model, *engines)
    layers = [layer for pair in found["pairs"] for layer in pair["layers"]]
    return {name: sum(layer[name] for layer in layers) for name in ("compared", "different")}


def synth(job: Job) -> dict[str, Any]:
    found = shiftwire_json("synth", job.file("project"))
    counted = {name: found["whole"][name] for name in ("lut", "ff", "bram36", "dsp")}
    return {**counted, **{name: found[name] for name in ("tool", "version", "part")}}


def speed(job: Job) -> dict[str, Any]:
    """Images a second of user time, and those of LightNN-1's net in the same minute."""
    with tempfile.TemporaryDirectory() as folder:
        own = _rate(native_program(job.network, Path(folder)))
    beside = _rate(_lightnn(job.folder))
    return {"images_per_second": round(own), "lightnn_1": round(beside), "ratio": round(own / beside, 2)}


@cache
def _lightnn(folder: Path) -> Program:
    built = folder / "lightnn-1" / "native"
    built.mkdir(parents=True, exist_ok=True)
    return native_program(Job(FAMILIES[1], 0, folder).network, built)


def _rate(program: Program) -> float:
    codes = np.rint(data(CHOICES).test.x[: CHOICES.simulated].numpy() * 256).astype(np.int64)
    return CHOICES.simulated / least_seconds(lambda: simulate(program, codes))


WHOLE: tuple[Step, ...] = (train, write, store, convert, verify)
"""Of the first seed."""
COUNTED: tuple[Step, ...] = (synth, speed)
"""Of the first seed where no other family has the same units."""


def passes(chosen: Sequence[Family], seeds: int, folder: Path) -> Iterator[tuple[Job, tuple[Step, ...]]]:
    """What a run that is stopped early should have: all families, a second seed, netlists, the other seeds."""
    jobs = [[Job(family, seed, folder) for family in chosen] for seed in range(seeds)]
    yield from ((job, WHOLE[:3] if job.family.is_float or job.family.like else WHOLE) for job in jobs[0])
    yield from ((job, others(job)) for of_seed in jobs[1:2] for job in of_seed)
    yield from ((job, COUNTED) for job in jobs[0] if not job.family.is_float and job.family.like is None)
    yield from ((job, others(job)) for of_seed in jobs[2:] for job in of_seed)


def others(job: Job) -> tuple[Step, ...]:
    """A net that is exact in training is not written again."""
    return WHOLE[:1] if job.family.made is Made.TRAINED else WHOLE[:2]


def main() -> int:
    arguments, results = asked("families", __doc__)
    try:
        data(CHOICES)
    except ModelsError as error:
        print(f"families: skipped, {error}")
        return 0
    print(f"families: {json.dumps(asdict(CHOICES))}", flush=True)
    results.add(choices=asdict(CHOICES))
    chosen = [family for family in FAMILIES if not arguments.families or family.name in arguments.families]
    whole = [run(job, steps, results) for job, steps in passes(chosen, arguments.seeds, arguments.output)]
    return 0 if all(whole) else 1


if __name__ == "__main__":
    sys.exit(main())
