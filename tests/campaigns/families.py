"""Every family of the papers on one net; `make campaign-families` prints a line for each step.

ResNet-8 of 8, 16 and 32 channels is trained on Fashion-MNIST in each family, all else equal, from several seeds. The
net of the first seed is written, converted for one board at one number of frames a second, compared with onnxruntime
code for code, mapped by yosys, and simulated natively beside the net of LightNN-1. Trained nets in the output folder
are taken as they are where their choices were these. Exit status 1 when a code differs or a step fails.

The figures go to tests/campaigns/results/families.json, of which docs/families.py makes a table.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from bench_native import least_seconds
from campaign import Results
from exchanging import exchanged_net, off_grid
from family_jobs import CHOICES, SEEDS, Job
from family_nets import FAMILIES, FLOAT, SHAPE, Family, Made, stored_bits
from integer_weights import with_integers
from shiftwire.cli import main as shiftwire
from shiftwire.native.program import Program, native_program, simulate
from shiftwire.numbers.smart_exchange import Theta
from shiftwire.onnx.runtime import run_onnx
from shiftwire.project.project import load_project
from shiftwire_models.data import DataName, Dataset, Split, load_data
from shiftwire_models.errors import ModelsError
from shiftwire_models.exact_export import export_float, export_model
from shiftwire_models.nets import NetName, build
from shiftwire_models.size import net_size
from shiftwire_models.training import TrainConfig, accuracy, drawn, fit, lay_out


@cache
def data() -> Dataset:
    whole = load_data(DataName.FASHION)
    return Dataset(whole.train, Split(whole.test.x[: CHOICES.tested], whole.test.y[: CHOICES.tested]))


def pictures(seed: int) -> Split:
    return drawn(data().train, CHOICES.pictures, seed)


def train(job: Job) -> dict[str, Any]:
    """The net of the family, or the float net that quantize begins with."""
    choices = job.choices
    kept = job.file("training.json")
    if not kept.is_file() or json.loads(kept.read_text())["choices"] != choices:
        kept.parent.mkdir(parents=True, exist_ok=True)
        start = time.process_time()
        net = trained(job)
        seconds = round(time.process_time() - start, 1)
        save_file(net.state_dict(), job.file("net.safetensors"))
        found = {"accuracy": round(100 * accuracy(net, data().test), 2), "seconds": seconds}
        kept.write_text(json.dumps({"choices": choices, **found}))
    return {key: value for key, value in json.loads(kept.read_text()).items() if key != "choices"}


def trained(job: Job) -> nn.Module:
    """With weights drawn by the seed, or those of the float net, and pictures drawn by it."""
    family, theta = job.family, Theta(CHOICES.theta)
    if family.made is not Made.TRAINED:
        train(job.of_float)
    net = build(family.config, job.seed) if family.made is Made.TRAINED else loaded(job.of_float)
    if family.made is not Made.QUANTIZED:
        config = TrainConfig(NetName.RESNET8, CHOICES.epochs, job.seed, DataName.FASHION, CHOICES.pictures, family.loss)
        shown = pictures(job.seed).x[: CHOICES.settled]
        after = (lambda each: exchanged_net(each, theta, shown)) if family.made is Made.RETRAINED else None
        if family.config is FLOAT:
            lay_out(net, torch.channels_last)
        fit(net, pictures(job.seed), config, family.config.learning_rate, lambda _: None, after_epoch=after)
    lay_out(net, torch.contiguous_format)
    return net.eval()


def loaded(job: Job) -> nn.Module:
    net = build(job.family.config, job.seed)
    net.load_state_dict(load_file(job.file("net.safetensors")))
    return net.eval()


def write(job: Job) -> dict[str, Any]:
    """The file, exact but for the float net's; of a quantized one, the accuracy that onnxruntime finds."""
    net, floats = loaded(job), job.family.config is FLOAT
    if job.family.made is Made.RETRAINED:
        off_grid(net)
    model = (export_float if floats else export_model)(net, SHAPE)
    model = with_integers(model, job.family.products) if job.family.products else model
    path = job.file("float.onnx") if floats and not job.family.is_float else job.model
    path.write_bytes(model.SerializeToString(deterministic=True))
    if path != job.model:
        np.savez(job.file("calibration.npz"), x=pictures(job.seed).x[: CHOICES.calibrated].numpy())
        options = ["--method", "smartexchange", "--theta", CHOICES.theta, "--no-trials"]
        shiftwire_json("quantize", path, "--calibrate", job.file("calibration.npz"), *options, "-o", job.model)
    x, y = data().test.x.numpy(), data().test.y.numpy()
    np.savez(job.file("test.npz"), x=x[: CHOICES.compared], y=y[: CHOICES.compared])
    if path == job.model:
        return {}
    right = np.concatenate([run_onnx(job.model, part).argmax(1) for part in np.array_split(x, 8)]) == y
    return {"accuracy": round(100 * float(right.mean()), 2)}


def store(job: Job) -> dict[str, Any]:
    """Weights, and the bits that they take, against those of the float net."""
    dense = net_size(FLOAT).weights
    bits = 32 * dense if job.family.is_float else stored_bits(job.network)
    return {"weights": net_size(job.family.config).weights, "bits": bits, "dense": dense}


def convert(job: Job) -> dict[str, Any]:
    words = ["--board", CHOICES.board, "--fps", CHOICES.frames_per_second, *job.options]
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
    codes = np.rint(data().test.x[: CHOICES.simulated].numpy() * 256).astype(np.int64)
    return CHOICES.simulated / least_seconds(lambda: simulate(program, codes))


Step = Callable[[Job], dict[str, Any]]
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


def shiftwire_json(verb: str, *words: object) -> Any:
    """What a verb prints as JSON; its messages only where it fails."""
    printed, said = io.StringIO(), io.StringIO()
    with redirect_stdout(printed), redirect_stderr(said):
        code = shiftwire([verb, *map(str, words), "--json"])
    assert code == 0, f"shiftwire {verb} ended with {code}: {said.getvalue().strip()[-2000:]}"
    return json.loads(printed.getvalue())


def run(job: Job, steps: tuple[Step, ...], results: Results) -> bool:
    """Every step that is not done with these choices; False where one failed, whose sentence is kept."""
    held = dict(results.entries.get(job.name, {}))
    if held.get("choices") != job.choices:
        held = {"choices": job.choices, "commit": results.commit}
    for step in steps:
        name = step.__name__
        if name not in held or "failed" in held[name]:
            held[name] = _attempted(step, job)
            results.add(**{job.name: held})
        print(f"{job.name}: {name}: {json.dumps(held[name])}", flush=True)
        if "failed" in held[name]:
            return False
    return held.get("verify", {}).get("different", 0) == 0


def opened() -> Results:
    """With what earlier runs found: an entry says its choices and its commit."""
    results = Results("families", seed=0)
    if results.path.is_file():
        results.entries = json.loads(results.path.read_text())["entries"]
    return results


def _attempted(step: Step, job: Job) -> dict[str, Any]:
    try:
        return step(job)
    except (AssertionError, ModelsError) as error:
        return {"failed": str(error)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", help="names of families (default: all)")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("-o", "--output", type=Path, default=Path("build/families"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results = opened()
    try:
        data()
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
