"""Reshapes of every spelling: what is a flatten is Flatten(axis=1), what changes nothing goes."""

from __future__ import annotations

import numpy as np

import onnx
from shiftwire.onnx.canonical.draft import Draft, is_standard, remade
from shiftwire.onnx.canonical.shapes import is_flat

RESHAPES = ("Reshape", "Flatten", "Squeeze", "Unsqueeze")


def unify_flattens(draft: Draft) -> None:
    """Chains of reshapes read the first one's input: then each is idle, a flatten, or one Reshape."""
    for node in list(draft.nodes):
        if is_standard(node, *RESHAPES) and node.input[0] not in draft.constants:
            _unify(draft, node)


def _unify(draft: Draft, node: onnx.NodeProto) -> None:
    source = _source(draft, node)
    before, after = draft.shape(source), draft.shape(node.output[0])
    if before is None or after is None:
        return
    if before == after:
        node.input[0] = source
        draft.bypass(node)
    elif before and is_flat(before, after):
        draft.replace(node, remade(node, "Flatten", [source], axis=1))
    elif before and after and before[0] == after[0]:
        target = draft.constant(f"{node.output[0]}_shape", np.array([0, *after[1:]], np.int64))
        draft.replace(node, remade(node, "Reshape", [source, target]))


def _source(draft: Draft, node: onnx.NodeProto) -> str:
    """What the first reshape of a chain reads."""
    name = node.input[0]
    producer = draft.producer(name)
    while producer is not None and is_standard(producer, *RESHAPES):
        name = producer.input[0]
        producer = draft.producer(name)
    return str(name)
