"""Activations that a file spells in several operations, such as x * sigmoid(x): all of them are functions of one x."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import onnx
from shiftwire.onnx.canonical.draft import is_standard

ARITHMETIC = ("Add", "Div", "Mul")
SEEDS = (
    *("And", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Log", "Not", "Or", "Sqrt", "Where", "Xor"),
)
"""Of these, the operations that no layer is by itself, and that begin a curve's end wherever they stand."""
BENDING = (
    *("Abs", "Celu", "Clip", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Mish", "PRelu"),
    *("Pow", "Reciprocal", "Relu", "Selu", "Sigmoid", "Softplus", "Softsign", "Swish", "Tanh"),
    *SEEDS,
)
"""Operations whose output at a place depends on one computed input there."""


@dataclass(frozen=True, eq=False)
class Spelled:
    """Operations between the tensor `source` and the one that the last node makes; nobody else reads those between."""

    source: str
    nodes: tuple[onnx.NodeProto, ...]

    @property
    def output(self) -> str:
        """What the last node makes."""
        return str(self.nodes[-1].output[0])

    @property
    def between(self) -> set[str]:
        """What the others make."""
        return {str(node.output[0]) for node in self.nodes[:-1]}


def spelled_curves(
    nodes: Sequence[onnx.NodeProto], constants: Collection[str], outputs: Collection[str]
) -> Iterator[Spelled]:
    """Products, quotients, choices and bent sums of functions of one tensor, with all that leads to them and behind.

    `outputs` are the graph's. Of several within each other the outermost.
    """
    origins = _origins(nodes, constants)
    taken: set[str] = set()
    for node in reversed(nodes):
        is_end = len(_computed(node, constants)) > 1 or is_standard(node, *SEEDS)
        if node.output[0] in taken or not is_end or node.output[0] not in origins:
            continue
        spelled = _widest(node, nodes, constants, outputs, origins)
        if spelled is not None:
            taken.update(str(inner.output[0]) for inner in spelled.nodes)
            yield _lengthened(spelled, nodes, constants, outputs)


def _widest(
    last: onnx.NodeProto,
    nodes: Sequence[onnx.NodeProto],
    constants: Collection[str],
    outputs: Collection[str],
    origins: Mapping[str, list[str]],
) -> Spelled | None:
    """From the nearest common tensor of what a node reads; of one tensor, from as far as no Relu makes a narrower one.

    None where others read what is between, and for a sum of lines.
    """
    line = origins[last.output[0]]
    for source in line[-1:] if len(_computed(last, constants)) > 1 else line:
        spelled = _spelled(last, nodes, constants, source)
        has_relu = source != line[-1] and any(node.op_type == "Relu" for node in spelled.nodes)
        if not has_relu and _is_bent(spelled, constants) and _is_closed(spelled, nodes, outputs):
            return spelled
    return None


def _computed(node: onnx.NodeProto, constants: Collection[str]) -> list[str]:
    return [str(name) for name in node.input if name and name not in constants]


def _origins(nodes: Sequence[onnx.NodeProto], constants: Collection[str]) -> dict[str, list[str]]:
    """Of each output of one of these operations, the tensors that it is a function of, the farthest first."""
    origins: dict[str, list[str]] = {}

    def line(name: str) -> list[str]:
        return [*origins.get(name, []), name]

    for node in nodes:
        computed = _computed(node, constants)
        if not is_standard(node, *ARITHMETIC, *BENDING) or not computed:
            continue
        common = [name for name in line(computed[0]) if all(name in line(other) for other in computed[1:])]
        if common:
            origins[node.output[0]] = common
    return origins


def _spelled(last: onnx.NodeProto, nodes: Sequence[onnx.NodeProto], constants: Collection[str], source: str) -> Spelled:
    """All nodes between a tensor and a node that is a function of it."""
    inside = {str(last.output[0])}
    for node in reversed(nodes):
        if node.output[0] in inside:
            inside.update(name for name in _computed(node, constants) if name != source)
    return Spelled(source, tuple(node for node in nodes if node.output[0] in inside))


def _is_bent(spelled: Spelled, constants: Collection[str]) -> bool:
    """Whether it is more than a sum of lines."""
    return any(node.op_type in BENDING or _is_product(node, constants) for node in spelled.nodes)


def _is_product(node: onnx.NodeProto, constants: Collection[str]) -> bool:
    return node.op_type in ("Mul", "Div") and len(_computed(node, constants)) == 2


def _is_closed(spelled: Spelled, nodes: Sequence[onnx.NodeProto], outputs: Collection[str]) -> bool:
    """Whether nobody else reads a tensor between."""
    between, own = spelled.between, {*spelled.between, spelled.output}
    return not between & set(outputs) and all(node.output[0] in own for node in nodes if between & set(node.input))


def _lengthened(
    spelled: Spelled, nodes: Sequence[onnx.NodeProto], constants: Collection[str], outputs: Collection[str]
) -> Spelled:
    """With the operations that follow one by one."""
    readers = [node for node in nodes if spelled.output in node.input]
    if spelled.output in outputs or len(readers) != 1 or len(_computed(readers[0], constants)) != 1:
        return spelled
    if not is_standard(readers[0], *ARITHMETIC, *BENDING):
        return spelled
    return _lengthened(Spelled(spelled.source, (*spelled.nodes, readers[0])), nodes, constants, outputs)
