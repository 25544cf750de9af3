"""What files of ours say: nodes, attributes, types of constants, and the quantizer at the input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import onnx
from onnx import helper, numpy_helper
from onnx_lines import lines_of
from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.host import ChannelScale, HostInput, HostOutput
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.float_quantizer import FloatQuantizer, FloatRounding
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import plain_writer
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.writer import Writer
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.ops import conv, dense
from shiftwire.onnx.ops.weights.table import KINDS
from shiftwire.onnx.quantizer_spelling import is_on_grid, spelled
from shiftwire.onnx.runtime import run_onnx
from shiftwire.ops.relu import Relu
from shiftwire_boards.runtime.host_steps import Curve, HostStep, Largest, Softmax
from single_layers import single_layers

CASES = single_layers()
TERMS = "(x, y_sign, y_exponent, y_bias)"
WINDOW = "pads=[1,0,1,1] strides=[2,1]"
COARSE = "coarse = Requantize(x) bits=5 frac=2 overflow=saturate rounding=floor signed=0"
RESIZE = "y = Resize(x, , y_scales) coordinate_transformation_mode=asymmetric mode=nearest nearest_mode=floor"

WRITTEN: dict[str, tuple[str, str]] = {
    "shift_dense": (
        f"y = ShiftDense{TERMS} bias_frac=6 exponent_max=2 exponent_min=-3",
        "y_sign int8[2, 5, 9]; y_exponent int8[2, 5, 9]; y_bias int32[5]",
    ),
    "adder_dense": (
        "y_distance = AdderDense(x, y_weight) weight_frac=4; "
        "y = Affine(y_distance, y_sign, y_exponent, y_bias) bias_frac=4 exponent_max=0 exponent_min=0",
        "y_weight int16[6, 7]; y_sign int8[1, 6]; y_exponent int8[1, 6]; y_bias int32[6]",
    ),
    "adder_dense_narrow": ("y = AdderDense(x, y_weight) weight_frac=3", "y_weight int8[3, 5]"),
    "int_dense": (
        "y = IntDense(x, y_weight, y_bias) bias_frac=3 weight_frac=7",
        "y_weight int8[4, 6]; y_bias int32[4]",
    ),
    "shift_conv": (
        f"y = ShiftConv{TERMS} bias_frac=4 exponent_max=3 exponent_min=-2 group=1 {WINDOW}",
        "y_sign int8[2, 6, 4, 3, 2]; y_exponent int8[2, 6, 4, 3, 2]; y_bias int32[6]",
    ),
    "shift_conv_grouped": (
        f"y = ShiftConv{TERMS} bias_frac=0 exponent_max=0 exponent_min=-4 group=2 {WINDOW}",
        "y_sign int8[1, 4, 2, 3, 2]; y_exponent int8[1, 4, 2, 3, 2]; y_bias int32[4]",
    ),
    "shift_conv_line": (
        f"y = ShiftConv{TERMS} bias_frac=0 exponent_max=4 exponent_min=0 group=1 pads=[1,1] strides=[2]",
        "y_sign int8[2, 3, 2, 3]; y_exponent int8[2, 3, 2, 3]; y_bias int32[3]",
    ),
    "adder_conv": (f"y = AdderConv(x, y_weight) group=1 {WINDOW} weight_frac=4", "y_weight int16[5, 4, 3, 2]"),
    "int_conv": (
        f"y = IntConv(x, y_weight, y_bias) bias_frac=0 group=1 {WINDOW} weight_frac=3",
        "y_weight int8[3, 4, 3, 2]; y_bias int32[3]",
    ),
    "affine": (
        f"y = Affine{TERMS} bias_frac=5 exponent_max=1 exponent_min=-4",
        "y_sign int8[3, 4]; y_exponent int8[3, 4]; y_bias int32[4]",
    ),
    "threshold": (
        "y = Threshold(x, y_thresholds, y_base, y_step) frac=1 threshold_frac=4",
        "y_thresholds int64[4, 7]; y_base int32[4]; y_step int32[4]",
    ),
    "relu": ("y = Relu(x)", ""),
    "max_pool": ("y = MaxPool(x) kernel_shape=[2,2] pads=[1,0,0,1] strides=[1,2]", ""),
    "average_pool": ("y = AveragePool(x) count_include_pad=1 kernel_shape=[2,2] pads=[1,0,0,1] strides=[1,2]", ""),
    "sum_pool": (
        f"y = ShiftConv{TERMS} bias_frac=0 exponent_max=0 exponent_min=0 group=4 {WINDOW}",
        "y_sign int8[1, 4, 1, 3, 2]; y_exponent int8[1, 4, 1, 3, 2]; y_bias int32[4]",
    ),
    "pad": ("y = Pad(x, y_pads)", "y_pads int64[8]"),
    "flatten": ("y = Flatten(x) axis=1", ""),
    "add": (f"{COARSE}; y = Add(x, coarse)", ""),
    "concat": (f"{COARSE}; y = Concat(x, coarse) axis=1", ""),
    "requantize_far": ("y = Requantize(x) bits=3 frac=-9 overflow=wrap rounding=floor signed=1", ""),
    "upsample": (RESIZE, "y_scales float32[4]"),
    "upsample_line": (RESIZE, "y_scales float32[3]"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_layer_is_written_as(name: str) -> None:
    nodes, constants = WRITTEN[name]
    model = to_onnx(CASES[name])
    assert lines_of(model) == nodes.split("; ")
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    found = [f"{held} {array.dtype}{list(array.shape)}" for held, array in arrays.items()]
    assert sorted(found) == sorted(filter(None, constants.split("; ")))
    ours = {node.op_type for node in model.graph.node if node.domain == "shiftwire"}
    assert sorted(function.name for function in model.functions) == sorted(ours)
    assert all(node.domain in ("", "shiftwire") for node in model.graph.node)


def shapes(value: onnx.ValueInfoProto) -> list[object]:
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]


def test_what_a_file_says_of_itself() -> None:
    model = to_onnx(CASES["relu"])
    assert (model.ir_version, model.producer_name, model.graph.name) == (10, "shiftwire", "network")
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 20), ("shiftwire", 1)]
    (x,), (y,) = model.graph.input, model.graph.output
    assert (x.name, x.type.tensor_type.elem_type, shapes(x)) == ("x", 1, ["N", 4, 6, 5])
    assert (y.name, y.type.tensor_type.elem_type, shapes(y)) == ("y", 1, ["N", 0, 0, 0])
    assert [(entry.key, entry.value) for entry in model.metadata_props] == [("shiftwire.input", "s8.4")]


@pytest.mark.parametrize(
    ("steps", "last", "outputs", "kind"),
    [
        ((), "y = ShiftDense", "y", onnx.TensorProto.FLOAT),
        ((Softmax(1),), "y_host0 = Softmax(y) axis=1", "y_host0", onnx.TensorProto.FLOAT),
        ((Softmax(1, is_log=True),), "y_host0 = LogSoftmax(y) axis=1", "y_host0", onnx.TensorProto.FLOAT),
        ((Largest(1),), "y_host0 = ArgMax(y) axis=1 keepdims=1", "y_host0", onnx.TensorProto.INT64),
        ((Largest(1, 2),), "y_host0: y_host0_values, y_host0 = TopK(y, y_host0_k) axis=1", "y_host0",
         onnx.TensorProto.INT64),
        ((Curve("tanh"), Largest(1)), "y_host1 = ArgMax(y_host0) axis=1 keepdims=1", "y_host1", onnx.TensorProto.INT64),
    ],
)  # fmt: skip
def test_the_last_node_is_the_ranking(steps: tuple[HostStep, ...], last: str, outputs: str, kind: int) -> None:
    given = CASES["shift_dense"]
    model = to_onnx(Network.of("x", given.input, given.nodes, "y", host_output=HostOutput(steps=steps)))
    assert lines_of(model)[-1].startswith(last)
    (y,) = model.graph.output
    assert (y.name, y.type.tensor_type.elem_type, len(shapes(y))) == (outputs, kind, 2)


HALF_EVEN, SIGN = FloatRounding.HALF_EVEN, FloatRounding.SIGN
SPELLED = [
    (FloatQuantizer(0.25, 0, -8, 7, HALF_EVEN), ("Quant", 0.25, 0, 4), (1, 0, "ROUND")),
    (FloatQuantizer(0.25, 0, -7, 7, HALF_EVEN), ("Quant", 0.25, 0, 4), (1, 1, "ROUND")),
    (FloatQuantizer(0.5, 0, 0, 15, FloatRounding.CEIL), ("Quant", 0.5, 0, 4), (0, 0, "CEIL")),
    (FloatQuantizer(0.5, 3, 0, 14, FloatRounding.HALF_UP), ("Quant", 0.5, 3, 4), (0, 1, "HALF_UP")),
    (FloatQuantizer(2.0, 0, 0, 1, FloatRounding.FLOOR), ("Quant", 2.0, 0, 1), (0, 0, "FLOOR")),
    (FloatQuantizer(1.0, 2, -1, 1, SIGN), ("Quant", 1.0, 2, 1), (1, 0, "ROUND")),
    (FloatQuantizer(0.5, 0, -1, 1, SIGN), ("BipolarQuant", 0.5, None, None), None),
]


@pytest.mark.parametrize(("quantizer", "inputs", "attributes"), SPELLED)
def test_a_quantizer_is_spelled_by_qonnx(
    quantizer: FloatQuantizer, inputs: tuple[object, ...], attributes: tuple[object, ...] | None
) -> None:
    """Operation, scale, zero point and width, then signed, narrow and rounding; read back it is the same."""
    form = Fixed(8, -int(np.log2(quantizer.scale)), signed=True)
    kind, roles, named = spelled(quantizer, form)
    wanted = {
        role: value
        for role, value in zip(("scale", "zeropt", "bitwidth"), inputs[1:], strict=True)
        if value is not None
    }
    assert (kind, dict(roles)) == (inputs[0], wanted)
    assert dict(named) == (
        dict(zip(("signed", "narrow", "rounding_mode"), attributes, strict=True)) if attributes else {}
    )
    assert all(isinstance(value, float) for value in roles.values())
    assert is_on_grid(quantizer, form)
    network = Network.of("x", Tensor((3,), quantizer_format(quantizer)), (Node("y", Relu(), ("x",)),), "y",
                         host_input=HostInput(True, quantizer=quantizer))  # fmt: skip
    model = to_onnx(network)
    roles_written = ", ".join(f"x_{role}" for role in wanted)
    assert lines_of(model)[0].startswith(f"x = {inputs[0]}(x_values, {roles_written})")
    assert model.graph.input[0].name == "x_values" and not model.metadata_props
    assert [(e.domain, e.version) for e in model.opset_import][1:] == [("shiftwire", 1), ("qonnx.custom_op.general", 1)]
    again = network_from_model(model)
    values = np.linspace(-20, 20, 63).reshape(-1, 3)
    codes = network.host_input.encode(values, network.input.format)
    assert np.array_equal(again.host_input.encode(values, again.input.format), codes)


def quantizer_format(quantizer: FloatQuantizer) -> Fixed:
    whole = quantizer.format
    return Fixed(whole.bits, -int(np.log2(quantizer.scale)), whole.signed)


@pytest.mark.parametrize(
    ("quantizer", "frac", "is_on"),
    [
        (FloatQuantizer(0.25, 0, -8, 7, HALF_EVEN), 2, True),
        (FloatQuantizer(0.25, 0, -8, 7, HALF_EVEN), 1, False),
        (FloatQuantizer(0.3, 0, -8, 7, HALF_EVEN), 2, False),
        (FloatQuantizer(0.3, 0, -1, 1, SIGN), 2, True),
        (FloatQuantizer(0.3, 1, -1, 1, SIGN), 2, False),
    ],
)
def test_signs_are_on_every_grid(quantizer: FloatQuantizer, frac: int, is_on: bool) -> None:
    assert is_on_grid(quantizer, Fixed(8, frac, signed=True)) == is_on


ENDS = [
    (HostInput(True, quantizer=FloatQuantizer(0.3, 0, -8, 7, HALF_EVEN)), HostOutput()),
    (HostInput(True), HostOutput(0.75)),
    (HostInput(True), HostOutput(channels=ChannelScale(np.linspace(0.3, 2, 5), np.linspace(-1, 1, 5)))),
]
"""Scales of the input, of the output and of its channels that are no powers of two."""


@pytest.mark.parametrize(("entry", "output"), ENDS)
def test_scales_of_any_kind_are_written(entry: HostInput, output: HostOutput, count: Any) -> None:
    dense = CASES["shift_dense"]
    form = dense.input.format if entry.quantizer is None else Fixed(4, 2, signed=True)
    network = Network.of("x", Tensor(dense.input.shape, form), dense.nodes, "y", host_input=entry, host_output=output)
    model = to_onnx(network)
    values = np.random.default_rng(5).normal(0, 3, (64, *dense.input.shape)).astype(np.float32)
    codes = network.evaluate(network.host_input.encode(values, form))
    made = run_onnx(model, values)
    assert np.array_equal(output.nearest(made, network.output.format), codes) and len(np.unique(codes)) > 4
    again = network_from_model(model)
    found = again.host_output.decode(
        again.evaluate(again.host_input.encode(values, again.input.format)), again.output.format
    )
    assert np.allclose(found, made, rtol=1e-6)
    count(onnxruntime_outputs=made.size)


def test_roundings_of_odd_scales_that_the_contract_cannot_say() -> None:
    relu, quantizer = CASES["relu"], FloatQuantizer(0.3, 0, -8, 7, FloatRounding.CEIL)
    with pytest.raises(
        InputError, match="zero point, or a rounding other than half to even, which the contract cannot say"
    ):
        to_onnx(Network.of("x", relu.input, relu.nodes, "y", host_input=HostInput(True, quantizer=quantizer)))


def test_wide_biases_and_codes() -> None:
    """int32 where it holds them, else int64."""
    for code, kind in ((2**31 - 1, "int32"), (2**31, "int64"), (-(2**31), "int64")):
        op = CASES["shift_dense_fine_bias"].nodes[0].op
        made = Network.of("x", Tensor((4,), Fixed(8, 4, signed=True)),
                          (Node("y", type(op)(op.weights, Bias(np.array([0, 1, code]), 9)), ("x",)),), "y")  # type: ignore[attr-defined,call-arg]  # fmt: skip
        tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in to_onnx(made).graph.initializer}
        assert tensors["y_bias"].dtype == kind and tensors["y_bias"].tolist() == [0, 1, code]


def test_a_plain_writer() -> None:
    network = CASES["add"]
    writer = Writer(network)
    plain_writer("Thing", axis=3)(writer, network.nodes[1].op, network.nodes[1])
    (made,) = writer.nodes
    assert (made.op_type, list(made.input), list(made.output), made.name, made.domain) == (
        "Thing", ["x", "coarse"], ["y"], "y", "",
    )  # fmt: skip
    assert helper.get_attribute_value(made.attribute[0]) == 3 and len(made.attribute) == 1


@pytest.mark.parametrize(
    "name",
    [
        "shift_conv_grouped",
        "adder_conv",
        "int_conv",
        "shift_conv",
        "shift_dense",
        "int_dense",
        "factored_conv",
        "factored_dense",
    ],
)
def test_a_reader_of_each_scheme(name: str) -> None:
    network = CASES[name]
    model = to_onnx(network)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    *spatial, channels = network.input.shape
    graph = Graph(constants, {"x": (channels, *spatial)}, ("y",))
    graph.enter("x", "x", network.input.format, HostInput())
    node = model.graph.node[0]
    scheme = node.op_type.removesuffix("Conv").removesuffix("Dense")
    module = conv if node.op_type.endswith("Conv") else dense
    view = View(node, constants)
    module._reader(KINDS[scheme].read)(view, graph)
    view.finish()
    again = graph.finished()
    codes = np.random.default_rng(1).integers(-8, 8, (4, *network.input.shape))
    assert again.output == network.output and [made.name for made in again.nodes] == ["y"]
    assert np.array_equal(again.evaluate(codes), network.evaluate(codes))


def test_a_reader_wants_weights_of_the_input() -> None:
    network = CASES["shift_conv"]
    model = to_onnx(network)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    graph = Graph(constants, {"x": (7,)}, ("y",))
    graph.enter("x", "x", network.input.format, HostInput())
    for module, words in ((conv, r"give \(out, channels / group, kernel\.\.\.\)"), (dense, r"give \(out, in\)")):
        with pytest.raises(InputError, match=words):
            module._reader(KINDS["Shift"].read)(View(model.graph.node[0], constants), graph)
