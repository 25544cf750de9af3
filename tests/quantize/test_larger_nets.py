"""Nets that make images larger, or weigh their channels, trained here on digits: from torch to a simulated board."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional

import shiftwire
from tiers import part
from torch_files import quiet
from verbs import run_verb

TRAINED = 1_297
"""Digits that nets learn; the other 500 are for their figures."""
STEPS = 250
NOISE = 0.35
"""Of a digit's own range, on what a segmentation sees."""


class Unet(nn.Module):
    """Two scales; the coarse one comes back by interpolation or by a transposed convolution."""

    def __init__(self, by: str) -> None:
        super().__init__()
        self.fine, self.coarse = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 12, 3, padding=1)
        self.larger: nn.Module = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        if by == "transposed":
            self.larger = nn.Sequential(
                nn.ConvTranspose2d(12, 12, 4, stride=2, padding=1), nn.BatchNorm2d(12), nn.ReLU()
            )
        self.both, self.classes = nn.Conv2d(20, 8, 3, padding=1), nn.Conv2d(8, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        fine = functional.relu(self.fine(x))
        coarse = functional.relu(self.coarse(functional.max_pool2d(fine, 2)))
        both = functional.relu(self.both(torch.cat([self.larger(coarse), fine], 1)))
        pixels: torch.Tensor = self.classes(both)
        return pixels


class Larger(nn.Module):
    """A digit of 4 x 4 as one of 8 x 8."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 4, 3, padding=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.pixel_shuffle(self.layers(x), 2)


class Excited(nn.Module):
    """A classifier whose channels are weighed by what all of the image says (Hu et al. 2018, figure 2)."""

    def __init__(self, by: str) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 16, 3, padding=1), nn.Conv2d(16, 16, 3, padding=1)
        self.squeeze: nn.Module = nn.Conv2d(16, 4, 1) if by == "convolutions" else nn.Linear(16, 4)
        self.excite: nn.Module = nn.Conv2d(4, 16, 1) if by == "convolutions" else nn.Linear(4, 16)
        self.gate: nn.Module = nn.Hardsigmoid() if by == "convolutions" else nn.Sigmoid()
        self.dense = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        image = functional.relu(self.second(functional.max_pool2d(functional.relu(self.first(x)), 2)))
        means = functional.adaptive_avg_pool2d(image, 1)
        row = means if isinstance(self.squeeze, nn.Conv2d) else torch.flatten(means, 1)
        factors = self.gate(self.excite(functional.relu(self.squeeze(row)))).reshape(-1, 16, 1, 1)
        classes: torch.Tensor = self.dense(torch.flatten(functional.max_pool2d(image * factors, 2), 1))
        return classes


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Pictures (1797, 1, 8, 8) from 0 to 1, and their classes."""
    x, y = load_digits(return_X_y=True)
    return (x / 16).astype(np.float32).reshape(-1, 1, 8, 8), y.astype(np.int64)


@dataclass(frozen=True)
class Task:
    """What a net sees and should say; `figure` of outputs and answers is at least `least`, larger the better."""

    net: Callable[[], nn.Module]
    x: np.ndarray
    y: np.ndarray
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    figure: Callable[[np.ndarray, np.ndarray], float]
    least: float
    lost: float
    """Of the figure, at most, by quantization."""
    layers: frozenset[str]
    """Kinds of which the network must have some."""
    has_labels: bool = True


def share(outputs: np.ndarray, answers: np.ndarray) -> float:
    return float((outputs.argmax(axis=1) == answers).mean())


def decibels(outputs: np.ndarray, answers: np.ndarray) -> float:
    """Peak signal to noise, of pictures from 0 to 1."""
    return float(-10 * np.log10(np.mean(np.square(outputs - answers))))


def segmentation(by: str, layers: set[str]) -> Task:
    x, _ = digits()
    noisy = x + np.random.default_rng(0).normal(0, NOISE, x.shape).astype(np.float32)
    ink = (x[:, 0] > 0.5).astype(np.int64)
    return Task(lambda: Unet(by), noisy, ink, functional.cross_entropy, share, 0.8, 0.01, frozenset(layers))


def larger() -> Task:
    x, _ = digits()
    small = x.reshape(-1, 1, 4, 2, 4, 2).mean(axis=(3, 5))
    repeated = small[TRAINED:].repeat(2, axis=2).repeat(2, axis=3)
    least = decibels(repeated, x[TRAINED:]) + 1
    return Task(
        Larger, small, x, functional.mse_loss, decibels, least, 0.1, frozenset({"DepthToSpace"}), has_labels=False
    )


def excited(by: str) -> Task:
    x, y = digits()
    return Task(lambda: Excited(by), x, y, functional.cross_entropy, share, 0.9, 0.01, frozenset({"Multiply"}))


TASKS = {
    "U-Net by interpolation": lambda: segmentation("bilinear", {"Upsample", "Concat"}),
    "U-Net by transposition": lambda: segmentation("transposed", {"DepthToSpace", "Crop", "Concat"}),
    "super-resolution": larger,
    "squeeze and excite by convolutions": lambda: excited("convolutions"),
    "squeeze and excite by dense layers": lambda: excited("dense layers"),
}


def trained(task: Task) -> nn.Module:
    torch.manual_seed(0)
    net, rng = task.net(), np.random.default_rng(1)
    optimiser = torch.optim.Adam(net.parameters(), 0.01)
    x, y = torch.from_numpy(task.x[:TRAINED]), torch.from_numpy(task.y[:TRAINED])
    net.train()
    for _ in range(STEPS):
        some = torch.from_numpy(rng.integers(0, TRAINED, 128))
        optimiser.zero_grad()
        task.loss(net(x[some]), y[some]).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return net.eval()


def saved(task: Task, folder: Path) -> tuple[Path, Path, Path, np.ndarray]:
    """The float file, samples that calibrate, samples of the figure, and what the net says of these."""
    net, data = trained(task), task.x[TRAINED:]
    with quiet():
        torch.onnx.export(net, (torch.from_numpy(task.x[:2]),), str(folder / "net.onnx"), dynamo=True, verbose=False,
                          dynamic_shapes=({0: torch.export.Dim("batch")},))  # fmt: skip
    labels = {"y": task.y[TRAINED:]} if task.has_labels else {}
    np.savez(folder / "calibrate.npz", x=task.x[:256])
    np.savez(folder / "test.npz", x=data, **labels)
    with torch.no_grad():
        outputs = net(torch.from_numpy(data)).numpy()
    return folder / "net.onnx", folder / "calibrate.npz", folder / "test.npz", outputs


@pytest.mark.parametrize("name", part(TASKS, ("super-resolution",), ()))
def test_from_torch_to_a_simulated_board(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No code differs anywhere, and the figure is that of the float net but for a little."""
    task = TASKS[name]()
    model, calibrate, data, right = saved(task, tmp_path)
    exact, project = tmp_path / "exact.onnx", tmp_path / "project"

    def run(*argv: object) -> str:
        status, out, err = run_verb(capsys, *argv)
        assert status == 0, err
        return out

    run("quantize", model, "--calibrate", calibrate, "-o", exact)
    run("convert", exact, "-o", project, "--fps", 20_000)
    network = shiftwire.load_network(exact)
    assert task.layers <= {node.kind for node in network.nodes}
    x, answers = task.x[TRAINED:], task.y[TRAINED:]
    outputs = network.host_output.scores(network.evaluate(network.host_input.encode(x, network.input.format)),
                                         network.output.format)  # fmt: skip
    before, after = task.figure(right, answers), task.figure(outputs, answers)
    print(f"{name}: {before:.4g} in float, {after:.4g} exact")
    assert before > task.least and after > before - task.lost
    assert re.search(r": 500 samples, 0 of \d+ codes differ", run("csim", project, "--data", data, "--native"))
    cosim = json.loads(run("cosim", project, "--data", data, "--frames", 1, "--json"))
    measured = json.loads(run("measure", project, "--sim", "--data", data, "--frames", 2, "--json"))
    assert cosim["interval"] == cosim["interval_predicted"] and measured["exactness"]
