"""What the exporter has written so far: nodes and initialisers of a graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from onnx import helper, numpy_helper
from shiftwire.ir.network import Network

Inputs = tuple[list[str], dict[str, Any]]
"""Names of the initialisers behind x, and the attributes that go with them."""


@dataclass
class Writer:
    """Nodes and initialisers of a graph in the making."""

    network: Network
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initialisers: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, name: str, values: npt.NDArray[Any]) -> str:
        """Add an initialiser; returns its name."""
        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        """Add a node, called after its one output; `domain` is one of the attributes, the default is ONNX's own."""
        domain = attributes.pop("domain", "")
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))

    def largest(self, source: str, count: str, output: str, axis: int) -> None:
        """A TopK of which `output` has the indices."""
        self.nodes.append(
            helper.make_node("TopK", [source, count], [f"{output}_values", output], name=output, axis=axis)
        )

    def custom(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        """Add a node of the domain `shiftwire`."""
        self.node(kind, inputs, output, domain="shiftwire", **attributes)
