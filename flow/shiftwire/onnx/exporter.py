"""Network to exact ONNX: the contract's nodes, each with its meaning in standard operations beside it."""

from __future__ import annotations

import numpy as np

import onnx
import shiftwire_hls
from onnx import TensorProto, helper
from shiftwire.errors import InputError
from shiftwire.ir.network import Network
from shiftwire.numbers.float_quantizer import FloatQuantizer
from shiftwire.onnx.canonical.draft import INPUT_FORMAT_KEY
from shiftwire.onnx.context.writer import Writer
from shiftwire.onnx.host_ends import write_steps
from shiftwire.onnx.layers import WRITERS
from shiftwire.onnx.ops.quantizers import write_requantize
from shiftwire.onnx.quantizer_spelling import is_on_grid, is_plain, spelled
from shiftwire.ops.requantize import Requantize
from shiftwire_boards.runtime.host_steps import HostStep, Largest, Offset, Scale
from shiftwire_hls.quantizers import CONTRACT_DOMAIN, QONNX_DOMAINS

OPSET = 20
IR_VERSION = 10


def to_onnx(network: Network) -> onnx.ModelProto:
    """A model that plain runtimes execute and `import_onnx` reads back."""
    _require_expressible(network)
    writer = Writer(network)
    name = network.input_name
    if network.host_input.quantizes or network.host_input.steps:
        name = f"{network.input_name}_values"
        front = write_steps(writer, network.host_input.steps, name, network.input_name)
        _host_quantizer(writer, front)
    for node in network.nodes:
        WRITERS[type(node.op)](writer, node.op, node)
    custom = sorted({(node.domain, node.op_type) for node in writer.nodes if node.domain})
    foreign = sorted({domain for domain, _ in custom} - {CONTRACT_DOMAIN})
    model = helper.make_model(
        _graph(writer, network, name, write_steps(writer, _output_steps(network), network.output_name)),
        opset_imports=[
            helper.make_opsetid("", OPSET),
            *(helper.make_opsetid(domain, 1) for domain in (CONTRACT_DOMAIN, *foreign)),
        ],
        ir_version=IR_VERSION,
        producer_name="shiftwire",
        functions=[onnx.parser.parse_function(shiftwire_hls.onnx_function(kind)) for _, kind in custom],
    )
    if name == network.input_name:
        helper.set_model_props(model, {INPUT_FORMAT_KEY: str(network.input.format)})
    return model


def is_expressible(network: Network) -> bool:
    """Whether a file can say what the host does to the input: any scale, where it rounds half to even."""
    quantizer = network.host_input.quantizer
    return quantizer is None or is_on_grid(quantizer, network.input.format) or is_plain(quantizer)


def _require_expressible(network: Network) -> None:
    if not is_expressible(network):
        raise InputError(
            "its input has a scale that is no power of two and an odd zero point, or a rounding other than half to "
            "even, which the contract cannot say; keep the file that it was imported from"
        )


def _output_steps(network: Network) -> tuple[HostStep, ...]:
    """What turns the output's codes on their grid into the file's values."""
    host, rank = network.host_output, len(network.output.shape) + 1
    if host.channels is None:
        return (Scale(np.array(host.scale, np.float32)), *host.steps) if host.scale != 1 else host.steps
    scale, offset = (
        row.astype(np.float32).reshape(-1, *[1] * (rank - 2)) for row in (host.channels.scale, host.channels.offset)
    )
    return (Scale(scale), Offset(offset), *host.steps)


def _graph(writer: Writer, network: Network, input_name: str, output_name: str) -> onnx.GraphProto:
    x = helper.make_tensor_value_info(
        input_name, TensorProto.FLOAT, ["N", *network.host_input.model_shape(network.input.shape)]
    )
    steps = network.host_output.steps
    kind = TensorProto.INT64 if steps and isinstance(steps[-1], Largest) else TensorProto.FLOAT
    shape = network.host_output.output_shape(network.output.shape)
    y = helper.make_tensor_value_info(output_name, kind, ["N", *[None] * len(shape)])
    return helper.make_graph(writer.nodes, "network", [x], [y], writer.initialisers)


def _host_quantizer(writer: Writer, source: str) -> None:
    """The leading quantizer: our own, or QONNX's where only that has its range, offset or rounding."""
    host, name, format = writer.network.host_input, writer.network.input_name, writer.network.input.format
    if host.quantizer is None:
        write_requantize(writer, Requantize(format, host.rounding, host.overflow), source, name)
        return
    if not is_on_grid(host.quantizer, format):
        _write_codes(writer, host.quantizer, source, name)
        return
    kind, inputs, attributes = spelled(host.quantizer, format)
    names = [writer.constant(f"{name}_{role}", np.array(value, np.float32)) for role, value in inputs.items()]
    writer.node(kind, [source, *names], name, domain=QONNX_DOMAINS[0], **attributes)


def _write_codes(writer: Writer, quantizer: FloatQuantizer, source: str, name: str) -> None:
    """Codes of values in units of any scale, then on the network's own grid."""
    scale = writer.constant(f"{name}_scale", np.array(quantizer.scale, np.float32))
    low, high = (end - quantizer.zero_point for end in (quantizer.lo, quantizer.hi))
    writer.custom("Codes", [source, scale], f"{name}_codes", lo=low, hi=high)
    grid = writer.constant(f"{name}_grid", np.array(2.0**-writer.network.input.format.frac, np.float32))
    writer.node("Mul", [f"{name}_codes", grid], name)
