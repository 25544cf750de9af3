"""What `shiftwire verify` says where codes differ, and where agreement proves nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import onnx
import shiftwire
from projects import small_net
from shiftwire.cli import verify
from shiftwire.ir.host import channels_first
from shiftwire.numbers.fixed import Codes
from shiftwire.onnx.exporter import to_onnx
from shiftwire.project.data import Data
from shiftwire.project.engine import EngineName, Outcome
from shiftwire.project.project import golden_codes
from shiftwire.verify.reference import Reference
from shiftwire.verify.values import values_result
from single_layers import single_layers
from verbs import run_verb

VACUOUS = "no output of layer '{}' varies over these samples, so its agreement proves nothing"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project and its file, samples, and three that are all alike."""
    folder = tmp_path_factory.mktemp("verify")
    network = small_net()
    onnx.save(to_onnx(network), folder / "small.onnx")
    shiftwire.convert(folder / "small.onnx", output=folder / "project")
    values = channels_first(network.input.format.decode(golden_codes(network)))
    np.save(folder / "x.npy", values)
    np.save(folder / "same.npy", values[[5, 5, 5]])
    return folder


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Layers in which what runs as the C-simulation is wrong by one; it needs no compiler."""
    layers: list[str] = []

    class Instead(Reference):
        name = EngineName.CSIM

        def run(self, codes: Codes, *, all_layers: bool) -> Outcome:
            outcome = super().run(codes, all_layers=all_layers)
            return replace(outcome, layers={name: each + (name in layers) for name, each in outcome.layers.items()})

    monkeypatch.setattr(verify, "Csim", lambda project: Instead(project.design.network))
    return layers


@pytest.mark.parametrize("engines", ["", "reference,onnxruntime", "onnxruntime,reference"])
def test_samples_that_are_all_alike_prove_nothing(work: Path, capsys, wrong: list[str], engines: str) -> None:
    """Each layer is named once, however many pairs were compared."""
    words = ("verify", work / "project", "--data", work / "same.npy", "--onnx", work / "small.onnx")
    status, out, err = run_verb(capsys, *words, *(("--engines", engines) if engines else ()))
    assert status == 0 and "verify: 3 samples" in out
    for layer in ("conv", "relu", "logits"):
        assert err.count(VACUOUS.format(layer)) == 1


def test_living_samples_warn_of_nothing(work: Path, capsys) -> None:
    words = ("verify", work / "project", "--data", work / "x.npy", "--onnx", work / "small.onnx")
    status, out, err = run_verb(capsys, *words, "--engines", "reference,onnxruntime")
    assert status == 0 and "proves nothing" not in err
    assert "verify: 16 samples, 1 pair, 0 of" in out


def test_the_first_code_that_differs_is_named(work: Path, capsys, wrong: list[str]) -> None:
    """The layer, the sample, the index, both codes and what made them; in JSON as csim tells it."""
    wrong.append("conv")
    words = ("verify", work / "project", "--data", work / "x.npy")
    status, out, _ = run_verb(capsys, *words)
    assert status == 1
    assert "reference beside csim: layer 'conv' (ShiftConv), sample 0, index [0, 0, 0]: expected code" in out
    reference, csim = json.loads(run_verb(capsys, *words, "--json")[1])["engines"]
    assert "first_difference" not in reference
    assert (csim["first_difference"]["layer"], csim["first_difference"]["index"]) == ("conv", [0, 0, 0])


def test_the_first_value_that_differs_is_named(work: Path, capsys, wrong: list[str], tmp_path: Path) -> None:
    """What brings values alone: one that lies between two codes differs too, and both values are told."""
    network = small_net()
    right = network.output.format.decode(network.evaluate(golden_codes(network)))
    values = right.copy()
    values[3, 1] += 2.0**-20
    np.save(tmp_path / "torch.npy", values)
    words = ("verify", work / "project", "--data", work / "x.npy", "--expect", f"torch={tmp_path / 'torch.npy'}")
    status, out, _ = run_verb(capsys, *words)
    assert status == 1
    place = f"reference beside torch: layer 'logits' (IntDense), sample 3, index [1]: expected value {right[3, 1]:.9g}"
    assert place in out


def test_an_image_of_values_is_indexed_as_its_codes_are() -> None:
    network = single_layers()["shift_conv"]
    codes = np.random.default_rng(0).integers(-8, 8, (2, *network.input.shape))
    reference = network.evaluate(codes)
    values = channels_first(network.output.format.decode(reference)).copy()
    values[1, 2, 0, 3] += 1
    result = values_result("torch", network, Data({"x": values}, codes), {"y": values}, reference)
    first = result.first_difference
    assert first is not None and (result.different, first.sample, first.index) == (1, 1, (0, 3, 2))
    assert first.actual == first.expected + 1  # type: ignore[operator]
