"""SmartExchange on a trained ResNet-20, beside sums of powers of two and integers; `make campaign-exchange` prints it.

A float ResNet-20 for Fashion-MNIST (16, 32, 64 channels) is trained. Its weights become factors at four thetas, sums of
one and two powers of two, and 4-bit integers, without retraining: bits, relative error (Frobenius over all weights that
SmartExchange takes), accuracy with activations in float. Then it is trained on, its weights factors after every epoch,
and quantized to an exact file. Every code of the trained net's factors is compared with a plain loop over the
equations. Exit status 1 where one differs, or where training on factors loses more than a point beside the float net.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from campaign import Results
from exchanging import exchanged, exchanged_net, float_layers, off_grid
from family_steps import shiftwire_json
from plain_exchange import plain_loop
from shiftwire.numbers.fixed import Values
from shiftwire.numbers.smart_exchange import Theta, decompose, matrices
from shiftwire.onnx.runtime import run_onnx
from shiftwire.quantize.terms import rivals
from shiftwire_models.data import DataName, Split, load_data
from shiftwire_models.errors import ModelsError
from shiftwire_models.exact_export import export_float
from shiftwire_models.floats.resnet import FloatResNetConfig
from shiftwire_models.nets import NetName, build
from shiftwire_models.training import TrainConfig, accuracy, drawn, fit, lay_out

CONFIG = FloatResNetConfig((1, 28, 28))
THETAS = (1e-3, 4e-3, 1e-2, 2e-2)
MOST_LOST = 1.0
"""Points, by factors that were trained on."""


@dataclass(frozen=True)
class Choices:
    """rate  of the training on, as a share of the first one's; settled  pictures that batch norms see."""

    net: str = "resnet20"
    data: str = "fashion-mnist"
    pictures: int = 4000
    tested: int = 2000
    epochs: int = 5
    retrained: int = 2
    rate: float = 0.1
    theta: float = 4e-3
    calibrated: int = 64
    settled: int = 1280
    seed: int = 0


CHOICES = Choices()
Rounded = tuple[int, Values]
"""Bits, and the weights that they stand for."""


def train(folder: Path) -> nn.Module:
    """The float net, taken as it is where it is there."""
    net, kept = build(CONFIG, CHOICES.seed), folder / "float.safetensors"
    if not kept.is_file():
        fitted(net, CHOICES.epochs, CONFIG.learning_rate)
        lay_out(net, torch.contiguous_format)
        save_file(net.state_dict(), kept)
    net.load_state_dict(load_file(kept))
    return net.eval()


def fitted(net: nn.Module, epochs: int, rate: float, after: Callable[[nn.Module], None] | None = None) -> None:
    config = TrainConfig(NetName.RESNET20_FLOAT, epochs, CHOICES.seed, DataName.FASHION, CHOICES.pictures)
    lay_out(net, torch.channels_last)
    split = drawn(load_data(DataName.FASHION).train, CHOICES.pictures, CHOICES.seed)
    fit(
        net,
        split,
        config,
        rate,
        lambda epoch: print(f"epoch {epoch.number}: {epoch.loss:.3f}", flush=True),
        after_epoch=after,
    )


def tested() -> Split:
    whole = load_data(DataName.FASHION).test
    return Split(whole.x[: CHOICES.tested], whole.y[: CHOICES.tested])


def ways() -> Iterator[tuple[str, Callable[[Values], Rounded]]]:
    """Each name with what it makes of a layer's weights (out, channels, kernel...)."""
    for theta in THETAS:
        yield f"SmartExchange, theta {theta:g}", lambda wanted, theta=theta: exchanged(wanted, Theta(theta))
    for at, name in enumerate(("LightNN-1", "LightNN-2", "int4")):
        yield name, lambda wanted, at=at: rival(wanted, at)


def rival(wanted: Values, at: int) -> Rounded:
    _, bits, off = tuple(rivals(wanted))[at]
    return bits, wanted + off


def post_training(net: nn.Module, way: Callable[[Values], Rounded]) -> dict[str, Any]:
    """Bits, compression, error and accuracy of a net whose weights are rounded so."""
    other = copy.deepcopy(net)
    bits = weights = 0
    lost = whole = 0.0
    for layer in float_layers(other):
        wanted = layer.weight.detach().double().numpy()
        taken, values = way(wanted)
        bits, weights = bits + taken, weights + wanted.size
        lost, whole = lost + float(((values - wanted) ** 2).sum()), whole + float((wanted**2).sum())
        layer.weight.data = torch.from_numpy(values).float()
    found = {
        "weights": weights,
        "bits": bits,
        "x fp32": round(32 * weights / bits, 2),
        "x int8": round(8 * weights / bits, 2),
    }
    return {**found, "error": round((lost / whole) ** 0.5, 4), "accuracy": percent(accuracy(other, tested()))}


def code_for_code(net: nn.Module) -> dict[str, int]:
    """Every coefficient and every code of a basis of a trained net, beside the plain loop over its equations."""
    matrices_, codes, different = 0, 0, 0
    for layer in float_layers(net):
        weights = layer.weight.detach().double().numpy()
        factors, whole = decompose(weights, Theta(CHOICES.theta)), matrices(weights)
        rows = factors.sign.shape[2]
        for output, piece in np.ndindex(factors.sign.shape[:2]):
            matrix = whole[output, piece * rows : (piece + 1) * rows]
            sign, exponent, basis, _ = plain_loop(matrix, CHOICES.theta, by_row=False)
            own = output, piece, slice(len(matrix))
            pairs = (
                (factors.sign[own], sign),
                (np.where(sign, factors.exponent[own], 0), np.where(sign, exponent, 0)),
                (factors.basis[output, piece], np.rint(basis * 2.0**factors.basis_frac)),
            )
            different += sum(int((found != wanted).sum()) for found, wanted in pairs)
            codes, matrices_ = codes + sum(found.size for found, _ in pairs), matrices_ + 1
    return {"matrices": matrices_, "codes": codes, "different": different}


def percent(share: float) -> float:
    return round(100 * share, 2)


def retrain(net: nn.Module, folder: Path) -> dict[str, Any]:
    """An epoch and a projection in turn; then the exact file of it, by onnxruntime."""
    theta, split = Theta(CHOICES.theta), tested()
    shown = load_data(DataName.FASHION).train.x[: CHOICES.settled]
    tuned = copy.deepcopy(net)
    fitted(
        tuned, CHOICES.retrained, CHOICES.rate * CONFIG.learning_rate, lambda each: exchanged_net(each, theta, shown)
    )
    found = percent(accuracy(tuned, split))
    off_grid(tuned)
    lay_out(tuned, torch.contiguous_format)
    floats, exact, samples = (folder / name for name in ("retrained.onnx", "exact.onnx", "calibration.npz"))
    floats.write_bytes(export_float(tuned.eval(), CONFIG.input_shape).SerializeToString(deterministic=True))
    np.savez(samples, x=split.x[: CHOICES.calibrated].numpy())
    words = ["--method", "smartexchange", "--theta", CHOICES.theta, "--no-trials"]
    shiftwire_json("quantize", floats, "--calibrate", samples, *words, "-o", exact)
    parts = np.array_split(split.x.numpy(), 20)
    right = np.concatenate([run_onnx(exact, part).argmax(1) for part in parts]) == split.y.numpy()
    return {"accuracy of factors": found, "accuracy of the exact file": percent(right.mean())}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("build/exchange"))
    folder = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    results = Results("exchange", seed=CHOICES.seed)
    start = time.process_time()
    try:
        net = train(folder)
    except ModelsError as error:
        print(f"exchange: skipped, {error}")
        return 0
    results.add(choices=asdict(CHOICES), float={"accuracy": percent(accuracy(net, tested()))})
    results.add(**{"code for code": code_for_code(net)})
    print(f"code for code: {json.dumps(results.entries['code for code'])}", flush=True)
    for name, way in ways():
        results.add(**{name: post_training(net, way)})
        print(f"{name}: {json.dumps(results.entries[name])}", flush=True)
    results.add(retrained=retrain(net, folder), seconds=round(time.process_time() - start))
    lost = results.entries["float"]["accuracy"] - results.entries["retrained"]["accuracy of the exact file"]
    print(f"retrained: {json.dumps(results.entries['retrained'])}; {lost:.2f} points below the float net")
    return 0 if lost <= MOST_LOST and not results.entries["code for code"]["different"] else 1


if __name__ == "__main__":
    sys.exit(main())
