"""Files of several inputs and outputs: read, compared with onnxruntime, written again, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import onnx
from heads_nets import small_agent, small_samples
from onnx import helper
from shiftwire.errors import InputError
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import exact_tensors, import_onnx, network_from_model
from shiftwire.onnx.runtime import run_outputs
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.project.project import Backend, load_project, write_project
from shiftwire.schedule.design import schedule
from shiftwire.verify.comparison import all_pairs
from shiftwire.verify.onnx import OnnxRuntime
from shiftwire.verify.reference import Reference
from shiftwire_boards.catalog import load_board

HEAD = """<ir_version: 8, opset_import: ["" : 17, "qonnx.custom_op.general" : 1]>
g ({inputs}) => ({outputs}) <float s = {{0.25}}, float zp = {{0}}, float b = {{6}}, float k = {{0.3}}> {{ {lines} }}"""
QUANT = '{to} = qonnx.custom_op.general.Quant<signed = 1, narrow = 0, rounding_mode = "ROUND">({of}, s, zp, b); '
NAMES = {"a_name": "obs.1/a", "out_name": "out.1"}
"""What a file calls tensors whose names the parser does not take."""


def quant(of: str, to: str) -> str:
    return QUANT.format(of=of, to=to)


def model(inputs: str, outputs: str, lines: str) -> onnx.ModelProto:
    made = onnx.parser.parse_model(HEAD.format(inputs=inputs, outputs=outputs, lines=lines.replace("; ", "\n")))
    for value in (*made.graph.input, *made.graph.output):
        value.name = NAMES.get(value.name, value.name)
    for node in made.graph.node:
        node.input[:] = [NAMES.get(name, name) for name in node.input]
        node.output[:] = [NAMES.get(name, name) for name in node.output]
    return made


BOTH = quant("a", "qa") + quant("b_in", "qb")
TWO = "float[N,3] a, float[N,3] b_in"
FILES: dict[str, tuple[str, str, str]] = {
    "an output that is read inside": (TWO, "float[N,3] sum, float[N,3] y", BOTH + "sum = Add(qa, qb); y = Relu(sum); "),
    "one tensor under two names": (TWO, "float[N,3] y, float[N,3] z", BOTH + "y = Add(qa, qb); z = Identity(y); "),
    "a scale behind one of them": (TWO, "float[N,3] y, float[N,3] z", BOTH + "y = Add(qa, qb); z = Mul(y, k); "),
    "logits and a soft maximum": (
        TWO, "float[N,3] logits, float[N,3] soft", BOTH + "logits = Add(qa, qb); soft = Softmax<axis=1>(logits); "
    ),
    "an input as it came": (TWO, "float[N,3] qa, float[N,3] y", BOTH + "y = Add(qa, qb); "),
    "names that are no words of C": (
        "float[N,3] a_name, float[N,3] class", "float[N,3] out_name, float[N,3] short",
        quant("a_name", "qa") + quant("class", "qb") + "out_name = Add(qa, qb); short = Relu(qb); ",
    ),
}  # fmt: skip


def given(network: Network) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    return {part.name: rng.normal(0, 4, (25, *part.model_shape)).astype(np.float32) for part in network.entries}


def decoded(network: Network, x: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    made = network.host_output.decode(network.evaluate(network.encode(x)), network.output.format)
    assert isinstance(made, dict)
    return made


@pytest.mark.parametrize("name", FILES)
def test_as_onnxruntime_has_it(name: str, count: Callable[..., None]) -> None:
    """The file itself, the network that reads it, the one of frames, and the file that is written of it."""
    file = model(*FILES[name])
    network = network_from_model(file)
    x = given(network)
    right = run_outputs(file, x)
    assert list(right) == [part.name for part in network.exits] == [value.name for value in file.graph.output]
    assert [part.name for part in network.entries] == [value.name for value in file.graph.input]
    for each in (network, run_pipeline(network), network_from_model(to_onnx(network))):
        values = decoded(each, x)
        assert list(values) == list(right)
        for output, wanted in right.items():
            assert np.allclose(values[output], wanted, rtol=2e-6, atol=1e-7), output
    again = run_outputs(to_onnx(network), x)
    for output, wanted in right.items():
        assert np.array_equal(again[output], wanted)
    count(onnxruntime_values=sum(each.size for each in right.values()))


def test_every_output_is_compared_with_the_file(tmp_path: Path) -> None:
    """One that stands behind a float scale by the codes nearest to it."""
    onnx.save(model(*FILES["a scale behind one of them"]), tmp_path / "net.onnx")
    network = run_pipeline(import_onnx(tmp_path / "net.onnx"))
    made = exact_tensors(tmp_path / "net.onnx", network.entries)
    assert made.outputs == ("y", "z")
    codes = network.encode(given(network))
    (pair,) = all_pairs([Reference(network), OnnxRuntime(tmp_path / "net.onnx", network)], codes)
    assert (pair.different, [layer.name for layer in pair.layers][-1]) == (0, "outputs")
    wrong = OnnxRuntime(tmp_path / "net.onnx", network).run(codes, all_layers=False).layers["outputs"]
    assert np.array_equal(wrong, network.evaluate(codes))


def test_a_written_network_comes_back() -> None:
    network = small_agent()
    file = to_onnx(network)
    assert [value.name for value in (*file.graph.input, *file.graph.output)] == [
        "image", "vector", "act/policy", "active",
    ]  # fmt: skip
    again, x = network_from_model(file), small_samples()
    assert [(str(p), p.host, p.name) for p in again.entries] == [(str(p), p.host, p.name) for p in network.entries]
    assert [(str(p), p.host, p.name) for p in again.exits] == [(str(p), p.host, p.name) for p in network.exits]
    assert np.array_equal(again.evaluate(again.encode(x)), network.evaluate(network.encode(x)))
    with pytest.raises(InputError, match="a frame of inputs is for hardware alone; export the network as it was read"):
        to_onnx(run_pipeline(network))


def test_a_project_keeps_every_end(tmp_path: Path) -> None:
    network = run_pipeline(small_agent())
    write_project(schedule(network, load_board("pynq-z2")), tmp_path / "project", Backend.RTL)
    again = load_project(tmp_path / "project").design.network
    assert again.entries == network.entries and again.exits == network.exits


def test_formats_that_the_file_names_for_each_input() -> None:
    file = model(TWO, "float[N,3] y, float[N,3] z", "y = Add(a, b_in); z = Relu(b_in); ")
    with pytest.raises(
        InputError, match=r"it reads 'a', .* by --input-format or in the metadata 'shiftwire\.input\.NAME'"
    ):
        network_from_model(file)
    helper.set_model_props(file, {"shiftwire.input.a": "u4.1", "shiftwire.input.b_in": "s6.3"})
    network = network_from_model(file)
    assert [str(part) for part in network.entries] == ["u4.1[3]", "s6.3[3]"]
    again = network_from_model(to_onnx(network))
    assert [str(part) for part in again.entries] == ["u4.1[3]", "s6.3[3]"]


def test_formats_that_the_user_names_for_each_input() -> None:
    """Values are rounded to them, which the file itself does not do; it then is run with those."""
    file = model(TWO, "float[N,3] y, float[N,3] z", "y = Add(a, b_in); z = Relu(b_in); ")
    wishes = {"a": Fixed.parse("u4.1"), "b_in": Fixed.parse("s6.3")}
    network = network_from_model(file, input_format=wishes)
    assert [str(part) for part in network.entries] == ["u4.1[3]", "s6.3[3]"]
    assert all(part.host.quantizes for part in network.entries)
    x = {name: np.random.default_rng(3).uniform(0, 3, (50, 3)).astype(np.float32) for name in wishes}
    rounded = {
        name: np.rint(values * 2.0 ** wishes[name].frac) / 2.0 ** wishes[name].frac for name, values in x.items()
    }
    codes = network.evaluate(network.encode(x))
    y = rounded["a"] + rounded["b_in"]
    assert np.array_equal(codes[:, :3] / 8.0, y) and np.array_equal(codes[:, 3:] / 8.0, np.maximum(rounded["b_in"], 0))


def test_formats_named_for_inputs_that_need_none() -> None:
    lines = quant("a", "qa") + "y = Add(qa, b_in); z = Relu(qa); "
    file = model(TWO, "float[N,3] y, float[N,3] z", lines)
    assert str(network_from_model(file, input_format={"b_in": Fixed.parse("s6.3")}).entries[1]) == "s6.3[3]"
    with pytest.raises(InputError, match=r"quantizes 'a' to s6\.2; leave --input-format out"):
        network_from_model(file, input_format={"a": Fixed.parse("s6.3"), "b_in": Fixed.parse("s6.3")})
    with pytest.raises(InputError, match="found a format for 'b', wanted one for 'a', 'b_in'; name inputs as the file"):
        network_from_model(file, input_format={"b": Fixed.parse("s6.3")})


def test_bytes_beside_floats() -> None:
    """An input of an integer type has its format by that."""
    lines = quant("a", "qa") + "f = Cast<to=1>(image); y = Add(qa, f); z = Relu(qa); "
    network = network_from_model(model("float[N,3] a, uint8[N,3] image", "float[N,3] y, float[N,3] z", lines))
    assert [str(part) for part in network.entries] == ["s6.2[3]", "u8.0[3]"]


REFUSED = {
    "batches": (
        ("float[2,3] a, float[5,3] b_in", "float[N,3] y", BOTH + "y = Add(qa, qb); "),
        "the graph inputs have batches of 2 of 'a' and 5 of 'b_in', and each sample is one of every input; export them "
        "with one batch",
    ),
    "unread": (
        ("float[N,3] a, float[N,3] b_in", "float[N,3] y", quant("a", "qa") + "y = Relu(qa); "),
        "the graph input 'b_in' is read by no node; drop it from the graph",
    ),
    "leads nowhere": (
        ("float[N,3] a, float[N,3] b_in", "float[N,3] y", quant("a", "qa") + "y = Relu(qa); t = Mul(b_in, k); "),
        "the graph input 'b_in' is read by no node; drop it from the graph",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str) -> None:
    file, words = REFUSED[case]
    with pytest.raises(InputError, match=words):
        network_from_model(model(*file))
