"""The four shapes of MLPerf Tiny from training to SystemVerilog; `make campaign-int8` prints a line for each step.

Each net is trained for minutes on Fashion-MNIST brought to its input's shape (accuracies say nothing of that
benchmark), quantized by onnxruntime's own static quantization, converted, C-simulated, compared with onnxruntime's
run of the same file, and simulated in Verilator. Trained nets in the output folder are taken as they are. Exit status
1 when a code differs from the exact network, or an answer from onnxruntime's in more than one sample of a hundred;
that is asked of its exact kernels, and with weights of seven bits of its default ones, which saturate on some
processors.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import onnx
from campaign import Results
from mlperf_tiny import SHAPES, Shape, folded, trained
from rounding_ties import agreement
from shiftwire.api import load_network
from shiftwire.onnx.runtime import run_onnx
from shiftwire_models.data import DataName, load_data
from shiftwire_models.errors import ModelsError
from static_quantization import Static, default_run, exported, statically_quantized

BOARD = "zcu104"
SEED = 0
SAMPLES = 1000
"""Test pictures that every comparison runs on."""
CALIBRATED = 256
FRAMES = 2
"""Simulated as SystemVerilog."""
LEAST_AGREEMENT = 99.0
"""Of answers, in percent."""
LARGEST_ERROR = 0.05
"""Of a reconstruction beside onnxruntime's own, relative, in the quadratic mean."""
LONGEST = 1200
"""Seconds of a simulation."""


@dataclass(frozen=True)
class Job:
    """One shape and its files; steps read what earlier ones wrote."""

    shape: Shape
    folder: Path

    @property
    def floats(self) -> Path:
        return self.folder / f"{self.shape.name}.onnx"

    @property
    def model(self) -> Path:
        return self.folder / f"{self.shape.name}_quantized.onnx"

    @property
    def data(self) -> Path:
        return self.folder / f"{self.shape.name}.npz"

    @property
    def calibration(self) -> Path:
        return self.folder / f"{self.shape.name}_calibration.npy"

    @property
    def training(self) -> Path:
        """What its training was, written last."""
        return self.folder / f"{self.shape.name}_training.json"

    @property
    def project(self) -> Path:
        return self.folder / self.shape.name

    def samples(self) -> np.ndarray:
        return np.load(self.data)["x"]


def train(job: Job) -> dict[str, Any]:
    """Writes the float file and the test samples."""
    data = load_data(DataName.FASHION)
    shape, start = job.shape, time.perf_counter()
    drawn = torch.from_numpy(np.random.default_rng(SEED).permutation(len(data.train.x))[: shape.pictures])
    net = folded(trained(shape, shape.read(data.train.x[drawn]), data.train.y[drawn], SEED))
    seconds = time.perf_counter() - start
    x = shape.read(data.test.x[:SAMPLES]).numpy()
    exported(net, x, job.floats)
    labels = {} if shape.flat else {"y": data.test.y[:SAMPLES].numpy()}
    np.savez(job.data, x=x, **labels)
    np.save(job.calibration, shape.read(data.train.x[drawn[:CALIBRATED]]).numpy())
    told = {"seconds": round(seconds, 1), "pictures": shape.pictures, "epochs": shape.epochs, "input": x.shape[1:]}
    job.training.write_text(json.dumps(told))
    return told


def quantize(job: Job) -> dict[str, Any]:
    """QDQ, a scale for each channel of int8 weights, uint8 activations with zero points."""
    model = onnx.load(statically_quantized(job.floats, np.load(job.calibration), Static()))
    return {"nodes": len(model.graph.node), "quantizers": _count(model, "QuantizeLinear")}


def convert(job: Job) -> dict[str, Any]:
    start = time.perf_counter()
    made = _shiftwire("convert", job.model, "--board", BOARD, "-o", job.project)
    return {"layers": made["layers"], "seconds": round(time.perf_counter() - start, 1)}


def inspect(job: Job) -> dict[str, Any]:
    """Modelled resources; there is no product of data and weights, so no DSP block."""
    made = _shiftwire("inspect", job.project)
    modelled = made["built"]["modelled"]
    multiplies = made["total"]["operations"]["multiplies"]
    return {
        **modelled,
        "dsp": modelled.get("dsp", 0 if not multiplies else "not told"),
        "multiplies": multiplies,
        "rescaled": [_forms(made["rescaled"], form) for form in ("threshold", "affine", "multiply")],
        "weights": [_forms(made["weights"], form) for form in ("terms", "multiply")],
    }


def _forms(layers: list[dict[str, Any]], form: str) -> dict[str, Any]:
    """What all layers that have a form take in it, and how many are built so."""
    own = [each for layer in layers for each in layer["forms"] if each["form"] == form and each["lut"] is not None]
    built = sum(layer["chosen"] == form for layer in layers)
    sums = {key: sum(each[key] for each in own) for key in ("lut", "bram36", "dsp")}
    return {"form": form, "layers": len(layers), "have it": len(own), "built": built, **sums}


def csim(job: Job) -> dict[str, Any]:
    made = _shiftwire("csim", job.project, "--native", "--data", job.data)
    different = sum(layer["different"] for layer in made["layers"])
    assert different == 0, f"{different} codes of csim --native differ from the exact network"
    compared = sum(layer["compared"] for layer in made["layers"])
    return {"samples": made["samples"], "compared": compared, "different": different,
            "seconds_compile": round(made["seconds_compile"], 1)}  # fmt: skip


def own_run(job: Job) -> dict[str, Any]:
    """The quantized file under onnxruntime, its optimiser off: code for code, but for what begins on a tie."""
    found = agreement(onnx.load(job.model), load_network(job.model), job.samples())
    assert found.unexplained == 0, f"{found.unexplained} samples differ where no value lies on a tie; {found}"
    return {"codes": found.codes, "different": found.different, "ties": found.ties, "inner_codes": found.inner,
            "distinct": found.distinct}  # fmt: skip


def integer_run(job: Job) -> dict[str, Any]:
    """The same file under onnxruntime as anybody runs it, on kernels of eight bits, and on those that are exact."""
    runs = {"default": default_run(job.model, job.samples())}
    runs["precise"] = default_run(job.model, job.samples(), precise=True)
    return _beside(job, job.model, runs, "precise")


def narrow_run(job: Job) -> dict[str, Any]:
    """Weights of seven bits, which onnxruntime advises where its default kernels saturate, on those kernels."""
    folder = job.folder / "narrow"
    folder.mkdir(exist_ok=True)
    floats = folder / job.floats.name
    floats.write_bytes(job.floats.read_bytes())
    model = statically_quantized(floats, np.load(job.calibration), Static(reduced=True))
    return _beside(job, model, {"default": default_run(model, job.samples())}, "default")


def _beside(job: Job, model: Path, runs: dict[str, np.ndarray], judge: str) -> dict[str, Any]:
    """Answers of the exact network of a file beside others'; those of `judge` are held to it."""
    x, network = job.samples(), load_network(model)
    entered = network.host_input.encode(x, network.input.format)
    codes = np.concatenate([network.evaluate(part) for part in network.batches(entered)])
    ours = network.host_output.decode(codes, network.output.format)
    made = {"shiftwire": ours, **runs, "float": run_onnx(job.floats, x)}
    if job.shape.flat:
        found = {f"relative_error_{name}": _relative(ours, each) for name, each in runs.items()}
        found |= {f"mse_{name}": float(np.mean((each - x) ** 2)) for name, each in made.items()}
        assert found[f"relative_error_{judge}"] <= LARGEST_ERROR, f"the reconstruction is off: {found}"
        return found
    labels = np.load(job.data)["y"]
    found = {f"same_percent_{name}": _same(ours, each.argmax(1)) for name, each in runs.items()}
    found |= {f"accuracy_{name}": _same(each, labels) for name, each in made.items()}
    assert found[f"same_percent_{judge}"] >= LEAST_AGREEMENT, f"too few answers are onnxruntime's: {found}"
    return found


def cosim(job: Job) -> dict[str, Any]:
    made = _shiftwire("cosim", job.project, "--data", job.data, "--frames", FRAMES)
    different = sum(layer["different"] for layer in made["layers"])
    assert different == 0, f"{different} codes of the SystemVerilog differ"
    compared = sum(layer["compared"] for layer in made["layers"])
    figures = ("frames", "interval", "interval_predicted", "latency", "latency_predicted")
    return {name: made[name] for name in figures} | {
        "compared": compared, "different": different, "seconds_build": round(made["seconds_build"], 1)
    }  # fmt: skip


STEPS: tuple[Callable[[Job], dict[str, Any]], ...] = (
    train, quantize, convert, inspect, own_run, integer_run, narrow_run, csim, cosim,
)  # fmt: skip


def _shiftwire(verb: str, *words: object) -> Any:
    """What a verb prints as JSON; its messages only where it fails."""
    command = [sys.executable, "-m", "shiftwire", verb, *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)
    assert done.returncode == 0, f"shiftwire {verb} ended with {done.returncode}: {done.stderr.strip()[-2000:]}"
    return json.loads(done.stdout)


def _count(model: onnx.ModelProto, kind: str) -> int:
    return sum(node.op_type == kind for node in model.graph.node)


def _relative(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def _same(scores: np.ndarray, answers: np.ndarray) -> float:
    return round(float(np.mean(scores.argmax(1) == answers) * 100), 2)


def run(job: Job, results: Results, wanted: list[str]) -> bool:
    """Every step that is not done at this commit; False where one failed, whose sentence is kept."""
    held: dict[str, Any] = dict(results.entries.get(job.shape.name, {}))
    whole = True
    for step in STEPS:
        name = step.__name__
        if wanted and name not in wanted:
            continue
        if name not in held or "failed" in held[name]:
            kept = step is train and job.training.is_file()
            held[name] = json.loads(job.training.read_text()) if kept else _attempted(step, job)
            results.add(**{job.shape.name: held})
        print(f"{job.shape.name}: {name}: {json.dumps(held[name])}", flush=True)
        whole = whole and "failed" not in held[name]
    return whole


def _attempted(step: Callable[[Job], dict[str, Any]], job: Job) -> dict[str, Any]:
    try:
        return step(job)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return {"failed": str(error)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", help="names of the shapes (default: all)")
    parser.add_argument("--steps", default="", help="only these, such as train,quantize (default: all)")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/int8"))
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    results = Results.opened("int8", SEED)
    try:
        load_data(DataName.FASHION)
    except ModelsError as error:
        print(f"int8: skipped, {error}")
        return 0
    jobs = [Job(shape, arguments.output) for shape in SHAPES if not arguments.nets or shape.name in arguments.nets]
    steps = [step for step in arguments.steps.split(",") if step]
    whole = [run(job, results, steps) for job in jobs]
    return 0 if all(whole) else 1


if __name__ == "__main__":
    sys.exit(main())
