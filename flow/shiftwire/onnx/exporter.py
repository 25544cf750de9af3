"""Network to exact ONNX: the contract's nodes, each with its meaning in standard operations beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
import shiftwire_hls
from onnx import TensorProto, helper, numpy_helper
from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.host import Tail
from shiftwire.ir.network import Network, Node, Op
from shiftwire.ir.weights import Weights
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.quantizer_spelling import is_on_grid, spelled
from shiftwire.onnx.reading.graph import INPUT_FORMAT_KEY
from shiftwire.ops.add import Add
from shiftwire.ops.affine import Affine
from shiftwire.ops.concat import Concat
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.pad import Pad
from shiftwire.ops.pool import AveragePool, MaxPool, SumPool
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Threshold
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire_hls.quantizers import CONTRACT_DOMAIN, QONNX_DOMAINS

OPSET = 20
_Inputs = tuple[list[str], dict[str, int]]
"""Names of the initialisers behind x, and the attributes that go with them."""
IR_VERSION = 10


@dataclass
class _Writer:
    """Nodes and initialisers of a graph in the making."""

    network: Network
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initialisers: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, name: str, values: npt.NDArray[Any]) -> str:
        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        domain = attributes.pop("domain", "")
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))

    def custom(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self.node(kind, inputs, output, domain="shiftwire", **attributes)


def to_onnx(network: Network) -> onnx.ModelProto:
    """A model that plain runtimes execute and `import_onnx` reads back."""
    _require_grids(network)
    writer = _Writer(network)
    given = network.input_name
    if network.host_input.quantises:
        given = f"{network.input_name}_values"
        _host_quantizer(writer, given)
    for node in network.nodes:
        _WRITERS[type(node.op)](writer, node.op, node)
    custom = sorted({(node.domain, node.op_type) for node in writer.nodes if node.domain})
    foreign = sorted({domain for domain, _ in custom} - {CONTRACT_DOMAIN})
    model = helper.make_model(
        _graph(writer, network, given, _tail(writer, network)),
        opset_imports=[
            helper.make_opsetid("", OPSET),
            *(helper.make_opsetid(domain, 1) for domain in (CONTRACT_DOMAIN, *foreign)),
        ],
        ir_version=IR_VERSION,
        producer_name="shiftwire",
        functions=[onnx.parser.parse_function(shiftwire_hls.onnx_function(kind)) for _, kind in custom],
    )
    if not network.host_input.quantises:
        helper.set_model_props(model, {INPUT_FORMAT_KEY: str(network.input.format)})
    return model


def _require_grids(network: Network) -> None:
    """The contract knows grids of powers of two alone."""
    host, quantiser = network.host_output, network.host_input.quantiser
    is_off = quantiser is not None and not is_on_grid(quantiser, network.input.format)
    if is_off or host.channels is not None or host.scale != 1:
        raise InputError(
            "its input or output has a scale that is no power of two, which the contract cannot say; "
            "keep the file that it was imported from"
        )


def _graph(writer: _Writer, network: Network, given: str, made: str) -> onnx.GraphProto:
    *spatial, channels = network.input.shape
    x = helper.make_tensor_value_info(given, TensorProto.FLOAT, ["N", channels, *spatial])
    kind = TensorProto.INT64 if network.host_output.tail is Tail.ARGMAX else TensorProto.FLOAT
    y = helper.make_tensor_value_info(made, kind, ["N", *[None] * len(network.output.shape)])
    return helper.make_graph(writer.nodes, "network", [x], [y], writer.initialisers)


def _tail(writer: _Writer, network: Network) -> str:
    source, name = network.output_name, f"{network.output_name}_tail"
    match network.host_output.tail:
        case Tail.NONE:
            return source
        case Tail.SOFTMAX:
            writer.node("Softmax", [source], name, axis=1)
        case Tail.ARGMAX:
            writer.node("ArgMax", [source], name, axis=1)
        case Tail.TOPK:
            return source
    return name


def _narrowest(codes: Codes) -> npt.NDArray[Any]:
    """The smallest of the contract's integer types that holds the codes."""
    bits = Fixed.covering(int(codes.min()), int(codes.max()), 0).signed_bits
    kinds = [(8, np.int8), (16, np.int16), (32, np.int32)]
    return codes.astype(next((kind for limit, kind in kinds if bits <= limit), np.int64))


def _terms(
    writer: _Writer, weights: ShiftWeights, name: str, axis: int | None = None
) -> tuple[list[str], dict[str, int]]:
    """Initialisers and window of shift weights; `axis` is where the channels stand in the flow."""
    arrays = [weights.sign, weights.exponent]
    if axis is not None:
        arrays = [np.moveaxis(array, -1, axis) for array in arrays]
    names = [writer.constant(f"{name}_{kind}", a) for kind, a in zip(("sign", "exponent"), arrays, strict=True)]
    low, high = weights.window
    return names, {"exponent_min": low, "exponent_max": high}


def _bias(writer: _Writer, bias: Bias, name: str) -> _Inputs:
    narrow = bias.codes.astype(np.int32 if np.abs(bias.codes).max() < 1 << 31 else np.int64)
    return [writer.constant(f"{name}_bias", narrow)], {"bias_frac": bias.frac}


def _lane(writer: _Writer, weights: Weights, bias: Bias, name: str, is_conv: bool) -> _Inputs:
    """Inputs behind x and attributes of a layer of any lane; weights go channels first."""
    biases, bias_attributes = _bias(writer, bias, name) if weights.kind != "Adder" else ([], {})
    match weights:
        case Shift(terms):
            names, attributes = _terms(writer, terms, name, 2 if is_conv else None)
        case Adder(codes, grid) | Int(codes, grid):
            array = np.moveaxis(codes, -1, 1) if is_conv else codes
            names, attributes = [writer.constant(f"{name}_weight", _narrowest(array))], {"weight_frac": grid}
    return names + biases, attributes | bias_attributes


def _window(window: Window) -> dict[str, list[int]]:
    return {"strides": list(window.stride), "pads": [*window.begin, *window.end]}


def _dense(writer: _Writer, op: Dense, node: Node) -> None:
    _layer(writer, op, node, is_conv=False)


def _conv(writer: _Writer, op: Conv, node: Node) -> None:
    _layer(writer, op, node, is_conv=True, group=op.groups, **_window(op.window))


def _layer(writer: _Writer, op: Dense | Conv, node: Node, is_conv: bool, **window: Any) -> None:
    """A layer of any lane; the contract gives adder layers no bias, so theirs becomes an Affine behind them."""
    is_split = op.weights.kind == "Adder" and bool(op.bias.codes.any())
    output = f"{node.name}_distance" if is_split else node.name
    inputs, attributes = _lane(writer, op.weights, op.bias, node.name, is_conv)
    writer.custom(op.kind, [*node.inputs, *inputs], output, **window, **attributes)
    if is_split:
        one = np.ones((1, len(op.bias.codes)), np.int8)
        _affine(writer, Affine(ShiftWeights(one, np.zeros_like(one)), op.bias), Node(node.name, op, (output,)))


def _affine(writer: _Writer, op: Affine, node: Node) -> None:
    names, window = _terms(writer, op.scale, node.name)
    biases, frac = _bias(writer, op.bias, node.name)
    writer.custom("Affine", [*node.inputs, *names, *biases], node.name, **window, **frac)


def _threshold(writer: _Writer, op: Threshold, node: Node) -> None:
    names = [
        writer.constant(f"{node.name}_thresholds", op.thresholds),
        writer.constant(f"{node.name}_base", op.base.astype(np.int32)),
        writer.constant(f"{node.name}_step", op.step.astype(np.int32)),
    ]
    writer.custom("Threshold", [*node.inputs, *names], node.name, threshold_frac=op.x_frac, frac=op.frac)


def _requantize(writer: _Writer, op: Requantize, source: str, name: str) -> None:
    to = op.to
    attributes = {"bits": to.bits, "frac": to.frac, "signed": int(to.signed)}
    writer.custom("Requantize", [source], name, rounding=op.rounding.value, overflow=op.overflow.value, **attributes)


def _host_quantizer(writer: _Writer, given: str) -> None:
    """The leading quantiser: our own, or QONNX's where only that has its range, offset or rounding."""
    host, name, held = writer.network.host_input, writer.network.input_name, writer.network.input.format
    if host.quantiser is None:
        _requantize(writer, Requantize(held, host.rounding, host.overflow), given, name)
        return
    kind, inputs, attributes = spelled(host.quantiser, held)
    names = [writer.constant(f"{name}_{role}", np.array(value, np.float32)) for role, value in inputs.items()]
    writer.node(kind, [given, *names], name, domain=QONNX_DOMAINS[0], **attributes)


def _max_pool(writer: _Writer, op: MaxPool, node: Node) -> None:
    writer.node("MaxPool", list(node.inputs), node.name, kernel_shape=list(op.window.kernel), **_window(op.window))


def _average_pool(writer: _Writer, op: AveragePool, node: Node) -> None:
    shape = list(op.window.kernel)
    window = _window(op.window)
    writer.node("AveragePool", list(node.inputs), node.name, kernel_shape=shape, count_include_pad=1, **window)


def _sum_pool(writer: _Writer, op: SumPool, node: Node) -> None:
    """A depthwise convolution whose weights are all one: the contract has no sum of its own."""
    channels = writer.network.sources(node)[0].shape[-1]
    one = np.ones((1, channels, *op.window.kernel, 1), np.int8)
    conv = Conv(Shift(ShiftWeights(one, np.zeros_like(one))), Bias.none(channels), op.window, channels)
    _conv(writer, conv, node)


def _pad(writer: _Writer, op: Pad, node: Node) -> None:
    pads = np.array([0, 0, *op.begin, 0, 0, *op.end], np.int64)
    writer.node("Pad", [*node.inputs, writer.constant(f"{node.name}_pads", pads)], node.name)


def _plain(kind: str, **attributes: int) -> Callable[[_Writer, Op, Node], None]:
    def write(writer: _Writer, op: Op, node: Node) -> None:
        writer.node(kind, list(node.inputs), node.name, **attributes)

    return write


_WRITERS: dict[type[Op], Callable[[_Writer, Any, Node], None]] = {
    Dense: _dense,
    Conv: _conv,
    Affine: _affine,
    Threshold: _threshold,
    Requantize: lambda writer, op, node: _requantize(writer, op, node.inputs[0], node.name),
    MaxPool: _max_pool,
    AveragePool: _average_pool,
    SumPool: _sum_pool,
    Pad: _pad,
    Relu: _plain("Relu"),
    Flatten: _plain("Flatten", axis=1),
    Add: _plain("Add"),
    Concat: _plain("Concat", axis=1),
}
