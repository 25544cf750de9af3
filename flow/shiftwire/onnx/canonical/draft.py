"""An ONNX graph that rewrites may edit: nodes in order, constants as arrays, static shapes of all tensors."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from onnx import helper, numpy_helper
from shiftwire.errors import noted
from shiftwire.onnx.canonical.opset import kind_in_file
from shiftwire.onnx.canonical.shapes import Value, axes_from_first, inferred
from shiftwire_hls.quantizers import find_quantizer

INPUT_FORMAT_KEY = "shiftwire.input"
"""Metadata key that names the input's format in a file without a leading quantizer."""


INTEGER_INPUT_KEY = "shiftwire.integer_input"
"""The same of a canonical model whose file has an input of an integer type."""


def input_key(key: str, name: str, inputs: int) -> str:
    """Either key of one of so many inputs: of several, each has its name behind it."""
    return key if inputs == 1 else f"{key}.{name}"


REDUCTIONS = ("ReduceMean", "ReduceMax")
"""What takes one number of many, along axes that a file names."""

SCALING = ("Mul", "Div", "Add", "Sub")
"""What a file may do to a quantized constant that leaves it one."""


@dataclass
class Draft:
    """A graph in the making; `inputs` are those that are no initialisers.

    `values` holds the static shape and type of every tensor, as of the last `infer`.
    Shapes are those at the batch `PROBE` where the file leaves the batch open.
    `constants` only ever grow, by `constant` and `define`: none is replaced, and none can be written to.
    """

    model: onnx.ModelProto
    inputs: list[onnx.ValueInfoProto]
    nodes: list[onnx.NodeProto]
    constants: Mapping[str, npt.NDArray[Any]]
    values: dict[str, Value] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    """The file's own names of constants that stand for others."""
    rounded: set[str] = field(default_factory=set)
    """Constants that the file rounds to whole numbers."""
    notes: dict[str, str] = field(default_factory=dict)
    """Metadata that the file gets beside its own."""
    types: Mapping[str, int] = field(default_factory=dict)
    """ONNX's element types of the file's own constants, of which numpy knows some by larger ones."""

    @classmethod
    def of(cls, model: onnx.ModelProto) -> Draft:
        """A copy: the model itself is never edited."""
        constants = {tensor.name: _fixed(numpy_helper.to_array(tensor)) for tensor in model.graph.initializer}
        nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in model.graph.node]
        inputs = [_copied(value) for value in model.graph.input if value.name not in constants]
        types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
        types |= {
            node.output[0]: entry.t.data_type
            for node in nodes
            for entry in node.attribute
            if node.op_type == "Constant" and entry.HasField("t")
        }
        return cls(model, inputs, nodes, MappingProxyType(constants), types=types)

    @property
    def outputs(self) -> set[str]:
        """Names of the graph's outputs, which no rewrite may change."""
        return {value.name for value in self.model.graph.output}

    def infer(self) -> None:
        """Shapes of everything as the graph is now."""
        self.values = inferred(self.model, self.inputs, self.nodes, self.constants)

    def shape(self, name: str) -> tuple[int, ...] | None:
        """Static shape, None where inference does not reach."""
        if name in self.constants:
            return self.constants[name].shape
        return self.values[name].shape if name in self.values else None

    def producer(self, name: str) -> onnx.NodeProto | None:
        """The node whose output a tensor is; None for graph inputs and constants."""
        return next((node for node in self.nodes if name in node.output), None)

    def consumers(self, name: str) -> list[onnx.NodeProto]:
        """Nodes that need a tensor, loop bodies included; the graph's outputs are no consumers."""
        return [node for node in self.nodes if name in reads(node)]

    def is_read_once(self, name: str) -> bool:
        """Whether one node alone sees the tensor, so that its producer may be merged into that node."""
        return len(self.consumers(name)) == 1 and name not in self.outputs

    def is_parameter(self, name: str) -> bool:
        """Whether a tensor is a constant, possibly quantized in the graph, where it must stay visible."""
        if name in self.constants:
            return True
        producer = self.producer(name)
        if producer is None or not (is_quantizer(producer) or is_standard(producer, "Transpose", *SCALING)):
            return False
        if is_standard(producer, *SCALING) and all(part in self.constants for part in producer.input):
            return False
        return all(map(self.is_parameter, filter(None, producer.input)))

    def constant(self, wish: str, values: npt.NDArray[Any], origin: str | None = None) -> str:
        """A new initialiser; returns the name it was given. `origin` is the constant that it stands for."""
        name = self.fresh(wish)
        if origin is not None:
            self.origins[name] = self.origins.get(origin, origin)
        self.define({name: values})
        return name

    def define(self, values: Mapping[str, npt.NDArray[Any]]) -> None:
        """New initialisers under names that no initialiser has."""
        if taken := values.keys() & self.constants.keys():
            raise ValueError(f"the constants {', '.join(sorted(taken))} are there already; none is ever replaced")
        self.constants = MappingProxyType({**self.constants, **{name: _fixed(values[name]) for name in values}})

    def fresh(self, wish: str, beside: Collection[str] = ()) -> str:
        """`wish`, or `wish_2` and so on where a tensor has that name, or one `beside` it that no node makes yet."""
        taken = {*beside} | {output for node in self.nodes for output in node.output} | set(self.constants)
        taken |= {value.name for value in self.inputs}
        names = (wish if at == 1 else f"{wish}_{at}" for at in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)

    def restore_names(self) -> None:
        """Constants that alone stand for one of the file's get its name, which a sentence may then name."""
        standing = {name: origin for name, origin in self.origins.items() if name in self.constants}
        names = {
            name: origin
            for name, origin in standing.items()
            if list(standing.values()).count(origin) == 1 and self.fresh(origin) == origin
        }
        for name, origin in names.items():
            self._rename(name, origin)
        self.constants = MappingProxyType({names.get(name, name): array for name, array in self.constants.items()})

    def rename_output(self, node: onnx.NodeProto, name: str, wish: str) -> str:
        """A node's output under a new name, which its readers then read; returns that name."""
        inner = self.fresh(wish)
        node.output[list(node.output).index(name)] = inner
        self._rename(name, inner)
        return inner

    def replace(self, old: onnx.NodeProto, *new: onnx.NodeProto) -> None:
        """Put nodes where another stood."""
        at = next(at for at, node in enumerate(self.nodes) if node is old)
        self.nodes[at : at + 1] = new

    def bypass(self, node: onnx.NodeProto) -> None:
        """Drop a node that changes nothing: its readers read its input; the graph's output keeps its name."""
        source, output = node.input[0], node.output[0]
        if output not in self.outputs:
            self._rename(output, source)
            self.replace(node)
            return
        producer = self.producer(source)
        if producer is None or source in self.outputs or len(producer.output) > 1:
            self.replace(node, helper.make_node("Identity", [source], [output], name=node.name))
            return
        self.replace(node)
        self._rename(source, output)
        producer.output[0] = output

    def _rename(self, old: str, new: str) -> None:
        for node in self.nodes:
            for at, name in enumerate(node.input):
                if name == old:
                    node.input[at] = new

    def sweep(self) -> None:
        """Drop nodes and constants that nobody reads."""
        read = set(self.outputs)
        kept = []
        for node in reversed(self.nodes):
            if read & set(node.output):
                read.update(reads(node))
                kept.append(node)
        self.nodes = kept[::-1]
        self.constants = MappingProxyType({name: value for name, value in self.constants.items() if name in read})


def _copied(value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    copy = onnx.ValueInfoProto()
    copy.CopyFrom(value)
    return copy


def _fixed(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A copy that nobody can write to."""
    copied = np.array(values, order="C")
    copied.flags.writeable = False
    return copied


def reads(node: onnx.NodeProto) -> Iterator[str]:
    """Every tensor a node needs, those of its loop bodies and branches too."""
    yield from filter(None, node.input)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from reads(inner)


def attribute(node: onnx.NodeProto, name: str, default: Any = None) -> Any:
    """An attribute's value, text as str."""
    value = next((helper.get_attribute_value(entry) for entry in node.attribute if entry.name == name), default)
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else value


def place_of(node: onnx.NodeProto) -> str:
    """Where a sentence about a node points to."""
    return f"in node '{node.name or node.output[0]}' ({kind_in_file(node)})"


def axes_of(node: onnx.NodeProto, named: Iterable[int], rank: int) -> list[int]:
    """The axes that a node names, from the first; raises InputError as `axes_from_first` does, with the node."""
    with noted(place_of(node)):
        return axes_from_first(named, rank)


def pad_sizes(draft: Draft, pad: onnx.NodeProto, rank: int) -> npt.NDArray[np.int64] | None:
    """Begins and ends (2, rank) of a Pad; None where they are computed, or are not two an axis."""
    sizes = draft.constants.get(pad.input[1]) if len(pad.input) > 1 else None
    axes = list(range(rank))
    if len(pad.input) > 3 and pad.input[3]:
        if pad.input[3] not in draft.constants:
            return None
        axes = axes_of(pad, draft.constants[pad.input[3]].ravel(), rank)
    if sizes is None or sizes.size != 2 * len(axes):
        return None
    full = np.zeros((2, rank), np.int64)
    full[:, axes] = sizes.reshape(2, -1)
    return full


def remade(node: onnx.NodeProto, kind: str, inputs: Sequence[str], **attributes: Any) -> onnx.NodeProto:
    """A node of another kind that makes what `node` made, under its name."""
    return helper.make_node(kind, list(inputs), [node.output[0]], name=node.name, **attributes)


def is_standard(node: onnx.NodeProto, *kinds: str) -> bool:
    """Whether a node is one of ONNX's own operations of these kinds."""
    return node.domain in ("", "ai.onnx") and node.op_type in kinds


def is_quantizer(node: onnx.NodeProto) -> bool:
    """Whether a node puts its first input on a grid and keeps its shape."""
    return find_quantizer(node.domain, node.op_type) is not None
