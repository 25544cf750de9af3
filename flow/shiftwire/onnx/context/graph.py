"""What the importer knows so far: names, tensors and the nodes made."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from shiftwire.errors import InputError
from shiftwire.ir.host import ChannelScale, HostInput, HostOutput
from shiftwire.ir.network import Network, NetworkInput, NetworkOutput, Node, Op, Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.context.names import sanitised
from shiftwire.onnx.context.parameter import IntegerWeights, Parameter
from shiftwire.onnx.context.pending import RELU, Pending
from shiftwire.onnx.context.view import Constants, View
from shiftwire.ops.relu import Relu

INPUT_FORMAT_KEY = "shiftwire.input"
"""Metadata key that names the input's format in a file without a leading quantizer."""


@dataclass
class Graph:
    """A network in the making; `known` maps ONNX names to the flow's names, `parameters` to quantized weights.

    `pending` holds what a tensor's values are beyond its codes; no entry where there is nothing.
    `onnx_input` and `onnx_output` are the graph's own; `input_shape` is channels last, without the batch, which
    is `batch` where the file fixes it.
    """

    constants: Constants
    onnx_input: str
    onnx_output: str
    input_shape: tuple[int, ...]
    batch: int | None = None
    known: dict[str, str] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    pending: dict[str, Pending] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    rectified: str | None = None
    """Relu of the graph input, where the file begins with one; an unsigned quantizer behind it does its work."""
    integer_weights: IntegerWeights = IntegerWeights.TERMS
    host_input: HostInput = field(default_factory=HostInput)
    host_output: HostOutput = field(default_factory=HostOutput)

    def enter(self, onnx_name: str, format: Fixed, host: HostInput) -> None:
        """The graph input becomes codes of `format`; `onnx_name` is where the ONNX graph has them."""
        name = sanitised(self.onnx_input, ())
        self.tensors[name] = Tensor(self.input_shape, format)
        self.known[onnx_name] = name
        self.host_input = host

    def is_raw_input(self, onnx_name: str) -> bool:
        """Whether a tensor is the graph input, or its Relu, before anything gave it a format."""
        return onnx_name in (self.onnx_input, self.rectified) and not self.tensors

    def source(self, onnx_name: str) -> str:
        """The flow's name of a tensor that earlier nodes made, whose values are its codes and nothing more."""
        name, pending = self.scaled(onnx_name)
        if not pending.is_none:
            raise InputError(
                f"it reads '{onnx_name}', whose scale is no power of two; "
                "quantize it with a power-of-two scale in front of this operation"
            )
        return name

    def opened(self, onnx_name: str) -> tuple[str, Pending]:
        """The flow's name of a tensor, and what is pending on it."""
        if onnx_name in self.known:
            return self.known[onnx_name], self.pending.get(onnx_name, Pending.none())
        if onnx_name in self.constants or onnx_name in self.parameters:
            raise InputError(f"it computes with the constant '{onnx_name}', which this operation does not take")
        shown = self.onnx_input if onnx_name == self.rectified else onnx_name
        raise InputError(
            f"it reads '{shown}', a float tensor on no known grid; quantize it by a Quant node behind the graph "
            f"input, or name the input's format in the metadata '{INPUT_FORMAT_KEY}'"
        )

    def scaled(self, onnx_name: str) -> tuple[str, Pending]:
        """As `opened`, with nothing but a scale pending; a Relu that waits is built."""
        name, pending = self.opened(onnx_name)
        if pending.steps == (RELU,):
            pending = Pending(pending.scale)
            name = self.append(Relu(), (name,), onnx_name)
            self.known[onnx_name], self.pending[onnx_name] = name, pending
        if pending.steps:
            raise InputError(
                f"it reads '{onnx_name}', float values behind a float scale, bias or batch norm; "
                "quantize them by a Quant node in front of this operation"
            )
        return name, pending

    def tensor(self, onnx_name: str) -> Tensor:
        """Shape and format of a tensor by its ONNX name; raises InputError for one on no known grid."""
        return self.tensors[self.opened(onnx_name)[0]]

    def append(self, op: Op, inputs: tuple[str, ...], name: str) -> str:
        """A new node that reads the flow's `inputs`; returns the name it was given."""
        unique = sanitised(name, self.tensors)
        self.tensors[unique] = op.infer(*(self.tensors[source] for source in inputs))
        self.nodes.append(Node(unique, op, inputs))
        return unique

    def emit(self, view: View, op: Op, *onnx_inputs: str) -> None:
        """The node that makes what the ONNX node makes."""
        self.known[view.output] = self.append(op, tuple(self.source(name) for name in onnx_inputs), view.output)

    def put(self, view: View, name: str, pending: Pending) -> None:
        """What the ONNX node makes: the flow's tensor `name`, and what is pending on it."""
        self.known[view.output] = name
        if not pending.is_none:
            self.pending[view.output] = pending

    def keep(self, view: View, op: Op, onnx_input: str) -> None:
        """A node that moves or selects values, so that their scale stays."""
        name, pending = self.scaled(onnx_input)
        self.put(view, self.append(op, (name,), view.output), pending)

    def finished(self) -> Network:
        """The network from the graph input to the graph output."""
        output, pending = self.opened(self.onnx_output)
        if pending.steps == (RELU,):
            output, pending = self.scaled(self.onnx_output)
        name, *_ = self.tensors
        host_output = replace(self.host_output, **_undone(pending, self.tensors[output].shape[-1]))
        entry = NetworkInput(name, self.tensors[name], self.host_input)
        return Network((entry,), tuple(self.nodes), (NetworkOutput(output, host_output),))


def _undone(pending: Pending, channels: int) -> dict[str, Any]:
    """Fields of HostOutput that turn codes into the file's own values."""
    if not pending.steps and not pending.scale.ndim:
        return {"scale": float(pending.scale)}
    scale, offset = pending.line(channels)
    return {"channels": ChannelScale(scale, offset)}
