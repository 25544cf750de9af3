"""The file format: what convert reads, and that it means what its functions do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import onnx
import shiftwire_hls
from one_layer import frames
from onnx import TensorProto, helper
from onnx_graphs import conv, model_of, quant, quant_constants
from shiftwire.ir.bias import Bias
from shiftwire.ir.host import HostInput, HostOutput, channels_first
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import import_onnx, network_from_model
from shiftwire.onnx.runtime import codes_of, run_onnx
from shiftwire.ops.dense import Dense
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.weights.integer import Int
from shiftwire.units.names import sanitised
from shiftwire_boards.runtime.host_steps import HostStep, Largest, Softmax
from single_layers import single_layers

CASES = {name: each for name, each in single_layers().items() if not name.startswith("unflatten")}
"""An unflatten behind the last layer is the host's where it is read back: its files are those of quantized nets."""


class NoBias(Int):
    """A scheme whose layers get no bias in the contract."""

    has_bias = False


@pytest.mark.parametrize("name", CASES)
def test_every_layer_survives_the_file(name: str, tmp_path: Path) -> None:
    """Written, checked, executed by onnxruntime and read back: the same codes three times."""
    network = CASES[name]
    path = tmp_path / "model.onnx"
    model = to_onnx(network)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    again = import_onnx(path)
    given = frames(network)
    expected = network.evaluate(given)
    if name != "adder_dense":  # its bias becomes an Affine, whose width knows less of the sum
        assert again.output == network.output
    assert np.array_equal(again.evaluate(given), expected)
    values = run_onnx(path, channels_first(network.input.format.decode(given)))
    assert np.array_equal(codes_of(values, network.output.format), expected)
    assert len(np.unique(expected)) > 1


@pytest.mark.parametrize("overflow", list(Overflow))
@pytest.mark.parametrize("rounding", list(Rounding))
def test_a_leading_quantizer_runs_on_the_host(rounding: Rounding, overflow: Overflow) -> None:
    host = HostInput(True, rounding, overflow)
    relu = CASES["relu"]
    network = Network.of("x", relu.input, relu.nodes, "y", host_input=host)
    again = network_from_model(to_onnx(network))
    assert again.host_input == host
    assert [node.kind for node in again.nodes] == ["Relu"]
    values = np.random.default_rng(0).normal(0, 6, (16, 4, 6, 5)).astype(np.float32)
    values.ravel()[:6] = [2.0**60, -(2.0**70), 0.03125, -0.03125, 0.09375, -0.09375]
    codes = again.host_input.encode(values, again.input.format)
    made = run_onnx(to_onnx(network), values)
    assert np.array_equal(codes_of(made, again.output.format), again.evaluate(codes))


@pytest.mark.parametrize("step", [Softmax(1), Softmax(1, is_log=True), Largest(1), Largest(1, 2)])
def test_a_last_ranking_is_left_to_the_host(step: HostStep) -> None:
    dense = CASES["shift_dense"]
    network = Network.of("x", dense.input, dense.nodes, "y", host_output=HostOutput(steps=(step,)))
    again = network_from_model(to_onnx(network))
    assert again.host_output == HostOutput(steps=(step,))
    assert [node.kind for node in again.nodes] == ["ShiftDense"]


@pytest.mark.parametrize(
    ("mode", "signed", "expected"),
    [("ROUND", 1, Rounding.HALF_EVEN), ("FLOOR", 0, Rounding.FLOOR), ("HALF_UP", 0, Rounding.HALF_UP)],
)
def test_qonnx_quant_means_what_its_function_does(mode: str, signed: int, expected: Rounding) -> None:
    nodes = [quant(mode, signed=signed)]
    model = model_of([*nodes, helper.make_node("Relu", ["y"], ["z"])], quant_constants(), fmt="s12.5")
    model.graph.output[0].name = "z"
    model.functions.append(onnx.parser.parse_function(shiftwire_hls.onnx_function("Quant")))
    network = network_from_model(model)
    assert network.nodes[0].op == Requantize(Fixed(6, 2, signed=bool(signed)), expected, Overflow.SATURATE)
    codes = np.arange(-2048, 2048).reshape(-1, 4)
    values = run_onnx(model, network.input.format.decode(codes))
    assert np.array_equal(codes_of(values, network.output.format), network.evaluate(codes))


def test_an_adder_on_a_finer_grid_makes_its_input_finer() -> None:
    weight = np.array([[1, -7, 30, 5]], np.int8)
    node = helper.make_node("AdderDense", ["x", "weight"], ["y"], domain="shiftwire", weight_frac=6)
    network = network_from_model(model_of([node], {"weight": weight}))
    assert [node.name for node in network.nodes] == ["y_align", "y"]
    assert network.evaluate(np.array([[1, 2, 3, 4]])).tolist() == [[-(3 + 15 + 18 + 11)]]


def test_thresholds_off_the_grid_keep_their_meaning() -> None:
    """x >= 5/8 on a grid of quarters is x >= 3/4; on a finer grid than the thresholds' nothing changes."""
    rows, ones = np.array([[5]] * 4, np.int32), np.ones(4, np.int32)
    constants = {"t": rows, "base": np.zeros(4, np.int32), "step": ones}
    node = helper.make_node(
        "Threshold", ["x", "t", "base", "step"], ["y"], domain="shiftwire", threshold_frac=3, frac=0
    )
    coarse = network_from_model(model_of([node], constants, fmt="s6.2"))
    assert coarse.evaluate(np.array([[1, 2, 3, 4]])).tolist() == [[0, 0, 1, 1]]
    fine = network_from_model(model_of([node], constants, fmt="s8.4"))
    assert fine.evaluate(np.array([[8, 9, 10, 11]])).tolist() == [[0, 0, 1, 1]]


def test_thresholds_that_are_never_or_always_reached() -> None:
    """Sentinels at the ends of int64 keep their meaning on every grid."""
    low, high = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    constants = {
        "t": np.array([[low, 0, high]] * 4),
        "base": np.zeros(4, np.int32),
        "step": np.ones(4, np.int32),
    }
    for frac in (0, 2, 60, -60):
        node = helper.make_node(
            "Threshold", ["x", "t", "base", "step"], ["y"], domain="shiftwire", threshold_frac=frac, frac=0
        )
        network = network_from_model(model_of([node], constants, fmt="s6.2"))
        assert network.evaluate(np.array([[-32, -1, 0, 31]])).tolist() == [[1, 1, 2, 2]]


@pytest.mark.parametrize(("kind", "written"), [(Int, ["IntDense"]), (NoBias, ["IntDense", "Affine"])])
def test_a_bias_without_a_place_becomes_an_affine(kind: type[Int], written: list[str]) -> None:
    """Whether there is one the weights say, whatever they are called."""
    op = Dense(kind(np.array([[1, 2], [3, 4]]), 0), Bias(np.array([5, 6]), 0))
    source = Tensor((2,), Fixed.parse("s4.0"))
    model = to_onnx(Network.of("x", source, (Node("y", op, ("x",)),), "y"))
    assert [node.op_type for node in model.graph.node] == written


def test_names_are_made_for_every_tool() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a/b:0"]),
        helper.make_node("Relu", ["a/b:0"], ["a_b_0"]),
        helper.make_node("Relu", ["a_b_0"], ["class"]),
        helper.make_node("Relu", ["class"], ["7"]),
        helper.make_node("Relu", ["7"], ["y"]),
    ]
    assert [node.name for node in network_from_model(model_of(nodes)).nodes] == [
        "a_b_0",
        "a_b_0_",
        "t_class",
        "t_7",
        "y",
    ]


@pytest.mark.parametrize("name", ["layer2_out", "input_t", "weight3", "x__"])
def test_a_name_of_the_generated_code_is_not_taken(name: str) -> None:
    assert sanitised(name, ()) not in ("layer2_out", "input_t", "weight3")


def test_asymmetric_padding_is_handled() -> None:
    network = network_from_model(conv(pads=[1, 0, 2, 1]))
    assert network.output.shape == (6, 4, 2)


@pytest.mark.parametrize("name", ["n" * 300, "я" * 300, "a/" * 200])
def test_long_names_are_cut_and_stay_unlike(name: str) -> None:
    cut, other = sanitised(name, ()), sanitised(f"{name}b", ())
    assert len(cut) < 130 and cut != other and cut.isascii() and cut.isidentifier()


def test_an_output_that_tells_no_shape_is_read(tmp_path: Path) -> None:
    """ONNX's checker asks for the field; runtimes do not."""
    node = helper.make_node("Relu", ["x"], ["y"], name="y")
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    model = helper.make_model(helper.make_graph([node], "g", [x], [y]), opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    helper.set_model_props(model, {"shiftwire.input": "s8.4"})
    onnx.save(model, tmp_path / "net.onnx")
    assert not onnx.load(tmp_path / "net.onnx").graph.output[0].type.tensor_type.HasField("shape")
    assert import_onnx(tmp_path / "net.onnx").output.shape == (4,)
