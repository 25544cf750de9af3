"""Transpositions and reshapes between the graph's input and its first layer, moved up to the input itself."""

from __future__ import annotations

import numpy as np

import onnx
from onnx import helper
from shiftwire.onnx.canonical.draft import Draft, attribute, is_quantizer, is_standard
from shiftwire.onnx.canonical.layout import BINARY, ELEMENTWISE

MOVES = ("Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze")


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
