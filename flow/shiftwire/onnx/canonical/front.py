"""Transpositions and reshapes that are the host's: in front of the first layer, at the graph's input itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

import onnx
from onnx import helper
from shiftwire.onnx.canonical.draft import REDUCTIONS, Draft, attribute, axes_of, is_quantizer, is_standard
from shiftwire.onnx.canonical.layout import BINARY, ELEMENTWISE, cancel_transposes

MOVES = ("Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze")


def turn_inputs(draft: Draft) -> None:
    """An input that the host transposes, where fewer nodes are then in another layout than layers have.

    So those of a branch in front of a convolution are undone by what a branch beside it gets.
    """
    for at, value in enumerate(draft.inputs):
        stuck, rank = _stuck(draft), len(draft.shape(value.name) or ())
        perms = [tuple(attribute(node, "perm", range(rank)[::-1])) for node in stuck if node.op_type == "Transpose"]
        inverse = [tuple(sorted(range(len(perm)), key=perm.__getitem__)) for perm in perms]
        channels_first = (0, rank - 1, *range(1, rank - 1))
        for perm in dict.fromkeys([*perms, *inverse, channels_first] if stuck and rank > 2 else []):
            if len(perm) == rank and perm[0] == 0:
                nodes, constants = draft.nodes, draft.constants
                draft.nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
                _turn(draft, at, perm)
                if len(_stuck(draft)) < len(stuck):
                    break
                draft.nodes, draft.constants = nodes, constants
                draft.infer()


def _turn(draft: Draft, at: int, perm: tuple[int, ...]) -> None:
    """The graph as it is where its input comes transposed by `perm`, and that Transpose in front."""
    value = draft.inputs[at]
    turned, back = draft.fresh(f"{value.name}_turned"), draft.fresh(f"{value.name}_back")
    for node in draft.nodes:
        node.input[:] = [back if name == value.name else name for name in node.input]
    inverse = sorted(range(len(perm)), key=perm.__getitem__)
    draft.nodes.insert(0, helper.make_node("Transpose", [turned], [back], name=back, perm=inverse))
    dims = value.type.tensor_type.shape.dim
    draft.inputs[at] = onnx.ValueInfoProto.FromString(value.SerializeToString())
    draft.inputs[at].name = turned
    for axis, source in enumerate(perm):
        draft.inputs[at].type.tensor_type.shape.dim[axis].CopyFrom(dims[source])
    cancel_transposes(draft)
    draft.inputs[at] = value
    draft.nodes.insert(0, helper.make_node("Transpose", [value.name], [turned], name=turned, perm=perm))
    draft.infer()


def _stuck(draft: Draft) -> list[onnx.NodeProto]:
    """Transposes between layers, which no host can do, and layers along axes that no layer here has."""
    turns = [node for node in draft.nodes if is_standard(node, "Transpose")]
    before = _reached(draft, draft.nodes, lambda node: (node.input, node.output)) if turns else set()
    behind = _reached(draft, draft.nodes[::-1], lambda node: (node.output, node.input)) if turns else set()
    between = [
        node
        for node in turns
        if node.output[0] in behind and (node.input[0] in before or _is_beside_another(draft, node))
    ]
    return between + [node for node in draft.nodes if _is_misplaced(draft, node)]


def _is_misplaced(draft: Draft, node: onnx.NodeProto) -> bool:
    """Whether a layer joins or averages along the axes that channels-last tensors have for it."""
    rank = len(draft.shape(node.input[0]) or ()) if node.input else 0
    if rank < 3:
        return False
    if is_standard(node, "Concat"):
        return axes_of(node, [attribute(node, "axis", 0)], rank) == [rank - 1]
    axes = draft.constants.get(node.input[1]) if is_standard(node, *REDUCTIONS) and len(node.input) > 1 else None
    return axes is not None and sorted(axes_of(node, axes.ravel(), rank)) == list(range(1, rank - 1))


Ends = Callable[[onnx.NodeProto], tuple[Iterable[str], Iterable[str]]]


def _reached(draft: Draft, nodes: Iterable[onnx.NodeProto], ends: Ends) -> set[str]:
    """Tensors on the far side of a layer, for nodes that are walked from the near side."""
    far_side: set[str] = set()
    for node in nodes:
        near, far = ends(node)
        if _is_layer(draft, node) or far_side & set(near):
            far_side.update(far)
    return far_side


def _is_layer(draft: Draft, node: onnx.NodeProto) -> bool:
    """Whether a node, by its kind, stands neither in front of all layers nor behind them."""
    if is_standard(node, *BINARY):
        return not any(name in draft.constants for name in node.input)
    return not (is_standard(node, *ELEMENTWISE, *MOVES) or is_quantizer(node))


def _is_beside_another(draft: Draft, move: onnx.NodeProto) -> bool:
    """Whether something else reads what it moves, or what that is made of."""
    reader, name = move, move.input[0]
    while (producer := draft.producer(name)) is not None:
        if any(other is not reader and not _moves_alike(other, move) for other in draft.consumers(name)):
            return True
        reader, name = producer, producer.input[0]
    return False


def raise_moves(draft: Draft) -> None:
    """f(x) moved becomes f(moved x) along every chain from the graph input that nothing else reads."""
    front = {value.name for value in draft.inputs}
    for node in list(draft.nodes):
        is_there = any(node is left for left in draft.nodes)
        if is_there and is_standard(node, *MOVES) and node.input[0] not in draft.constants:
            chain = _chain(draft, node, front)
            if chain:
                front.add(_raise(draft, node, chain))
            elif node.input[0] in front:
                front.add(node.output[0])


def _chain(draft: Draft, move: onnx.NodeProto, front: set[str]) -> list[onnx.NodeProto]:
    """Elementwise nodes from the graph input, or moves of it alone, down to the move; empty where there are none."""
    chain: list[onnx.NodeProto] = []
    name = move.input[0]
    while name not in front:
        producer = draft.producer(name)
        if producer is None or name in draft.outputs or not _may_follow(draft, producer, move):
            return []
        if not all(reader is move or _moves_alike(reader, move) for reader in draft.consumers(name)) and (
            name == move.input[0] or not draft.is_read_once(name)
        ):
            return []
        chain.append(producer)
        name = producer.input[0]
    return chain[::-1]


def _moves_alike(node: onnx.NodeProto, move: onnx.NodeProto) -> bool:
    """Whether two nodes that read one tensor make the same of it."""
    same = list(node.input) == list(move.input) and node.op_type == move.op_type and node.domain == move.domain
    return same and list(node.attribute) == list(move.attribute)


def _may_follow(draft: Draft, node: onnx.NodeProto, move: onnx.NodeProto) -> bool:
    """Whether a node does the same behind the move: each number by itself, its constants single ones or transposed."""
    if not (is_standard(node, *ELEMENTWISE, *BINARY) or is_quantizer(node)):
        return False
    if any(name and name not in draft.constants for name in node.input[1:]):
        return False
    sizes = [draft.constants[name].size for name in node.input[1:] if name]
    return is_standard(move, "Transpose") or all(size == 1 for size in sizes)


def _raise(draft: Draft, move: onnx.NodeProto, chain: list[onnx.NodeProto]) -> str:
    """Put the move in front of the chain; returns what it makes there."""
    source = chain[0].input[0]
    rank = len(draft.shape(source) or ())
    perm = attribute(move, "perm", list(range(rank))[::-1])
    moved = draft.fresh(f"{source}_moved")
    first = helper.make_node(move.op_type, [source, *move.input[1:]], [moved], name=move.name or moved)
    first.attribute.extend(move.attribute)
    draft.nodes.insert(draft.nodes.index(chain[0]), first)
    for node in chain:
        node.input[0] = moved if node is chain[0] else node.input[0]
        for at, name in enumerate(node.input[1:], start=1):
            if name:
                node.input[at] = _moved_constant(draft, name, perm if is_standard(move, "Transpose") else None)
    last = chain[-1].output[0]
    alike = [node for node in draft.nodes if node is not first and _moves_alike(node, move)]
    gone = {node.output[0] for node in alike}
    draft.nodes[:] = [node for node in draft.nodes if not any(node is other for other in alike)]
    for node in draft.nodes:
        for place, name in enumerate(node.input):
            if name in gone:
                node.input[place] = last
    if move.output[0] in draft.outputs:
        chain[-1].output[0] = move.output[0]
    return moved


def _moved_constant(draft: Draft, name: str, perm: list[int] | None) -> str:
    """A constant as it broadcasts behind the move: transposed, or a single number of no axes."""
    c = draft.constants[name]
    if c.size == 1:
        return name if c.ndim == 0 else draft.constant(f"{name}_single", c.reshape(()))
    rank = len(perm or ())
    return draft.constant(f"{name}_moved", np.transpose(c.reshape((1,) * (rank - c.ndim) + c.shape), perm))
