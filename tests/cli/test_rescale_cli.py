"""`convert --rescale`: forms, figures and notes for a user, and codes that stay those of the file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import onnx
from qonnx_nets import int8_cnn
from rescaled_nets import of_rescaling
from shiftwire.ir.network import Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.runtime import run_onnx
from shiftwire.project.project import load_project
from verbs import run_verb

FORMS = ("threshold", "affine", "multiply")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rescaled") / "int8.onnx"
    onnx.save(int8_cnn().model(), path)
    return path


def converted(capsys, model: Path, output: Path, *options: object) -> tuple[dict, str]:  # type: ignore[type-arg]
    status, out, err = run_verb(
        capsys, "convert", model, "-o", output, "--fps", 2000, "--backend", "rtl", "--json", *options
    )
    assert status == 0
    return json.loads(out), err


@pytest.mark.parametrize("rescale", ["auto", *FORMS])
def test_every_form_gives_the_codes_of_the_file(rescale: str, model: Path, tmp_path: Path, capsys) -> None:
    report, _ = converted(capsys, model, tmp_path / "net", "--rescale", rescale)
    network = load_project(tmp_path / "net").design.network
    values = int8_cnn().values()
    wanted = run_onnx(model, values)
    codes = network.evaluate(network.host_input.encode(values, network.input.format))
    assert np.array_equal(network.host_output.nearest(wanted, network.output.format), codes)
    assert len(np.unique(codes)) > 50
    chosen = [layer["chosen"] for layer in report["rescaled"]]
    assert len(chosen) == 2 and (rescale == "auto" or set(chosen) == {rescale})
    assert any(node.kind == "IntConv" for node in network.nodes) == (rescale == "multiply")


def test_auto_takes_the_cheaper_without_a_product(model: Path, tmp_path: Path, capsys) -> None:
    report, err = converted(capsys, model, tmp_path / "net")
    for layer in report["rescaled"]:
        price = {form["form"]: form["lut"] for form in layer["forms"]}
        assert price[layer["chosen"]] == min(price["threshold"], price["affine"])
        assert [form["form"] for form in layer["forms"]] == list(FORMS)
    assert "affine" in {layer["chosen"] for layer in report["rescaled"]}
    assert "multiplies" not in err and "as thresholds" not in err


def test_inspect_shows_what_convert_showed(model: Path, tmp_path: Path, capsys) -> None:
    report, _ = converted(capsys, model, tmp_path / "net", "--rescale", "multiply")
    shown = json.loads(run_verb(capsys, "inspect", tmp_path / "net", "--json")[1])
    assert shown["rescaled"] == report["rescaled"]
    chosen = [form for layer in shown["rescaled"] for form in layer["forms"] if form["form"] == layer["chosen"]]
    assert shown["built"]["modelled"]["dsp"] == sum(form["dsp"] for form in chosen) > 0
    lines = run_verb(capsys, "inspect", tmp_path / "net")[1].splitlines()
    rows = [line for line in lines if line.split()[2:3] and line.split()[2] in FORMS]
    assert len(rows) == 6 and len({len(line.rstrip().removesuffix("yes").rstrip()) for line in rows}) == 1
    assert sum(line.rstrip().endswith("yes") for line in rows) == 2


def test_a_product_is_announced(model: Path, tmp_path: Path, capsys) -> None:
    _, err = converted(capsys, model, tmp_path / "net", "--rescale", "multiply")
    assert err.count("multiplies:") == 2 and "DSP in HLS C++" in err


@pytest.mark.parametrize("rescale", ["affine", "multiply"])
def test_a_form_that_is_not_to_be_had_is_told(rescale: str, tmp_path: Path, capsys) -> None:
    """Codes from -127 to 127: no format ends at -127, so that no clip does."""
    model = tmp_path / "narrow.onnx"
    onnx.save(to_onnx(of_rescaling(Tensor((4,), Fixed(12, 4, signed=True)), 3, lo=-127, hi=127)), model)
    report, err = converted(capsys, model, tmp_path / "net", "--rescale", rescale)
    assert [layer["chosen"] for layer in report["rescaled"]] == ["threshold"]
    assert f"layer 'y' is built as threshold, not as {rescale}: channel " in err
    assert "is no line: no factor and offset meet its" in err and "clipped to -127..127" in err


def test_two_conversions_are_the_same_files(model: Path, tmp_path: Path, capsys) -> None:
    for name in ("one", "two"):
        converted(capsys, model, tmp_path / name)
    one, two = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("one", "two")
    )
    assert one == two
