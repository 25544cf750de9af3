"""Float file to exact file: what is told on the way, which samples calibrate, and what the figures are of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import onnx
from float_nets import FloatNet
from onnx import helper
from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.file import write_model
from shiftwire.onnx.runtime import run_onnx
from shiftwire.quantize.drafts import draft_network
from shiftwire.quantize.floats.float_run import Samples
from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import quantize_model
from shiftwire_boards.runtime.host_steps import Largest, Softmax

Told = list[tuple[str, int, int]]


def small() -> FloatNet:
    return FloatNet((2, 3, 3), seed=8).conv("c", 3, 2).node("Relu", "r").node("Flatten", "f", axis=1).dense("y", 4, 27)


@pytest.mark.parametrize(
    ("of", "count", "chosen"),
    [
        (5, 3, [0, 2, 4]),
        (5, 5, [0, 1, 2, 3, 4]),
        (5, 9, [0, 1, 2, 3, 4]),
        (10, 4, [0, 3, 6, 9]),
        (7, 1, [0]),
        (1, 1, [0]),
    ],
)
def test_samples_are_spread_evenly(of: int, count: int, chosen: list[int]) -> None:
    found = Samples(np.zeros((of, 2))).spread(count)
    assert found.tolist() == chosen and found.dtype == np.int64


def test_progress_is_told_of_every_stage(tmp_path: Path) -> None:
    net, told = small(), []
    quantize_model(net.save(tmp_path), Samples(net.samples(70)), Options(samples=20), lambda *stage: told.append(stage))
    stages: Told = told
    assert [stage for stage in stages if stage[0] == "calibrating"] == [
        ("calibrating", 16, 20),
        ("calibrating", 20, 20),
    ]
    walked = [stage for stage in stages if stage[0] == "quantizing"]
    assert [at for _, at, _ in walked] == list(range(1, walked[-1][2] + 1))
    assert [stage for stage in stages if stage[0] == "float network"] == [
        ("float network", done, 70) for done in (16, 32, 48, 64, 70)
    ]
    assert [stage for stage in stages if stage[0] == "exact network"] == [
        ("exact network", done, 70) for done in (32, 64, 70)
    ]
    assert list(dict.fromkeys(name for name, *_ in stages)) == [
        "calibrating", "quantizing", "float network", "exact network"
    ]  # fmt: skip


def test_a_draft_tells_what_its_output_stands_for(tmp_path: Path) -> None:
    net = small()
    drafted = draft_network(net.save(tmp_path), Samples(net.samples(30)), Options(samples=7), lambda *_: None)
    assert drafted.truth == "y"
    assert drafted.calibrated.tolist() == [0, 4, 9, 14, 19, 24, 29]
    assert drafted.costs[0].name == "x" and drafted.costs[-1].name == drafted.network.output_name


TAILS = {"Softmax": Softmax(1), "ArgMax": Largest(1)}


@pytest.mark.parametrize("kind", TAILS)
@pytest.mark.parametrize("is_passed", [False, True])
def test_figures_are_of_what_is_ranked(kind: str, is_passed: bool, tmp_path: Path) -> None:
    """The logits in front of indices, or what the file gives, though nodes that change nothing stand behind it."""
    net = small().node(kind, "s", axis=1)
    if is_passed:
        net.node("Identity", "i")
    model = net.model()
    if kind == "ArgMax":
        model.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.INT64
    onnx.save_model(model, str(tmp_path / "ranked.onnx"))
    values = net.samples(30)
    drafted = draft_network(tmp_path / "ranked.onnx", Samples(values), Options(), lambda *_: None)
    assert drafted.truth == ("y" if kind == "ArgMax" else "i" if is_passed else "s")
    assert drafted.network.host_output.steps == (TAILS[kind],)
    made = quantize_model(tmp_path / "ranked.onnx", Samples(values), Options(), lambda *_: None)
    assert 0 < made.report.answers.error.relative_error < 0.05


def test_figures_are_of_all_samples_and_their_labels(tmp_path: Path) -> None:
    net = small()
    path, values = net.save(tmp_path), net.samples(50)
    right = run_onnx(path, values)
    labels = right.argmax(axis=1)
    labels[::5] = (labels[::5] + 1) % 4
    made = quantize_model(path, Samples(values, labels), Options(samples=10), lambda *_: None)
    found = made.report.answers
    assert made.report.calibrated == 10 and found.samples == 50 and found.accuracy_float == 80.0
    network = made.network
    exact = network.host_output.decode(
        network.evaluate(network.host_input.encode(values, network.input.format)), network.output.format
    )
    assert found.error.rms_error == pytest.approx(np.sqrt(np.mean((exact - right) ** 2)))
    assert found.held_out_agreement is not None
    assert found.accuracy_exact == 100 * np.mean(exact.argmax(axis=1) == labels)


def test_a_complaint_tells_the_node_and_the_file(tmp_path: Path) -> None:
    net = FloatNet((2, 4, 4)).conv("c", 3, 2).node("MaxPool", "m", kernel_shape=[2, 2], storage_order=1)
    with pytest.raises(InputError) as caught:
        quantize_model(net.save(tmp_path), Samples(net.samples(8)), Options(), lambda *_: None)
    sentence = caught.value.sentence()
    assert "in node 'm' (MaxPool)" in sentence and f"in {tmp_path / 'float.onnx'}" in sentence


def test_an_output_that_is_no_tensor_of_codes(tmp_path: Path) -> None:
    """A constant is no layer's; the complaint says where."""
    net = small()
    net.nodes.append(helper.make_node("Identity", ["y_b"], ["k"], name="k"))
    net.at = "k"
    with pytest.raises(InputError) as caught:
        quantize_model(net.save(tmp_path), Samples(net.samples(8)), Options(), lambda *_: None)
    assert "float.onnx" in caught.value.sentence()


def test_a_format_asked_for_is_one_of_a_tensor(tmp_path: Path) -> None:
    net = small()
    path, values, format = net.save(tmp_path), net.samples(8), Fixed(9, 4, signed=True)
    made = quantize_model(path, Samples(values), Options(formats={"x": format}), lambda *_: None)
    assert made.network.input.format == format
    with pytest.raises(InputError, match="the format of 'q' was asked for"):
        quantize_model(path, Samples(values), Options(formats={"q": format}), lambda *_: None)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = small().model()
    target = tmp_path / "new" / "folder" / "exact.onnx"
    write_model(model, target)
    assert [path.name for path in target.parent.iterdir()] == ["exact.onnx"]
    assert target.read_bytes() == model.SerializeToString(deterministic=True)

    def fail(self: Path, other: Path) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        write_model(FloatNet((2,)).dense("y", 1, 2).model(), target)
    assert [path.name for path in target.parent.iterdir()] == ["exact.onnx"]
    assert target.read_bytes() == model.SerializeToString(deterministic=True)
