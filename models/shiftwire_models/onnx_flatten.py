"""torch.flatten and view reach ONNX as arithmetic on shapes; the contract says Flatten."""

import math

import onnx
from onnx import helper


def flatten_reshapes(graph: onnx.GraphProto) -> None:
    """Turn each Reshape from (batch, ...) to (batch, all the rest) into Flatten, and drop what nothing reads then."""
    shapes = {value.name: _sizes(value) for value in (*graph.input, *graph.value_info)}
    for node in graph.node:
        if node.op_type == "Reshape" and _is_flatten(shapes.get(node.input[0]), shapes.get(node.output[0])):
            node.op_type = "Flatten"
            del node.input[1:]
            del node.attribute[:]
            node.attribute.append(helper.make_attribute("axis", 1))
    _drop_unread(graph)


def _sizes(value: onnx.ValueInfoProto) -> list[int]:
    """0 stands for a size that is no number, such as the batch's."""
    return [int(dim.dim_value) for dim in value.type.tensor_type.shape.dim]


def _is_flatten(before: list[int] | None, after: list[int] | None) -> bool:
    if not before or not after:
        return False
    return len(after) == 2 and before[0] == after[0] and after[1] == math.prod(before[1:]) > 0


def _drop_unread(graph: onnx.GraphProto) -> None:
    read = {value.name for value in graph.output}
    for node in reversed(list(graph.node)):
        if read.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            read.update(node.input)
