"""Weights and biases that are quantised in the graph, moved to another layout: data, scale and offset together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import helper

from shiftwire.onnx_import.canonical.draft import Draft, attribute, is_quantizer, is_standard

Array = npt.NDArray[Any]


def transposed(draft: Draft, name: str, perm: Sequence[int]) -> str | None:
    """A parameter with its axes permuted; None where a scale has another rank than its data."""
    return _moved(draft, name, "transposed", lambda array: np.transpose(array, perm), len(perm))


def flattened(draft: Draft, name: str, size: int) -> str | None:
    """A parameter of `size` elements as a vector."""
    shape = draft.shape(name)
    if shape == (size,):
        return name
    return _moved(draft, name, "flat", np.ravel, len(shape or ()))


def columns(draft: Draft, name: str, order: npt.NDArray[np.int64]) -> str | None:
    """A weight (out, in) with its inputs in another order; scales must be one for each output at most."""

    def ordered(array: Array) -> Array:
        moved: Array = array[:, order] if array.shape[1] == len(order) else array
        return moved

    return _moved(draft, name, "columns", ordered, 2)


def _moved(draft: Draft, name: str, wish: str, move: Callable[[Array], Array], rank: int) -> str | None:
    if name in draft.constants:
        return _moved_constant(draft, name, wish, move, rank)
    made = draft.producer(name)
    if made is not None and is_standard(made, "Transpose"):
        before = transposed(draft, made.input[0], attribute(made, "perm", list(range(rank))[::-1]))
        return None if before is None else _moved(draft, before, wish, move, rank)
    if made is None or not is_quantizer(made):
        return None
    inputs = [_moved(draft, source, wish, move, rank) if source else "" for source in made.input]
    if any(source is None for source in inputs):
        return None
    output = draft.fresh(f"{name}_{wish}")
    node = helper.make_node(made.op_type, [str(source) for source in inputs], [output], name=output, domain=made.domain)
    node.attribute.extend(made.attribute)
    draft.nodes.insert(draft.nodes.index(made), node)
    return output


def _moved_constant(draft: Draft, name: str, wish: str, move: Callable[[Array], Array], rank: int) -> str | None:
    """Scalars, such as a bit width, stay where they are."""
    array = draft.constants[name]
    if array.size == 1 and array.ndim != rank:
        return name
    if array.ndim != rank:
        return None
    if draft.is_read_once(name):
        draft.constants[name] = np.ascontiguousarray(move(array))
        return name
    return draft.constant(f"{name}_{wish}", move(array))
