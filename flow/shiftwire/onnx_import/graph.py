"""What the importer knows so far: names, tensors and the nodes made."""

from __future__ import annotations

from dataclasses import dataclass, field

from shiftwire.errors import InputError
from shiftwire.fixed import Fixed
from shiftwire.host import HostInput, HostOutput
from shiftwire.network import Network, Node, Op, Tensor
from shiftwire.onnx_import.names import sanitised
from shiftwire.onnx_import.view import Constants, View

INPUT_FORMAT_KEY = "shiftwire.input"
"""Metadata key that names the input's format in a file without a leading quantiser."""


@dataclass
class Graph:
    """A network in the making; `known` maps ONNX names to the flow's names.

    `onnx_input` and `onnx_output` are the graph's own; `input_shape` is channels last, without the
    batch, which is `batch` where the file fixes it.
    """

    constants: Constants
    onnx_input: str
    onnx_output: str
    input_shape: tuple[int, ...]
    batch: int | None = None
    known: dict[str, str] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    host_input: HostInput = field(default_factory=HostInput)
    host_output: HostOutput = field(default_factory=HostOutput)

    def enter(self, onnx_name: str, held: Fixed, host: HostInput) -> None:
        """The graph input becomes codes of `held`; `onnx_name` is where the ONNX graph has them."""
        name = sanitised(self.onnx_input, ())
        self.tensors[name] = Tensor(self.input_shape, held)
        self.known[onnx_name] = name
        self.host_input = host

    def is_raw_input(self, onnx_name: str) -> bool:
        """Whether a tensor is the graph input before anything gave it a format."""
        return onnx_name == self.onnx_input and not self.tensors

    def source(self, onnx_name: str) -> str:
        """The flow's name of a tensor that earlier nodes made."""
        if onnx_name in self.known:
            return self.known[onnx_name]
        if onnx_name in self.constants:
            raise InputError(f"it computes with the constant '{onnx_name}', which this operation does not take")
        raise InputError(
            f"it reads '{onnx_name}', a float tensor on no known grid; quantise it by a Quant node behind the graph "
            f"input, or name the input's format in the metadata '{INPUT_FORMAT_KEY}'"
        )

    def tensor(self, onnx_name: str) -> Tensor:
        return self.tensors[self.source(onnx_name)]

    def append(self, op: Op, inputs: tuple[str, ...], name: str) -> str:
        """A new node that reads the flow's `inputs`; returns the name it was given."""
        unique = sanitised(name, self.tensors)
        self.tensors[unique] = op.infer(*(self.tensors[source] for source in inputs))
        self.nodes.append(Node(unique, op, inputs))
        return unique

    def emit(self, view: View, op: Op, *onnx_inputs: str) -> None:
        """The node that makes what the ONNX node makes."""
        self.known[view.output] = self.append(op, tuple(self.source(name) for name in onnx_inputs), view.output)

    def finished(self) -> Network:
        """The network from the graph input to the graph output."""
        output = self.source(self.onnx_output)
        name, *_ = self.tensors
        return Network(name, self.tensors[name], tuple(self.nodes), output, self.host_input, self.host_output)
