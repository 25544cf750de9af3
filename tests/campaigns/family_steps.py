"""Steps of a family from one seed that campaigns share: it is trained and written; what is done is kept."""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from campaign import Results
from exchanging import exchanged_net, off_grid
from family_jobs import SEEDS, Choices, Job
from family_nets import FLOAT, SHAPE, Made
from integer_weights import with_integers
from shiftwire.cli import main as shiftwire
from shiftwire.errors import ShiftwireError
from shiftwire.numbers.smart_exchange import Theta
from shiftwire.onnx.runtime import run_onnx
from shiftwire_models.data import DataName, Dataset, Split, load_data
from shiftwire_models.errors import ModelsError
from shiftwire_models.exact_export import export_float, export_model
from shiftwire_models.nets import NetName, build
from shiftwire_models.training import TrainConfig, accuracy, drawn, fit, lay_out

Step = Callable[[Job], dict[str, Any]]


@cache
def data(common: Choices) -> Dataset:
    whole = load_data(DataName(common.data))
    return Dataset(whole.train, Split(whole.test.x[: common.tested], whole.test.y[: common.tested]))


def pictures(job: Job) -> Split:
    return drawn(data(job.common).train, job.common.pictures, job.seed)


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
        found = {"accuracy": round(100 * accuracy(net, data(job.common).test), 2), "seconds": seconds}
        kept.write_text(json.dumps({"choices": choices, **found}))
    return {key: value for key, value in json.loads(kept.read_text()).items() if key != "choices"}


def trained(job: Job) -> nn.Module:
    """With weights drawn by the seed, or those of the float net, and pictures drawn by it."""
    family, common, theta = job.family, job.common, Theta(job.common.theta)
    if family.made is not Made.TRAINED:
        train(job.of_float)
    net = build(family.config, job.seed) if family.made is Made.TRAINED else loaded(job.of_float)
    if family.made is not Made.QUANTIZED:
        config = TrainConfig(
            NetName.RESNET8, common.epochs, job.seed, DataName(common.data), common.pictures, family.loss
        )
        shown = pictures(job).x[: common.settled]
        after = (lambda each: exchanged_net(each, theta, shown)) if family.made is Made.RETRAINED else None
        if family.config is FLOAT:
            lay_out(net, torch.channels_last)
        fit(net, pictures(job), config, family.config.learning_rate, lambda _: None, after_epoch=after)
    lay_out(net, torch.contiguous_format)
    return net.eval()


def loaded(job: Job) -> nn.Module:
    net = build(job.family.config, job.seed)
    net.load_state_dict(load_file(job.file("net.safetensors")))
    return net.eval()


def write(job: Job) -> dict[str, Any]:
    """The file, exact but for the float net's; of a quantized one, the accuracy that onnxruntime finds."""
    net, floats, common = loaded(job), job.family.config is FLOAT, job.common
    if job.family.made is Made.RETRAINED:
        off_grid(net)
    model = (export_float if floats else export_model)(net, SHAPE)
    model = with_integers(model, job.family.products) if job.family.products else model
    path = job.file("float.onnx") if floats and not job.family.is_float else job.model
    path.write_bytes(model.SerializeToString(deterministic=True))
    if path != job.model:
        np.savez(job.file("calibration.npz"), x=pictures(job).x[: common.calibrated].numpy())
        options = ["--method", "smartexchange", "--theta", common.theta, "--no-trials"]
        shiftwire_json("quantize", path, "--calibrate", job.file("calibration.npz"), *options, "-o", job.model)
    x, y = data(job.common).test.x.numpy(), data(job.common).test.y.numpy()
    np.savez(job.file("test.npz"), x=x[: common.compared], y=y[: common.compared])
    if path == job.model:
        return {}
    right = np.concatenate([run_onnx(job.model, part).argmax(1) for part in np.array_split(x, 8)]) == y
    return {"accuracy": round(100 * float(right.mean()), 2)}


def shiftwire_json(verb: str, *words: object) -> Any:
    """What a verb prints as JSON; its messages only where it fails."""
    printed, said = io.StringIO(), io.StringIO()
    with redirect_stdout(printed), redirect_stderr(said):
        code = shiftwire([verb, *map(str, words), "--json"])
    assert code == 0, f"shiftwire {verb} ended with {code}: {said.getvalue().strip()[-2000:]}"
    return json.loads(printed.getvalue())


def run(job: Job, steps: tuple[Step, ...], results: Results, entry: str | None = None) -> bool:
    """Every step that is not done with these choices; False where one failed, whose sentence is kept.

    `entry` is its name in the results (default: the job's).
    """
    entry = entry or job.name
    held = dict(results.entries.get(entry, {}))
    if held.get("choices") != job.choices:
        held = {"choices": job.choices, "commit": results.commit}
    for step in steps:
        name = step.__name__
        if name not in held or "failed" in held[name]:
            held[name] = attempted(step, job)
            results.add(**{entry: held})
        print(f"{entry}: {name}: {json.dumps(held[name])}", flush=True)
        if "failed" in held[name]:
            return False
    return held.get("verify", {}).get("different", 0) == 0


def asked(campaign: str, what: str | None) -> tuple[argparse.Namespace, Results]:
    """Of the command line: families, seeds and a folder; and what earlier runs found. One thread from here on."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("families", nargs="*", help="names of families (default: all)")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("-o", "--output", type=Path, default=Path("build") / campaign)
    torch.set_num_threads(1)
    return parser.parse_args(), opened(campaign)


def opened(campaign: str) -> Results:
    """With what earlier runs found: an entry says its choices and its commit."""
    results = Results(campaign, seed=0)
    if results.path.is_file():
        results.entries = json.loads(results.path.read_text())["entries"]
    return results


def attempted(step: Step, job: Job) -> dict[str, Any]:
    try:
        return step(job)
    except (AssertionError, ModelsError, ShiftwireError) as error:
        return {"failed": str(error)}
