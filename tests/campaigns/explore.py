"""Searches through a trained LeNet (and, if asked, AdderNet's ResNet-20): `make campaign-explore`; resumable.

Plain, killed twice and continued, on a dask scheduler with a worker killed, hypervolume beside random trials, and five
points converted, simulated and counted. Figures go to docs/explore.md and to results/explore.json.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

PAGE, RESULTS = Path("docs/explore.md"), Path("tests/campaigns/results/explore.json")
BEGIN, END = "<!-- figures -->", "<!-- end -->"
SHIFTWIRE = Path(sys.executable).with_name("shiftwire")
SAMPLERS, SEEDS = ("nsga2", "tpe", "random"), (1, 2, 3)
PICKED = 5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("build/explore"))
    parser.add_argument("--trials", type=int, default=300, help="of the plain search (300)")
    parser.add_argument("--short", type=int, default=60, help="of searches that are compared (60)")
    parser.add_argument("--score", type=int, default=2000, help="samples that those score (2000)")
    parser.add_argument("--adder", type=Path, help="checkpoint of AdderNet's ResNet-20, for 60 trials of 128 patches")
    parser.add_argument("--take", nargs="+", choices=list(STAGES), default=list(STAGES))
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    figures = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in arguments.take:
        told = STAGES[name](arguments)
        if told:
            figures[name] = told
            RESULTS.write_text(json.dumps(figures, indent=1) + "\n")
            print("\n".join(told), flush=True)
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    lines = [f"* {line}" for name in STAGES for line in figures.get(name, [])]
    PAGE.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest.split(END)[1], encoding="utf-8")
    return 0


def lenet(folder: Path) -> tuple[Path, Path]:
    """A trained float network and its test images."""
    model, data = folder / "lenet.onnx", folder / "lenet.npz"
    if not model.exists():
        train = SHIFTWIRE.with_name("shiftwire-train")
        words = ("--net", "lenet5-float", "--data", "fashion-mnist", "--epochs", "2", "-o", folder / "lenet")
        subprocess.run([train, "train", *words], check=True)
        subprocess.run([train, "export", folder / "lenet", "-o", model, "--data-out", data], check=True)
    return model, data


def command(files: tuple[Path, Path], output: Path, *words: object) -> list[str]:
    model, data = files
    return [*map(str, (SHIFTWIRE, "explore", model, "--calibrate", data, "-o", output, *words))]


def searched(files: tuple[Path, Path], output: Path, *words: object) -> Mapping[str, Any]:
    """What a search wrote; it goes on where it was left."""
    if not output.exists():
        subprocess.run(command(files, output, *words), check=True, stdout=subprocess.DEVNULL)
    data: Mapping[str, Any] = json.loads(output.read_text())
    return data


def lines_of(journal: Path) -> list[dict[str, Any]]:
    """Finished trials."""
    every = journal.read_text().splitlines()[1:] if journal.exists() else []
    whole = [json.loads(line) for line in every if line.endswith("}")]
    return [line for line in whole if "candidate" in line]


def plain(arguments: argparse.Namespace) -> list[str]:
    """The search of a user."""
    files, output = lenet(arguments.output), arguments.output / "plain" / "front.json"
    start = os.times()
    data = searched(files, output, "--trials", arguments.trials, "--html", output.with_suffix(".html"))
    took = os.times().children_user - start.children_user
    losses = [point["loss"] for point in data["points"]]
    at = [each for each in data["tried"] if each["samples"] == data["samples"] and each["lut"] is not None]
    best = min(at, key=lambda each: (each["loss"], each["lut"]))
    few = min((each for each in at if each["loss"] <= best["loss"] + 1), key=lambda each: each["lut"])
    first = at[0]
    if took < 1:
        return []
    return [
        f"LeNet on Fashion-MNIST, {data['trials']} trials of {data['candidates']:,} candidates, {data['scored']} of "
        f"them scored on all {data['samples']} images: {took / 60:.0f} min of processor time on one core, "
        f"{len(data['points'])} points, {min(losses):.2f} to {max(losses):.2f} % of answers wrong.",
        f"At {1e9 / data['clock_ns'] / data['cycles']:,.0f} frames/s the most exact choices take {first['lut']:,} LUT "
        f"of layers ({first['loss']:.2f} % wrong); {few['lut']:,} LUT are enough for {few['loss']:.2f} %, within a "
        f"point of the best ({best['loss']:.2f} %).",
    ]


def killed(arguments: argparse.Namespace) -> list[str]:
    """SIGKILL at a third and at two thirds, the same front in the end."""
    files, folder = lenet(arguments.output), arguments.output / "killed"
    words = ("--trials", arguments.short, "--score", arguments.score)
    whole, output = searched(files, folder / "whole" / "front.json", *words), folder / "again" / "front.json"
    journal = output.with_name("front.json.journal")
    for third in (1, 2):
        run = subprocess.Popen(command(files, output, *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while run.poll() is None and len(lines_of(journal)) < third * arguments.short // 3:
            time.sleep(0.2)
        run.send_signal(signal.SIGKILL)
        run.wait()
    again = searched(files, output, *words)
    tried = [json.dumps(line["candidate"], sort_keys=True) for line in lines_of(journal)]
    assert again == whole and output.read_bytes() == (folder / "whole" / "front.json").read_bytes()
    assert len(tried) == len(set(tried)) == arguments.short
    return [
        f"Killed twice in {arguments.short} trials and continued: the same front, byte for byte; no trial ran twice."
    ]


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A dask scheduler and two workers of one thread."""
    dask, file = SHIFTWIRE.with_name("dask"), folder / "scheduler.json"
    folder.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    words = ("--scheduler-file", file, "--no-dashboard")
    scheduler = subprocess.Popen([dask, "scheduler", "--port", "0", *words], **quiet)  # type: ignore[call-overload]
    while not file.exists():
        time.sleep(0.1)
    own = ("--nthreads", "1", "--no-nanny")
    workers = [subprocess.Popen([dask, "worker", *own, *words], **quiet) for _ in range(2)]  # type: ignore[call-overload]
    try:
        yield json.loads(file.read_text())["address"], workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def farmed(arguments: argparse.Namespace) -> list[str]:
    """Two workers of a scheduler, one of them killed."""
    files, output = lenet(arguments.output), arguments.output / "farmed" / "front.json"
    words, journal = ("--trials", arguments.short, "--score", arguments.score), output.with_name("front.json.journal")
    if not output.exists():
        journal.unlink(missing_ok=True)
        with cluster(arguments.output / "cluster") as (address, workers):
            run = subprocess.Popen(command(files, output, *words, "--scheduler", address), stdout=subprocess.DEVNULL)
            while run.poll() is None and len(lines_of(journal)) < arguments.short // 2:
                time.sleep(0.2)
            workers[0].kill()
            assert run.wait() == 0
    tried = [json.dumps(line["candidate"], sort_keys=True) for line in lines_of(journal)]
    assert len(tried) == len(set(tried)) == arguments.short
    return [f"Two workers of a dask scheduler, one killed halfway: all {arguments.short} trials, none of them twice."]


def hypervolume(arguments: argparse.Namespace) -> list[str]:
    """Of each sampler and seed, beside random trials of the same seed."""
    files, folder = lenet(arguments.output), arguments.output / "volume"
    words = ("--trials", arguments.short, "--score", arguments.score)
    found = {}
    for seed in SEEDS:
        for name in SAMPLERS:
            own = ("--sampler", name, "--seed", seed)
            data = searched(files, folder / f"{name}-{seed}" / "front.json", *words, *own)
            found[name, seed] = volume(data)
    shares = {name: [found[name, seed] / found["random", seed] for seed in SEEDS] for name in SAMPLERS[:2]}
    return [
        f"Hypervolume of {arguments.short} trials over that of as many random ones behind the same first twelve, seeds "
        f"1 to 3: {name} {', '.join(f'{share:.3f}' for share in own)}."
        for name, own in shares.items()
    ]


def volume(data: Mapping[str, Any]) -> float:
    """Between the trials' staircase and 20,000 LUT and 30 % of answers that are wrong, as a share of that box."""
    most_lut, most_loss, area, last = 20_000.0, 30.0, 0.0, 30.0
    whole = [each for each in data["tried"] if each["samples"] == data["samples"] and each["lut"] is not None]
    for lut, loss in sorted((each["lut"], each["loss"]) for each in whole):
        if lut < most_lut and loss < last:
            area += (most_lut - lut) * (last - loss)
            last = loss
    return area / (most_lut * most_loss)


def points(arguments: argparse.Namespace) -> list[str]:
    """Five of the plain search's front, spread over its LUTs."""
    files, front = lenet(arguments.output), arguments.output / "plain" / "front.json"
    data = searched(files, front, "--trials", arguments.trials)
    order = sorted(data["points"], key=lambda point: point["predicted_lut"]["lut"])
    picked = [order[round(at * (len(order) - 1) / (PICKED - 1))] for at in range(PICKED)]
    lines, within = [], 0
    for point in picked:
        project = arguments.output / "points" / point["name"]
        if not (project / "synth.json").exists():
            build(front, point["name"], project, files[1])
        lut = json.loads((project / "synth.json").read_text())["total"]["lut"]
        says = point["predicted_lut"]
        within += says["least"] <= lut <= says["most"]
        lines.append(f"{lut:,} ({100 * (says['lut'] / lut - 1):+.1f} %)")
    return [
        f"{PICKED} points converted, no code of 100 images differs in C-simulation; LUTs of their netlists, and how "
        f"far the models are off: {', '.join(lines)}; {within} of {PICKED} within their interval."
    ]


def build(front: Path, pick: str, project: Path, data: Path) -> None:
    """A point's project, C-simulated and counted."""
    few, arrays = project.with_suffix(".npz"), np.load(data)
    few.parent.mkdir(parents=True, exist_ok=True)
    np.savez(few, x=arrays["x"][:100], y=arrays["y"][:100])
    for words in (
        ("convert", "--from", front, "--pick", pick, "-o", project),
        ("csim", project, "--data", few, "--layers"),
        ("synth", project),
    ):
        subprocess.run([*map(str, (SHIFTWIRE, *words))], check=True, stdout=subprocess.DEVNULL)


def adder(arguments: argparse.Namespace) -> list[str]:
    """AdderNet's ResNet-20 with 128 pieces of photographs, by agreement."""
    if arguments.adder is None:
        return []
    model, data = arguments.output / "adder.onnx", arguments.output / "patches.npz"
    if not model.exists():
        train = SHIFTWIRE.with_name("shiftwire-train")
        words = ("--as", "adder", "--net", "resnet20", "-o", model, "--data-out", data)
        subprocess.run([train, "adopt", arguments.adder, *words], check=True)
    output, start = arguments.output / "adder" / "front.json", os.times()
    found = searched((model, data), output, "--trials", 60, "--score", 128)
    took = os.times().children_user - start.children_user
    if took < 1:
        return []
    losses = [point["loss"] for point in found["points"]]
    return [
        f"AdderNet's ResNet-20, 60 trials on {found['samples']} pieces of photographs: {took / 60:.0f} min of "
        f"processor time, {len(found['points'])} points, {min(losses):.1f} to {max(losses):.1f} % of answers unlike "
        "the float network's."
    ]


STAGES: Mapping[str, Any] = {
    "plain": plain,
    "killed": killed,
    "farmed": farmed,
    "hypervolume": hypervolume,
    "points": points,
    "adder": adder,
}

if __name__ == "__main__":
    sys.exit(main())
