"""Names a person can read: a node and its output are called after the layer that made them."""

import ast
import inspect
import re
from collections.abc import Collection, Iterable

from torch import nn
from torch.utils import _pytree as pytree

import onnx

_SCOPES = "pkg.torch.onnx.name_scopes"


def input_names(net: nn.Module) -> tuple[str, ...]:
    """What forward() cannot do without, by its names; `x` where that is one tensor, or any number."""
    needed = [
        parameter.name
        for parameter in inspect.signature(net.forward).parameters.values()
        if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    return tuple(needed) if len(needed) > 1 else ("x",)


def output_names(y: object) -> tuple[str, ...]:
    """Of what a net gives: `logits` of one tensor, keys of a dict, `output_0` and so on of a tuple."""
    paths, _ = pytree.tree_flatten_with_path(y)
    words = [plain_word(pytree.keystr(path)) for path, _ in paths]
    return ("logits",) if len(words) == 1 else tuple(f"output_{w}" if w[:1].isdigit() else w for w in words)


def input_shapes(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    """Of one sample, by the names of the inputs."""
    dims = {end.name: end.type.tensor_type.shape.dim[1:] for end in model.graph.input}
    return {name: tuple(int(dim.dim_value) for dim in sides) for name, sides in dims.items()}


def plain_word(text: str) -> str:
    """A text in [A-Za-z0-9_]."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_")


def tidy_names(model: onnx.ModelProto, parents: Collection[str]) -> None:
    """Rename in place to [A-Za-z0-9_]; the graph's own input and output keep their names.

    A node alone in its layer takes the layer's path (`block1.adder` gives block1_adder); one among several, in a
    module listed in `parents`, takes the path and its operation. The exporter's notes on its own work are dropped.
    """
    graph = model.graph
    fixed = {value.name for value in (*graph.input, *graph.output)}
    new_names = {name: name for name in fixed}
    for node in graph.node:
        wanted = _wanted_name(node, parents)
        for output in node.output:
            if output not in fixed:
                new_names[output] = _unique(wanted, new_names.values())
        node.name = new_names[node.output[0]]
    for node in graph.node:
        node.input[:] = [new_names.get(name, name) for name in node.input]
        node.output[:] = [new_names.get(name, name) for name in node.output]
    for value in graph.value_info:
        value.name = new_names.get(value.name, value.name)
    _own_initialisers(graph)
    _drop_notes(model)


def _wanted_name(node: onnx.NodeProto, parents: Collection[str]) -> str:
    notes = {note.key: note.value for note in node.metadata_props}
    scopes: list[str] = ast.literal_eval(notes.get(_SCOPES, "['']"))
    path = scopes[-2] if len(scopes) > 1 else ""
    return plain_name(path) if path and path not in parents else plain_name(f"{path}_{node.op_type.lower()}".strip("_"))


def plain_name(name: str) -> str:
    """A module's path as the file spells it, in [A-Za-z0-9_]."""
    word = re.sub(r"[^A-Za-z0-9_]+", "_", name)
    return f"layer_{word}" if word[:1].isdigit() else word


def _unique(name: str, taken: Iterable[str]) -> str:
    used = set(taken)
    if name not in used:
        return name
    return next(f"{name}_{n}" for n in range(2, len(used) + 3) if f"{name}_{n}" not in used)


def _own_initialisers(graph: onnx.GraphProto) -> None:
    """Every node gets its own, `<node>_<role>`: the exporter makes layers share tensors that happen to be equal."""
    shared = {tensor.name: tensor for tensor in graph.initializer}
    owned: list[onnx.TensorProto] = []
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name in shared:
                tensor = onnx.TensorProto()
                tensor.CopyFrom(shared[name])
                tensor.name = node.input[place] = f"{node.name}_{name.rsplit('.', 1)[-1]}"
                owned.append(tensor)
    del graph.initializer[:]
    graph.initializer.extend(owned)


def _drop_notes(model: onnx.ModelProto) -> None:
    graph = model.graph
    graph.name = "net"
    for holder in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info):
        del holder.metadata_props[:]
    for node in graph.node:
        node.ClearField("doc_string")
    for value in (*graph.input, *graph.output, *graph.value_info):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_param = "batch"
