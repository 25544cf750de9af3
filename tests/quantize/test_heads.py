"""Quantizing networks of several inputs and outputs: names, a figure for each head, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import onnx
from heads_nets import float_agent, samples
from onnx import helper
from shiftwire.cli import main
from shiftwire.errors import InputError
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import run_outputs
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.project.labels import Task
from shiftwire.quantize.floats.float_run import Samples
from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import Quantized, quantize_model


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("agent") / "agent.onnx"
    onnx.save(float_agent(), path)
    return path


def quantized(agent: Path, given: Samples) -> Quantized:
    return quantize_model(agent, given, Options(samples=16), lambda *_: None)


def test_each_head_has_a_figure_of_its_own(agent: Path) -> None:
    """That of both, counted anew from runs of both files."""
    x = samples()
    right = run_outputs(agent, x)
    labels = {"policy": right["policy"].argmax(axis=1), "value": right["value"] + 1}
    made = quantized(agent, Samples({**x, **labels}, labels))
    assert list(made.report.heads) == ["policy", "value"]
    policy, value = made.report.heads.values()
    exact = run_outputs(made.model, x)
    assert (policy.task, value.task) == (Task.CLASSES, Task.VALUES)
    same = exact["policy"].argmax(axis=1) == labels["policy"]
    assert (
        policy.agreement == policy.accuracy_exact == pytest.approx(100 * same.mean()) and policy.accuracy_float == 100
    )
    rms = np.sqrt(np.mean((exact["value"].astype(np.float64) - right["value"]) ** 2))
    assert value.error.rms_error == pytest.approx(rms, rel=1e-6)
    assert value.labels_float is not None and value.labels_float.nearness is not None
    assert value.labels_float.nearness.rms_error == pytest.approx(1)


def test_the_file_keeps_the_names_of_its_ends(agent: Path) -> None:
    """And gives what the network does, which a second reading takes for the same network."""
    x = samples()
    made = quantized(agent, Samples(x))
    graph = made.model.graph
    assert [value.name for value in graph.input] == ["image", "observation"]
    assert [value.name for value in graph.output] == ["policy", "value"]
    again = network_from_model(made.model)
    for network in (made.network, again, run_pipeline(again)):
        codes = network.encode(x)
        values = network.host_output.decode(network.evaluate(codes), network.output.format)
        for name, right in run_outputs(made.model, x).items():
            assert np.array_equal(values[name].astype(np.float32), right), name


def test_labels_go_to_the_first_output_that_they_fit(agent: Path) -> None:
    x = samples(20)
    classes, values = np.arange(20) % 4, np.linspace(-2, 2, 20)
    heads = quantized(agent, Samples(x, classes)).report.heads
    assert heads["policy"].labels_float is not None and heads["value"].labels_float is None
    heads = quantized(agent, Samples(x, values)).report.heads
    assert heads["policy"].labels_float is None and heads["value"].labels_float is not None


X = samples(6)
REFUSED = {
    "missing": (
        {"image": X["image"]},
        None,
        "found the arrays 'image', and none for the input 'observation'; give 'im",
    ),
    "unknown": (
        {**X, "reward": X["observation"]},
        None,
        "found an array 'reward', which is no input; give 'image', 'ob",
    ),
    "x": ({"x": X["image"]}, None, "found the arrays 'x', and none for the input 'image'; give 'image', 'observation'"),
    "unequal": (
        {**X, "observation": X["observation"][:4]},
        None,
        "found 6 of 'image', 4 of 'observation', and each sample is one of every input; give as many of each",
    ),
    "shape": ({**X, "observation": X["image"]}, None, r"'observation' has shape \(6, 1, 6, 6\), wanted \(N, 3\)"),
    "zero": ({**X, "observation": 0 * X["observation"]}, None, "'observation' is 0 throughout, which tells no"),
    "labels": (X, np.zeros((6, 9)), r"labels 'y' of shape \(6, 9\) fit none of the outputs 'policy' \(N, 4\), 'value'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str, agent: Path) -> None:
    values, labels, words = REFUSED[case]
    with pytest.raises(InputError, match=words):
        quantized(agent, Samples(values, labels))


def test_the_command_names_each_head(agent: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "x.npz", **samples(), y=np.arange(48) % 4)
    assert main(["quantize", str(agent), "--calibrate", str(tmp_path / "x.npz"), "-o", str(tmp_path / "q.onnx")]) == 0
    out = capsys.readouterr().out
    assert "policy: answers: " in out and "policy: accuracy: " in out and "value: values: rms error" in out
    assert main(["inspect", str(tmp_path / "q.onnx")]) == 0
    assert "input 'observation' s10." in (told := capsys.readouterr().out) and "; output 'value' s" in told


SHARED: dict[str, tuple[str, str, str]] = {
    "an output that is read": ("x", "h, y", "z = Gemm(x, w)\n h = Relu(z)\n y = Gemm(h, w)"),
    "one tensor twice": ("x", "h, i", "z = Gemm(x, w)\n h = Relu(z)\n i = Identity(h)"),
    "two tails": ("x", "p, q", "z = Gemm(x, w)\n p = Softmax<axis=1>(z)\n q = Sigmoid(z)"),
    "names that are alike": (
        "a_b, a.b",
        "y",
        "s = Gemm(a_b, w)\n r = Gemm(a.b, w)\n a = Relu(s)\n b = Relu(r)\n y = Add(a, b)",
    ),
}


@pytest.mark.parametrize("name", SHARED)
def test_ends_that_share_tensors_or_names(name: str, tmp_path: Path) -> None:
    """The file written gives what the network does, under the names of the float file."""
    inputs, outputs, lines = SHARED[name]
    rng, path = np.random.default_rng(0), tmp_path / "shared.onnx"
    nodes = []
    for line in lines.split("\n"):
        made, called = line.split(" = ")
        kind, arguments = called.split("(")
        attributes = {"axis": 1} if "axis" in kind else {}
        sources = [source.strip(" )") for source in arguments.split(",")]
        nodes.append(helper.make_node(kind.split("<")[0], sources, [made.strip()], name=made.strip(), **attributes))
    ends = [
        [helper.make_tensor_value_info(end.strip(), onnx.TensorProto.FLOAT, ["N", 5]) for end in text.split(",")]
        for text in (inputs, outputs)
    ]
    weight = onnx.numpy_helper.from_array(rng.normal(size=(5, 5)).astype(np.float32), "w")
    graph = helper.make_graph(nodes, "shared", *ends, [weight])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    x = {end.name: rng.normal(size=(32, 5)).astype(np.float32) for end in ends[0]}
    made = quantized(path, Samples(x))
    assert [value.name for value in made.model.graph.output] == [end.name for end in ends[1]]
    right, exact = run_outputs(path, x), run_outputs(made.model, x)
    for end in right:
        assert np.abs(exact[end] - right[end]).max() < 0.2 * np.abs(right[end]).max() + 0.05
    network_from_model(made.model)
