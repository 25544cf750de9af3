"""What torch's exporter spells as arithmetic on shapes, said in one plain operation each."""

import math
from collections.abc import Sequence

import onnx
from onnx import helper

_SPREADING = ("Reshape", "Expand", "CastLike")


def plain_graph(graph: onnx.GraphProto) -> None:
    """Rewrite in place: flattening reshapes, means over the picture, pads, bounds; then drop what nothing reads."""
    _flatten_reshapes(graph)
    _constant_reshapes(graph)
    _sequence_parts(graph)
    _chained_means(graph)
    _global_means(graph)
    _line_means(graph)
    _constant_pads(graph)
    _cast_numbers(graph)
    _zero_biases(graph)
    _drop_unread(graph)


def _flatten_reshapes(graph: onnx.GraphProto) -> None:
    """Each Reshape from (batch, ...) to (batch, all the rest) becomes a Flatten."""
    shapes = _shapes(graph)
    for node in graph.node:
        if node.op_type == "Reshape" and _is_flatten(shapes.get(node.input[0]), shapes.get(node.output[0])):
            _become(node, "Flatten", node.input[:1], axis=1)


def _constant_reshapes(graph: onnx.GraphProto) -> None:
    """Each Reshape that leaves the batch alone gets the sizes of a sample as numbers, whatever computed them."""
    shapes = _shapes(graph)
    for node in graph.node:
        before, after = shapes.get(node.input[0], []) if node.input else [], shapes.get(node.output[0], [])
        is_open = bool(before and after) and before[0] == after[0] == 0
        if node.op_type == "Reshape" and is_open and math.prod(before[1:]) == math.prod(after[1:]) > 0:
            node.input[1] = f"{node.output[0]}.shape"
            del node.attribute[:]
            graph.initializer.append(
                helper.make_tensor(node.input[1], onnx.TensorProto.INT64, [len(after)], [0, *after[1:]])
            )


def _sequence_parts(graph: onnx.GraphProto) -> None:
    """Each part of a SplitToSequence with equal parts, as torch's chunk and split make them, becomes a Slice."""
    splits = {node.output[0]: node for node in graph.node if node.op_type == "SplitToSequence"}
    for node in graph.node:
        split = splits.get(node.input[0]) if node.op_type == "SequenceAt" else None
        if split is None:
            continue
        sizes, at = [int(size) for size in _constant(graph, split.input[1])], int(_constant(graph, node.input[1])[0])
        axis = next((a.i for a in split.attribute if a.name == "axis"), 0)
        start, end = (sum(sizes[:at]), sum(sizes[: at + 1])) if len(sizes) > 1 else (at * sizes[0], (at + 1) * sizes[0])
        _become(node, "Slice", [split.input[0]])
        for role, value in (("starts", start), ("ends", end), ("axes", axis)):
            node.input.append(f"{node.output[0]}.{role}")
            graph.initializer.append(helper.make_tensor(node.input[-1], onnx.TensorProto.INT64, [1], [value]))


def _chained_means(graph: onnx.GraphProto) -> None:
    """A mean over the width and then one over the height are one over both."""
    shapes = _shapes(graph)
    makers = {node.output[0]: node for node in graph.node if node.op_type == "ReduceMean" and len(node.input) > 1}
    for node in makers.values():
        first = makers.get(node.input[0])
        rank = len(shapes.get(first.input[0], ())) if first is not None else 0
        if first is None or rank != 4 or any(a.name == "keepdims" and a.i for a in first.attribute):
            continue
        if [int(axis) % 4 for axis in _constant(graph, first.input[1])] != [3]:
            continue
        if [int(axis) % 3 for axis in _constant(graph, node.input[1])] == [2]:
            node.input[0], node.input[1] = first.input[0], f"{node.output[0]}.axes"
            graph.initializer.append(helper.make_tensor(node.input[1], onnx.TensorProto.INT64, [2], [2, 3]))


def _line_means(graph: onnx.GraphProto) -> None:
    """torch's mean of a line makes it a picture of height 1 and back, which nobody needs."""
    shapes = _shapes(graph)
    makers = {output: node for node in graph.node for output in node.output}
    for node in graph.node:
        pool = makers.get(node.input[0]) if node.op_type == "Squeeze" else None
        widened = makers.get(pool.input[0]) if pool is not None and pool.op_type == "GlobalAveragePool" else None
        if widened is None or widened.op_type != "Unsqueeze":
            continue
        line, result = shapes.get(widened.input[0], []), shapes.get(node.output[0], [])
        if len(line) == 3 and result == [*line[:2], 1]:
            _become(node, "GlobalAveragePool", [widened.input[0]])


def _global_means(graph: onnx.GraphProto) -> None:
    """Each ReduceMean over all of (height, width) becomes a GlobalAveragePool, and a Flatten if it drops the axes."""
    shapes = _shapes(graph)
    for place, node in reversed(list(enumerate(graph.node))):
        rank = len(shapes.get(node.input[0], ())) if node.input else 0
        if node.op_type != "ReduceMean" or rank < 3 or len(node.input) < 2:
            continue
        axes = {axis % rank for axis in _constant(graph, node.input[1])}
        if axes != set(range(2, rank)):
            continue
        keeps = any(a.name == "keepdims" and a.i == 1 for a in node.attribute)
        (result,) = node.output
        _become(node, "GlobalAveragePool", node.input[:1])
        if not keeps:
            node.output[0] = f"{result}_pooled"
            flat = helper.make_node("Flatten", node.output, [result], name=f"{node.name}_flatten", axis=1)
            flat.metadata_props.extend(node.metadata_props)
            graph.node.insert(place + 1, flat)


def _constant_pads(graph: onnx.GraphProto) -> None:
    """Sizes of a Pad as initialisers: a Constant node is no weight, and the contract knows none."""
    for node in graph.node:
        if node.op_type == "Pad":
            sides = _constant(graph, node.input[1])
            node.input[1] = f"{node.output[0]}.pads"
            pads = helper.make_tensor(node.input[1], onnx.TensorProto.INT64, [len(sides)], list(sides))
            graph.initializer.append(pads)
            value = _constant(graph, node.input[2]) if len(node.input) > 2 else ()
            del node.input[2:]
            if any(value):
                node.input.append(f"{node.output[0]}.value")
                graph.initializer.append(helper.make_tensor(node.input[2], onnx.TensorProto.FLOAT, [], list(value)))


def _cast_numbers(graph: onnx.GraphProto) -> None:
    """A number cast to the type of what it meets, such as a bound of ReLU6, is a float initialiser."""
    makers = {output: node for node in graph.node for output in node.output}
    for node in graph.node:
        for place, name in enumerate(node.input):
            maker = makers.get(name)
            values = _constant(graph, name) if maker is not None and maker.op_type == "CastLike" else ()
            if len(values) == 1:
                node.input[place] = f"{node.output[0]}.{'min' if place == 1 else 'max' if place == 2 else 'number'}"
                scalar = helper.make_tensor(node.input[place], onnx.TensorProto.FLOAT, [], list(values))
                graph.initializer.append(scalar)


def _zero_biases(graph: onnx.GraphProto) -> None:
    """A Conv without bias gets one of zeros from the exporter, spread at run time; take it away."""
    for node in graph.node:
        if node.op_type == "Conv" and len(node.input) == 3:
            values = _constant(graph, node.input[2])
            if values and not any(values):
                del node.input[2:]


def _constant(graph: onnx.GraphProto, name: str) -> Sequence[float]:
    """The distinct places of a tensor made of constants by reshapes and spreading alone; empty for any other."""
    for tensor in graph.initializer:
        if tensor.name == name:
            return [value.item() for value in onnx.numpy_helper.to_array(tensor).ravel()]
    maker = next((node for node in graph.node if name in node.output), None)
    if maker is None or maker.op_type not in ("Constant", *_SPREADING):
        return ()
    if maker.op_type != "Constant":
        return _constant(graph, maker.input[0])
    value = helper.get_attribute_value(maker.attribute[0])
    if isinstance(value, onnx.TensorProto):
        return [entry.item() for entry in onnx.numpy_helper.to_array(value).ravel()]
    return list(value) if isinstance(value, Sequence) else [value]


def _become(node: onnx.NodeProto, op: str, inputs: Sequence[str], **attributes: int) -> None:
    kept = list(inputs)
    node.op_type = op
    del node.input[:]
    node.input.extend(kept)
    del node.attribute[:]
    node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())


def _shapes(graph: onnx.GraphProto) -> dict[str, list[int]]:
    """0 stands for a size that is no number, such as the batch's."""
    values = (*graph.input, *graph.value_info, *graph.output)
    return {value.name: [int(dim.dim_value) for dim in value.type.tensor_type.shape.dim] for value in values}


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
