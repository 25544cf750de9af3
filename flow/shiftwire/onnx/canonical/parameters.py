"""Weights and biases that are quantised in the graph, in another layout: data, scale and offset together.

Each function makes new constants and nodes, or makes none and gives None; what was there stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from onnx import helper
from shiftwire.onnx.canonical.draft import Draft, attribute, is_quantizer, is_standard

Array = npt.NDArray[Any]
Move = Callable[[Array], Array]


def transposed(draft: Draft, name: str, perm: Sequence[int]) -> str | None:
    """A parameter with its axes permuted; scales of fewer axes belong to the last ones, as broadcasting has it."""
    return _moved(draft, name, "transposed", lambda array: np.transpose(array, perm), len(perm))


def flattened(draft: Draft, name: str, size: int) -> str | None:
    """A parameter of `size` elements as a vector; its scale is one, or has as many."""
    shape = draft.shape(name)
    if shape == (size,):
        return name
    if shape is None or int(np.prod(shape)) != size or not _fits(draft, name, {1, size}):
        return None
    return _moved(draft, name, "flat", np.ravel, len(shape))


def columns(draft: Draft, name: str, order: npt.NDArray[np.int64]) -> str | None:
    """A weight (out, in) with its inputs in another order, and its scales where they differ between inputs."""

    def ordered(array: Array) -> Array:
        moved: Array = array[:, order] if array.shape[1] == len(order) else array
        return moved

    return _moved(draft, name, "columns", ordered, 2)


def rows(draft: Draft, name: str, order: npt.NDArray[np.int64]) -> str | None:
    """The same for a weight (in, out)."""

    def ordered(array: Array) -> Array:
        moved: Array = array[order] if len(array) == len(order) else array
        return moved

    return _moved(draft, name, "rows", ordered, 2)


def _moved(draft: Draft, name: str, wish: str, move: Move, rank: int) -> str | None:
    return _made(draft, name, wish, move, rank) if _can_move(draft, name, rank) else None


def _can_move(draft: Draft, name: str, rank: int) -> bool:
    """Whether all that makes a parameter is known, and no part has more axes than the parameter."""
    if name in draft.constants:
        return draft.constants[name].ndim <= rank or draft.constants[name].size == 1
    made = draft.producer(name)
    if made is not None and is_standard(made, "Transpose"):
        held = draft.shape(made.input[0])
        return held is not None and len(held) == rank and _can_move(draft, made.input[0], rank)
    return made is not None and is_quantizer(made) and all(_can_move(draft, part, rank) for part in made.input if part)


def _fits(draft: Draft, name: str, sizes: set[int]) -> bool:
    """Whether every constant behind a parameter has one of these sizes."""
    if name in draft.constants:
        return draft.constants[name].size in sizes
    made = draft.producer(name)
    return made is not None and all(_fits(draft, part, sizes) for part in made.input if part)


def _made(draft: Draft, name: str, wish: str, move: Move, rank: int) -> str:
    if name in draft.constants:
        return _made_constant(draft, name, wish, move, rank)
    made = draft.producer(name)
    assert made is not None, name
    if is_standard(made, "Transpose"):
        perm = attribute(made, "perm", list(range(rank))[::-1])
        return _made(draft, made.input[0], wish, lambda array: move(np.transpose(array, perm)), rank)
    inputs = [_made(draft, part, wish, move, rank) if part else "" for part in made.input]
    return _made_node(draft, made, inputs, f"{name}_{wish}")


def _made_node(draft: Draft, made: onnx.NodeProto, inputs: Sequence[str], wish: str) -> str:
    output = draft.fresh(wish)
    node = helper.make_node(made.op_type, list(inputs), [output], name=output, domain=made.domain)
    node.attribute.extend(made.attribute)
    draft.nodes.insert(draft.nodes.index(made), node)
    return output


def _made_constant(draft: Draft, name: str, wish: str, move: Move, rank: int) -> str:
    """Scalars, such as a bit width, are the same in every layout."""
    array = draft.constants[name]
    if array.size == 1 and array.ndim != rank:
        return name
    return draft.constant(f"{name}_{wish}", move(array.reshape((1,) * (rank - array.ndim) + array.shape)), name)
