"""The file format: what convert reads, and the one sentence for everything else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import shiftwire_hls
from shiftwire.errors import InputError
from shiftwire.fixed import Fixed, Overflow, Rounding
from shiftwire.host import HostInput, HostOutput, Tail, channels_first
from shiftwire.network import Network
from shiftwire.onnx_export import to_onnx
from shiftwire.onnx_import import import_onnx, network_from_model
from shiftwire.onnx_import.names import sanitised
from shiftwire.onnx_run import codes_of, run_onnx
from shiftwire.ops import Requantize
from single_layers import S8, frames, single_layers

CASES = single_layers()
IN_CONTRACT = [name for name, network in CASES.items() if name != "adder_dense"]


def model_of(
    nodes: list[onnx.NodeProto],
    constants: dict[str, np.ndarray] | None = None,
    shape: tuple[object, ...] = ("N", 4),
    fmt: str | None = "s8.4",
) -> onnx.ModelProto:
    """A graph from x to y; `fmt` is the input's declared format."""
    tensors = [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * len(shape))
    graph = helper.make_graph(nodes, "g", [x], [y], tensors)
    domains = {"": 20, "shiftwire": 1, "qonnx.custom_op.general": 1}
    opsets = [helper.make_opsetid(domain, version) for domain, version in domains.items()]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    if fmt is not None:
        helper.set_model_props(model, {"shiftwire.input": fmt})
    return model


def dense_node(**changes: object) -> onnx.NodeProto:
    attributes = {"exponent_min": -3, "exponent_max": 0, "bias_frac": 0} | changes
    inputs = ["x", "sign", "exponent", "bias"]
    return helper.make_node("ShiftDense", inputs, ["y"], name="fc1", domain="shiftwire", **attributes)


def dense_constants(**changes: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "sign": np.ones((1, 2, 4), np.int8),
        "exponent": np.full((1, 2, 4), -1, np.int8),
        "bias": np.zeros(2, np.int32),
    } | changes


def quant(rounding: str = "ROUND", output: str = "y", signed: int = 1, narrow: int = 0) -> onnx.NodeProto:
    return helper.make_node(
        "Quant", ["x", "scale", "zeropt", "bits"], [output], name="q", domain="qonnx.custom_op.general",
        signed=signed, narrow=narrow, rounding_mode=rounding,
    )  # fmt: skip


def quant_constants(scale: float = 0.25, zeropt: float = 0, bits: float = 6) -> dict[str, np.ndarray]:
    return {name: np.array(value, np.float32) for name, value in locals().items()}


@pytest.mark.parametrize("name", IN_CONTRACT)
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
    assert again.output == network.output
    assert np.array_equal(again.evaluate(given), expected)
    values = run_onnx(path, channels_first(network.input.format.decode(given)))
    assert np.array_equal(codes_of(values, network.output.format), expected)
    assert len(np.unique(expected)) > 1


@pytest.mark.parametrize("rounding", list(Rounding))
def test_a_leading_quantiser_runs_on_the_host(rounding: Rounding) -> None:
    host = HostInput(True, rounding, Overflow.SATURATE)
    relu = CASES["relu"]
    network = Network("x", relu.input, relu.nodes, "y", host)
    again = network_from_model(to_onnx(network))
    assert again.host_input == host
    assert [node.kind for node in again.nodes] == ["Relu"]
    values = np.random.default_rng(0).normal(0, 6, (16, 4, 6, 5)).astype(np.float32)
    values.ravel()[:6] = [1e30, -1e30, 0.03125, -0.03125, 0.09375, -0.09375]
    codes = again.host_input.encode(values, again.input.format)
    made = run_onnx(to_onnx(network), values)
    assert np.array_equal(codes_of(made, again.output.format), again.evaluate(codes))


@pytest.mark.parametrize("tail", [Tail.SOFTMAX, Tail.ARGMAX])
def test_a_last_ranking_is_left_to_the_host(tail: Tail) -> None:
    dense = CASES["shift_dense"]
    network = Network("x", dense.input, dense.nodes, "y", host_output=HostOutput(tail=tail))
    again = network_from_model(to_onnx(network))
    assert again.host_output.tail is tail
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


def conv(**changes: object) -> onnx.ModelProto:
    attributes = {"exponent_min": 0, "exponent_max": 0, "bias_frac": 0, "strides": [1, 1], "pads": [0] * 4, "group": 1}
    node = helper.make_node(
        "ShiftConv", ["x", "sign", "exponent", "bias"], ["y"], name="c1", domain="shiftwire", **(attributes | changes)
    )
    ones = np.ones((1, 2, 1, 3, 3), np.int8)
    return model_of([node], {"sign": ones, "exponent": 0 * ones, "bias": np.zeros(2, np.int32)}, ("N", 1, 5, 5))


def test_asymmetric_padding_is_handled() -> None:
    network = network_from_model(conv(pads=[1, 0, 2, 1]))
    assert network.output.shape == (6, 4, 2)


def nan_in_a_weight() -> onnx.ModelProto:
    weight = np.array([[1, np.nan], [0, 2]], np.float32)
    return model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": weight}, ("N", 2))


def external(location: str) -> onnx.ModelProto:
    model = model_of([dense_node()], dense_constants())
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return model


REFUSED: dict[str, tuple[Callable[[], onnx.ModelProto], str]] = {
    "float weights": (
        lambda: model_of([helper.make_node("MatMul", ["x", "w"], ["y"], name="m")], {"w": np.ones((4, 2), np.float32)}),
        r"'w' is a float tensor; convert takes files whose weights and activations are all quantised.*in node 'm'",
    ),
    "float activations": (lambda: model_of([helper.make_node("Relu", ["x"], ["y"])], fmt=None), "'x', a float tensor"),
    "unsupported op": (
        lambda: model_of([helper.make_node("Sin", ["x"], ["y"], name="s")]),
        r"operation Sin is not supported; use Add.*in node 's' \(Sin\)",
    ),
    "dilation": (lambda: conv(dilations=[2, 2]), r"dilations = \[2, 2\] is not handled.*in node 'c1' \(ShiftConv\)"),
    "auto_pad": (lambda: conv(auto_pad="SAME_UPPER"), "auto_pad = SAME_UPPER is not handled"),
    "unknown attribute": (lambda: conv(flavour=3), "flavour = 3 is not handled"),
    "missing attribute": (
        lambda: model_of([helper.make_node("ShiftDense", ["x", "sign", "exponent", "bias"], ["y"], domain="shiftwire")],
                         dense_constants()),
        "'exponent_min' is missing",
    ),
    "average over varying counts": (
        lambda: model_of([helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[2, 2], pads=[1, 1, 1, 1])],
                         shape=("N", 1, 4, 4)),
        "padding without count_include_pad = 1 divides by a varying number",
    ),
    "average over nine": (
        lambda: model_of([helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[3, 3])], shape=("N", 1, 5, 5)),
        "9 positions divides by a number that is no power of two",
    ),
    "nan": (nan_in_a_weight, r"initialiser 'w' holds nan at \[0, 1\]; weights must be finite"),
    "exponent outside": (
        lambda: model_of([dense_node()], dense_constants(exponent=np.full((1, 2, 4), 3, np.int8))),
        r"the exponent 3 at \[0, 0, 0\] is outside the window -3\.\.0",
    ),
    "sign of two": (
        lambda: model_of([dense_node()], dense_constants(sign=np.full((1, 2, 4), 2, np.int8))),
        "a sign of 2 is none of -1, 0, 1",
    ),
    "float signs": (
        lambda: model_of([dense_node()], dense_constants(sign=np.ones((1, 2, 4), np.float32))),
        "'sign' .* is a float32 tensor, not integer codes",
    ),
    "dynamic": (
        lambda: model_of([helper.make_node("Relu", ["x"], ["y"])], shape=("N", 1, "H", 5)),
        r"axis 2 of the graph input 'x' is dynamic \('H'\); only the batch",
    ),
    "zero size": (
        lambda: model_of([helper.make_node("Relu", ["x"], ["y"])], shape=("N", 0)),
        r"'x' has shape \(0,\), which holds no elements",
    ),
    "zero-size weights": (
        lambda: model_of([dense_node()], dense_constants(sign=np.ones((0, 2, 4), np.int8))),
        r"'sign' has shape \(0, 2, 4\) and holds no elements",
    ),
    "scale": (lambda: model_of([quant()], quant_constants(scale=0.1)), "scale of 0.1.* is no power of two"),
    "zero point": (lambda: model_of([quant()], quant_constants(zeropt=3)), "zeropt 3.0 with bitwidth"),
    "narrow": (lambda: model_of([quant(narrow=1)], quant_constants()), "narrow = 1 is not handled"),
    "half up of signed": (
        lambda: model_of([quant("HALF_UP")], quant_constants()),
        "HALF_UP of signed values is not handled",
    ),
    "two inputs": (
        lambda: helper.make_model(
            helper.make_graph(
                [helper.make_node("Add", ["a", "b"], ["y"])], "g",
                [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", 3]) for n in "ab"],
                [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])],
            ), opset_imports=[helper.make_opsetid("", 20)], ir_version=10),
        r"2 inputs \(a, b\); shiftwire takes networks with one input",
    ),
    "softmax inside": (
        lambda: model_of([helper.make_node("Softmax", ["x"], ["s"]), helper.make_node("Relu", ["s"], ["y"])]),
        "as the last node only",
    ),
    "constant operand": (
        lambda: model_of([helper.make_node("Add", ["x", "c"], ["y"])], {"c": np.ones(4, np.int32)}),
        "computes with the constant 'c'",
    ),
    "computed weights": (
        lambda: model_of([helper.make_node("AdderDense", ["x", "x"], ["y"], domain="shiftwire", weight_frac=4)]),
        "its input 'weight' is computed in the graph",
    ),
    "bad format": (lambda: model_of([helper.make_node("Relu", ["x"], ["y"])], fmt="q7"), "'q7' is no number format"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_convert_refuses(case: str, tmp_path: Path) -> None:
    make, words = REFUSED[case]
    path = tmp_path / "model.onnx"
    path.write_bytes(make().SerializeToString())
    with pytest.raises(InputError) as caught:
        import_onnx(path)
    assert re.search(words, caught.value.sentence(), re.S), caught.value.sentence()
    assert "model.onnx" in caught.value.sentence()


def test_broken_files(tmp_path: Path) -> None:
    good = to_onnx(CASES["shift_conv"]).SerializeToString()
    path = tmp_path / "model.onnx"
    with pytest.raises(InputError, match="found no file"):
        import_onnx(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="is empty; export the model again"):
        import_onnx(path)
    for length in (10, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:length])
        with pytest.raises(InputError, match=r"truncated|export the model again|refuses the file"):
            import_onnx(path)
    path.write_bytes(np.random.default_rng(0).bytes(4000))
    with pytest.raises(InputError, match=r"no ONNX file|holds no ONNX graph|refuses"):
        import_onnx(path)


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "sub/../../secret.bin"])
def test_external_data_stays_in_its_folder(location: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(8))
    path = folder / "model.onnx"
    path.write_bytes(external(location).SerializeToString())
    with pytest.raises(InputError, match="outside the model's folder; move the data beside the model"):
        import_onnx(path)


def test_external_data_beside_the_model_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(external("signs.bin").SerializeToString())
    with pytest.raises(InputError, match="is missing; restore it"):
        import_onnx(path)
    (tmp_path / "signs.bin").write_bytes(np.ones(8, np.int8).tobytes())
    assert import_onnx(path).evaluate(np.array([[2, 4, 6, 8]])).tolist() == [[20, 20]]


def test_declared_input_without_a_quantiser_must_be_on_its_grid() -> None:
    with pytest.raises(InputError, match=r"1 values such as 0.1 are not codes of s8.4 .*no quantiser at its input"):
        HostInput().encode(np.array([[0.1, 0.0625]], np.float32), S8)
    with pytest.raises(InputError, match="2 NaN or infinite values"):
        HostInput(True).encode(np.array([[np.nan, np.inf]], np.float32), S8)
