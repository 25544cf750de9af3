"""How one layer stands in ONNX: the operations that it is read from, and the node that it is written as."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shiftwire.ir.network import Node, Op
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.writer import Writer

Reader = Callable[[View, Graph], None]
"""Puts what a node makes into the graph; raises InputError for a node that it cannot read."""

OpWriter = Callable[[Writer, Any, Node], None]
"""Writes an op, which is of the class that it stands under, as the node of a name."""


@dataclass(frozen=True)
class OnnxLayer:
    """Readers by domain and operation (the default domain is ''), writers by class of op."""

    readers: Mapping[tuple[str, str], Reader] = field(default_factory=dict)
    writers: Mapping[type[Op], OpWriter] = field(default_factory=dict)


def plain_writer(kind: str, **attributes: int) -> OpWriter:
    """A node of ONNX's own operation of a name, with nothing but its inputs and some attributes."""

    def write(writer: Writer, op: Op, node: Node) -> None:
        writer.node(kind, list(node.inputs), node.name, **attributes)

    return write


def identity(view: View, graph: Graph) -> None:
    """What a node makes is what it reads."""
    source = view.inputs[0]
    if graph.is_raw(source):
        graph.raw[view.output] = graph.raw[source]
    elif source in graph.joined:
        graph.joined[view.output] = graph.joined[source]
    elif source in graph.tabulated:
        graph.tabulated[view.output] = graph.tabulated[source]
    elif source in graph.tails:
        graph.tails[view.output] = graph.tails[source]
    else:
        graph.put(view, *graph.opened(source))
