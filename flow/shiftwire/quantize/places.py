"""Where a tensor stands in a float graph: who reads it, and whether it is what the network gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import onnx
from shiftwire.errors import InputError
from shiftwire.ops.layers import WEIGHTED_LAYERS
from shiftwire.quantize.scaling import EXACT_BITS, MOST_BITS

WEIGHTED = {"Conv", "Gemm", "MatMul", *WEIGHTED_LAYERS}
MOVES = {"Flatten", "Reshape", "Identity", "Transpose", "Slice", "Gather", "DepthToSpace", "SpaceToDepth", "Spread"}
TAILS = MOVES | {"Softmax", "LogSoftmax", "Sigmoid", "Tanh", "ArgMax", "TopK"}
FRONT = {"Mul", "Add", "Div", "Clip", "BatchNormalization", "Transpose", "Reshape", "Flatten", "Identity"}
"""Operations that the host does where they stand in front of the first layer."""
WHOLE = MOVES | {"Add", "Concat", "Mul", "Div", "BatchNormalization", "MaxPool", "AveragePool", "GlobalAveragePool",
                 "Pad", "Resize"}  # fmt: skip
"""Operations that round nothing, so that what they read reaches what they make with every bit."""
RANKINGS = ("ArgMax", "TopK")
"""Operations that are left to the host at a network's end."""


@dataclass(frozen=True)
class Places:
    """Nodes in their order, and the names of the graph's outputs."""

    nodes: Sequence[onnx.NodeProto]
    outputs: Sequence[str]

    def readers(self, onnx_name: str) -> list[onnx.NodeProto]:
        """The ONNX nodes, not the network's own, that read a tensor."""
        return [node for node in self.nodes if onnx_name in node.input]

    def follower(self, onnx_name: str, kind: str) -> onnx.NodeProto | None:
        """The only node that reads a tensor, if it is of the kind."""
        readers = self.readers(onnx_name)
        is_only = len(readers) == 1 and onnx_name not in self.outputs
        return readers[0] if is_only and readers[0].op_type == kind else None

    def is_last(self, onnx_name: str) -> bool:
        """Whether a tensor is an output of the network, apart from its shape and what the host ranks."""
        while onnx_name not in self.outputs:
            readers = self.readers(onnx_name)
            if len(readers) != 1 or readers[0].op_type not in TAILS:
                return False
            onnx_name = readers[0].output[0]
        return True

    def most_bits(self, onnx_name: str) -> int:
        """Of a tensor: what float32 repeats, where every bit of it reaches an output."""
        return EXACT_BITS if self._reaches_an_end(onnx_name) else MOST_BITS

    def _reaches_an_end(self, onnx_name: str) -> bool:
        if self.is_last(onnx_name):
            return True
        behind = [node for node in self.readers(onnx_name) if node.op_type in WHOLE or self.is_last(node.output[0])]
        return any(node.op_type not in WEIGHTED and self._reaches_an_end(node.output[0]) for node in behind)


def require_apart(model: onnx.ModelProto) -> None:
    """Raise InputError for an output that is an input itself."""
    inputs = {value.name for value in model.graph.input}
    for value in model.graph.output:
        if value.name in inputs:
            raise InputError(
                f"'{value.name}' is an input of the graph and an output as well, which a caller has anyway; drop that "
                "output, or put an Identity in between"
            )


def ranked(model: onnx.ModelProto, name: str) -> str:
    """What a ranking at the end of a file reads, behind which stand at most nodes that change nothing; else `name`."""
    makers = {output: node for node in model.graph.node for output in node.output}
    at = name
    while at in makers:
        at, kind = str(makers[at].input[0]), makers[at].op_type
        if kind in RANKINGS:
            return at
    return name
