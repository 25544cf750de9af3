"""Comparisons: what is counted, what is alive, and what explains the first difference."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import onnx
from foreign_files import File
from integer_files import T, qdq, weight
from shiftwire.api import load_network
from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Fixed
from shiftwire.project.data import Data
from shiftwire.reports.inspection import inspect_network
from shiftwire.verify.comparison import Comparison, all_pairs
from shiftwire.verify.onnx import OnnxRuntime
from shiftwire.verify.reference import Reference
from shiftwire.verify.tally import Tally
from shiftwire.verify.values import onnx_result
from single_layers import single_layers
from test_tiny import tiny

CASES = single_layers()


def test_live_outputs_are_those_that_vary() -> None:
    """A Relu behind negative sums is dead whatever the weights: equal codes prove nothing, and the count says so."""
    network = tiny()
    dead = np.array([[-8, 7], [-7, 7], [-6, 7]])
    tally = Tally(network)
    tally.add(dead, network.evaluate_layers(dead), network.evaluate_layers(dead))
    assert [(layer.name, layer.compared, layer.different, layer.live) for layer in tally.layers()] == [
        ("fc", 3, 0, 1),
        ("y", 3, 0, 0),
    ]


def test_one_sample_is_live_where_it_is_not_zero() -> None:
    network = tiny()
    for sample, live in (((7, 2), [1, 1]), ((-8, 7), [1, 0])):
        codes, tally = np.array([sample]), Tally(network)
        tally.add(codes, network.evaluate_layers(codes), network.evaluate_layers(codes))
        assert [layer.live for layer in tally.layers()] == live


def test_what_is_alive_is_told_by_the_specification() -> None:
    """Noise from a broken engine makes no layer live."""
    network = tiny()
    dead = np.array([[-8, 7], [-7, 7], [-6, 7]])
    expected = network.evaluate_layers(dead)
    noisy = {name: codes + np.arange(3)[:, None] for name, codes in expected.items()}
    tally = Tally(network)
    tally.add(dead, expected, noisy)
    assert tally.layers()[1].live == 0


def test_batches_add_up_and_the_first_difference_stays() -> None:
    network = CASES["shift_conv_grouped"]
    codes = np.random.default_rng(0).integers(-128, 128, (5, *network.input.shape))
    tally = Tally(network)
    for at, batch in enumerate((codes[:3], codes[3:])):
        expected = network.evaluate_layers(batch)
        found = {name: layer.copy() for name, layer in expected.items()}
        found["y"][1, 2, 3, 2] += 1 + at
        tally.add(batch, expected, found)
    (layer,) = tally.layers()
    alive = network.output.size * 3 // 4  # the last of four filters has no terms
    assert (layer.compared, layer.different, layer.live) == (5 * network.output.size, 2, alive)
    first = tally.first
    assert first is not None
    assert (first.layer, first.kind, first.sample, first.index) == ("y", "ShiftConv", 1, (2, 3, 2))
    assert first.actual == first.expected + 1
    named = dict(first.witness)
    assert sum(a * b for a, b in zip(named["inputs"], named["weights"], strict=True)) == first.expected
    assert "layer 'y' (ShiftConv), sample 1, index [2, 3, 2]: expected code" in first.sentence()


def test_operations_are_counted_by_hand() -> None:
    """The tiny net: two terms, so two shifts and two adds, and one comparison with zero."""
    _, dense, relu = inspect_network(tiny())
    assert (dense.operations.shifts, dense.operations.adds, dense.operations.multiplies) == (2, 2, 0)
    assert dense.terms == 1.0
    assert dense.weight_bits == 2 * (1 + 2) + 2  # a sign and a field for shifts 0 and 2 each, and the bias 3
    assert relu.operations.compares == 1


def test_a_file_whose_input_was_given_a_format(tmp_path: Path) -> None:
    """The file rounds nothing at its input, the host does: the file is run on what the host rounds to."""
    rng = np.random.default_rng(0)
    file = File((8,))
    layer = file.add("Gemm", "x", file.quant(rng.normal(0, 0.3, (3, 8)).astype(np.float32), 0.0107, 8), transB=1)
    file.quant(layer, 0.0513, 8, out="y")
    onnx.save(file.model(), tmp_path / "net.onnx")
    values = rng.normal(0, 2, (40, 8)).astype(np.float32)
    for format in (Fixed(10, 4, signed=True), Fixed(4, 0, signed=True)):
        network = load_network(tmp_path / "net.onnx", input_format=format)
        codes = network.host_input.encode(values, network.input.format)
        result = onnx_result(tmp_path / "net.onnx", network, Data({"x": values}, codes), network.evaluate(codes))
        assert (result.compared, result.different) == (120, 0)
    changed = replace(network, outputs=(replace(network.outputs[0], name=network.nodes[0].name),))
    with pytest.raises(InputError, match="name the model that the project was converted from"):
        onnx_result(tmp_path / "net.onnx", changed, Data({"x": values}, codes), network.evaluate(codes))


def pairs(model: onnx.ModelProto, values: np.ndarray, folder: Path) -> Comparison:
    """The specification beside the file itself, as `verify --engines` compares them."""
    onnx.save(model, folder / "net.onnx")
    network = load_network(folder / "net.onnx")
    data = Data({"x": values}, network.host_input.encode(values, network.input.format))
    engines = [Reference(network), OnnxRuntime(folder / "net.onnx", network, data)]
    (pair,) = all_pairs(engines, data.codes, lambda *_: None)
    return pair


@pytest.mark.parametrize("tail", ["Softmax", "Sigmoid", "Tanh", "Identity"])
def test_codes_with_a_zero_point_in_front_of_a_tail(tail: str, tmp_path: Path) -> None:
    """The file's tensor of codes holds the zero point; the values behind it are what is compared."""
    rng = np.random.default_rng(1)
    file = File((6,))
    x = qdq(file, "x", (0.03, T.INT8, 5))
    layer = file.add("Gemm", x, weight(file, rng.integers(-99, 99, (5, 6)), (0.003, T.INT8, 0)), transB=1)
    file.add(tail, qdq(file, layer, (0.0513, T.INT8, -9)), out="y")
    pair = pairs(file.model(), rng.normal(size=(50, 6)).astype(np.float32), tmp_path)
    assert (pair.compared, pair.different) == (250, 0)


def test_a_file_of_bytes_reads_its_own_samples(tmp_path: Path) -> None:
    """Mean and deviation behind a cast: values that the host would make of codes are no bytes."""
    rng = np.random.default_rng(2)
    file = File((6,))
    front = file.add("Sub", file.add("Cast", "x", to=T.FLOAT), np.float32(117.3))
    x = qdq(file, file.add("Div", front, np.float32(58.7)), (0.0171, T.UINT8, 117))
    layer = file.add("Gemm", x, weight(file, rng.integers(-99, 99, (5, 6)), (0.003, T.INT8, 0)), transB=1)
    qdq(file, layer, (0.0513, T.INT8, -9), out="y")
    model = file.model()
    model.graph.input[0].type.tensor_type.elem_type = T.UINT8
    pair = pairs(model, rng.integers(0, 256, (50, 6)).astype(np.uint8), tmp_path)
    assert (pair.compared, pair.different) == (250, 0)
