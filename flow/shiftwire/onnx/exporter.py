"""Network to exact ONNX: the contract's nodes, each with its meaning in standard operations beside it."""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
import shiftwire_hls
from onnx import TensorProto, helper, numpy_helper
from shiftwire.errors import InputError
from shiftwire.ir.frames import FramedInput, FramedOutput, NetworkInput, NetworkOutput
from shiftwire.ir.host import HostInput, HostOutput
from shiftwire.ir.network import Network, Node
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.float_quantizer import FloatQuantizer
from shiftwire.onnx.canonical.draft import INPUT_FORMAT_KEY, input_key
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
    own = network if network.is_framed else _with_free_ends(network)
    entries = [_Entry(end, _host(end), own.tensors) for end in own.inputs]
    for entry in entries:
        _require_expressible(entry)
    writer = Writer(own)
    for entry in entries:
        if entry.name != entry.end.name:
            _host_quantizer(writer, entry, write_steps(writer, entry.host.steps, entry.name, entry.end.name))
    for node in own.nodes:
        WRITERS[type(node.op)](writer, node.op, node)
    outputs = [_output(writer, end) for end in own.outputs]
    custom = sorted({(node.domain, node.op_type) for node in writer.nodes if node.domain})
    foreign = sorted({domain for domain, _ in custom} - {CONTRACT_DOMAIN})
    model = helper.make_model(
        helper.make_graph(writer.nodes, "network", [each.info for each in entries], outputs, writer.initialisers),
        opset_imports=[
            helper.make_opsetid("", OPSET),
            *(helper.make_opsetid(domain, 1) for domain in (CONTRACT_DOMAIN, *foreign)),
        ],
        ir_version=IR_VERSION,
        producer_name="shiftwire",
        functions=[onnx.parser.parse_function(shiftwire_hls.onnx_function(kind)) for _, kind in custom],
    )
    plain = [each for each in entries if each.name == each.end.name]
    if plain:
        formats = {input_key(INPUT_FORMAT_KEY, each.name, len(entries)): str(each.end.tensor.format) for each in plain}
        helper.set_model_props(model, formats)
    return model


def with_constant_outputs(
    model: onnx.ModelProto, constants: Mapping[str, npt.NDArray[Any]], order: Sequence[str]
) -> onnx.ModelProto:
    """The model with outputs that are constants beside its own, in the order of the file's."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    names = {tensor.name for tensor in whole.graph.initializer}
    names |= {name for node in whole.graph.node for name in node.output} | {value.name for value in whole.graph.input}
    infos = {}
    for name, values in constants.items():
        if name in names:
            raise InputError(f"the graph output '{name}' is constant, and a layer has its name; drop the output")
        tensor = numpy_helper.from_array(values, name)
        whole.graph.node.append(helper.make_node("Constant", [], [name], name=name, value=tensor))
        infos[name] = helper.make_tensor_value_info(name, tensor.data_type, values.shape)
    del whole.graph.output[:]
    own = iter(model.graph.output)
    whole.graph.output.extend(infos[name] if name in infos else next(own) for name in order)
    return whole


@dataclass(frozen=True)
class _Entry:
    """An input; where the host has something to do, the file's own tensor has another name than the network's."""

    end: NetworkInput
    host: HostInput
    taken: Container[str]

    @property
    def name(self) -> str:
        if not (self.host.quantizes or self.host.steps):
            return self.end.name
        return self.end.label or next(name for name in _free(f"{self.end.name}_values") if name not in self.taken)

    @property
    def info(self) -> onnx.ValueInfoProto:
        """What the graph declares."""
        shape = self.host.model_shape(self.end.tensor.shape)
        return helper.make_tensor_value_info(self.name, TensorProto.FLOAT, ["N", *shape])


def _host(end: NetworkInput) -> HostInput:
    if isinstance(end.host, FramedInput):
        raise InputError("a frame of inputs is for hardware alone; export the network as it was read from its file")
    return end.host


def _with_free_ends(network: Network) -> Network:
    """The network in which each end has the caller's name as its label, and no tensor has one that the host makes."""
    taken = {*network.tensors, *(part.name for part in network.entries), *(part.name for part in network.exits)}
    renamed: dict[str, str] = {}
    ends: tuple[NetworkInput | NetworkOutput, ...] = (*network.inputs, *network.outputs)
    for end in ends:
        # another tensor may have the caller's name, and so may the network's own
        clash = end.label if end.label in network.tensors and end.label != end.name else end.name
        if clash not in renamed and (clash != end.name or _is_hosts(end)):
            renamed[clash] = next(name for name in _wishes(clash) if name not in taken)
            taken.add(renamed[clash])

    def of(name: str) -> str:
        return renamed.get(name, name)

    return Network(
        tuple(replace(end, name=of(end.name), label=end.label or end.name) for end in network.inputs),
        tuple(Node(of(node.name), node.op, tuple(map(of, node.inputs))) for node in network.nodes),
        tuple(replace(end, name=of(end.name), label=end.label or end.name) for end in network.outputs),
    )


def _is_hosts(end: NetworkInput | NetworkOutput) -> bool:
    """Whether the tensor of an end's own name is what the host reads or makes, and the network's is another one."""
    if end.label not in (None, end.name):
        return False
    if isinstance(end, NetworkInput):
        host = _host(end)
        return host.quantizes or bool(host.steps)
    return not isinstance(end.host, FramedOutput) and (end.host.is_scaled or bool(end.host.steps))


def _wishes(name: str) -> Iterator[str]:
    return _free(f"{name}_codes")


def _free(name: str) -> Iterator[str]:
    """A name, and others where that is taken."""
    return (f"{name}{'_' * count}" for count in itertools.count())


def is_expressible(network: Network) -> bool:
    """Whether a file can say what the host does to the inputs: any scale, where it rounds half to even."""
    return all(_is_expressible(_host(end).quantizer, end.tensor.format) for end in network.inputs)


def _is_expressible(quantizer: FloatQuantizer | None, format: Fixed) -> bool:
    return quantizer is None or is_on_grid(quantizer, format) or is_plain(quantizer)


def _require_expressible(entry: _Entry) -> None:
    if not _is_expressible(entry.host.quantizer, entry.end.tensor.format):
        raise InputError(
            "its input has a scale that is no power of two and an odd zero point, or a rounding other than half to "
            "even, which the contract cannot say; keep the file that it was imported from"
        )


def _output(writer: Writer, end: NetworkOutput) -> onnx.ValueInfoProto:
    """The host's steps behind an output, and what the graph declares."""
    tensor, host = writer.network.tensors[end.name], end.host
    if isinstance(host, FramedOutput):
        raise InputError("a frame of outputs is for hardware alone; export the network as it was read from its file")
    name = write_steps(writer, _output_steps(host, len(tensor.shape) + 1), end.name, end.label or end.name)
    if end.label not in (None, name):
        writer.node("Identity", [name], str(end.label))
        name = str(end.label)
    kind = TensorProto.INT64 if host.steps and isinstance(host.steps[-1], Largest) else TensorProto.FLOAT
    return helper.make_tensor_value_info(name, kind, ["N", *[None] * len(host.output_shape(tensor.shape))])


def _output_steps(host: HostOutput, rank: int) -> tuple[HostStep, ...]:
    """What turns an output's codes on their grid into the file's values."""
    if host.channels is None:
        return (Scale(np.array(host.scale, np.float32)), *host.steps) if host.scale != 1 else host.steps
    scale, offset = (
        row.astype(np.float32).reshape(-1, *[1] * (rank - 2)) for row in (host.channels.scale, host.channels.offset)
    )
    return (Scale(scale), Offset(offset), *host.steps)


def _host_quantizer(writer: Writer, entry: _Entry, source: str) -> None:
    """The leading quantizer: our own, or QONNX's where only that has its range, offset or rounding."""
    host, name, format = entry.host, entry.end.name, entry.end.tensor.format
    if host.quantizer is None:
        write_requantize(writer, Requantize(format, host.rounding, host.overflow), source, name)
        return
    if not is_on_grid(host.quantizer, format):
        _write_codes(writer, host.quantizer, source, entry)
        return
    kind, inputs, attributes = spelled(host.quantizer, format)
    names = [writer.constant(f"{name}_{role}", np.array(value, np.float32)) for role, value in inputs.items()]
    writer.node(kind, [source, *names], name, domain=QONNX_DOMAINS[0], **attributes)


def _write_codes(writer: Writer, quantizer: FloatQuantizer, source: str, entry: _Entry) -> None:
    """Codes of values in units of any scale, then on the network's own grid."""
    name = entry.end.name
    scale = writer.constant(f"{name}_scale", np.array(quantizer.scale, np.float32))
    low, high = (end - quantizer.zero_point for end in (quantizer.lo, quantizer.hi))
    writer.custom("Codes", [source, scale], f"{name}_codes", lo=low, hi=high)
    grid = writer.constant(f"{name}_grid", np.array(2.0**-entry.end.tensor.format.frac, np.float32))
    writer.node("Mul", [f"{name}_codes", grid], name)
