"""Weights and biases that are quantized in the graph, in another layout: data, scale and offset together.

Each function makes new constants and nodes, or makes none and gives None; what was there stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from onnx import helper
from shiftwire.onnx.canonical.draft import SCALING, Draft, attribute, is_quantizer, is_standard
from shiftwire_hls.quantizers import CONTRACT_DOMAIN

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


def reshaped(draft: Draft, name: str, shape: Sequence[int]) -> str | None:
    """A parameter without an axis of one element; scales of fewer axes lose it where they have it."""
    before = draft.shape(name)
    if before is None or int(np.prod(before)) != int(np.prod(shape)) or len(shape) != len(before) - 1:
        return None
    gone = next(
        at for at in range(len(before)) if (*before[:at], *before[at + 1 :]) == tuple(shape) and before[at] == 1
    )
    return _moved(draft, name, "line", lambda array: np.squeeze(array, gone), len(before))


def dilated(draft: Draft, name: str, dilations: Sequence[int]) -> str | None:
    """A kernel (out, in, ...) with zeros between its taps."""
    shape = draft.shape(name)
    if shape is None or len(shape) != len(dilations) + 2:
        return None

    def spread(array: Array) -> Array:
        sizes = [(size - 1) * step + 1 for size, step in zip(array.shape[2:], dilations, strict=True)]
        wide = np.zeros((*array.shape[:2], *sizes), array.dtype)
        wide[(slice(None), slice(None), *(slice(None, None, step) for step in dilations))] = array
        return wide

    return _moved(draft, name, "dilated", spread, len(shape))


def rearranged(draft: Draft, name: str, wish: str, move: Move, rank: int) -> str | None:
    """A parameter of `rank` axes after a move of its data, which gives scales of some or no axes as many as it has."""
    return _moved(draft, name, wish, move, rank)


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
    return _moved_copy(draft, name, wish, move, rank) if _can_move(draft, name, rank) else None


def _can_move(draft: Draft, name: str, rank: int) -> bool:
    """Whether all that makes a parameter is known, and no part has more axes than the parameter."""
    if name in draft.constants:
        return draft.constants[name].ndim <= rank or draft.constants[name].size == 1
    producer = draft.producer(name)
    if producer is not None and is_standard(producer, "Transpose"):
        shape = draft.shape(producer.input[0])
        return shape is not None and len(shape) == rank and _can_move(draft, producer.input[0], rank)
    if producer is not None and is_standard(producer, "Add", "Sub") and draft.shape(name) is None:
        return False
    return (
        producer is not None
        and (is_quantizer(producer) or is_standard(producer, *SCALING))
        and all(_can_move(draft, part, rank) for part in producer.input if part)
    )


def _fits(draft: Draft, name: str, sizes: set[int]) -> bool:
    """Whether every constant behind a parameter has one of these sizes."""
    if name in draft.constants:
        return draft.constants[name].size in sizes
    producer = draft.producer(name)
    return producer is not None and all(_fits(draft, part, sizes) for part in producer.input if part)


def _moved_copy(
    draft: Draft, name: str, wish: str, move: Move, rank: int, *, shape: tuple[int, ...] | None = None
) -> str:
    if name in draft.constants:
        return _moved_constant(draft, name, wish, move, rank, shape=shape)
    producer = draft.producer(name)
    assert producer is not None, name
    if is_standard(producer, "Transpose"):
        perm = attribute(producer, "perm", list(range(rank))[::-1])
        return _moved_copy(draft, producer.input[0], wish, lambda array: move(np.transpose(array, perm)), rank)
    total = draft.shape(name) if is_standard(producer, "Add", "Sub") else None
    inputs = [_moved_copy(draft, part, wish, move, rank, shape=total) if part else "" for part in producer.input]
    return _moved_node(draft, producer, inputs, f"{name}_{wish}")


def _moved_node(draft: Draft, producer: onnx.NodeProto, inputs: Sequence[str], wish: str) -> str:
    output = draft.fresh(wish)
    node = helper.make_node(producer.op_type, list(inputs), [output], name=output, domain=producer.domain)
    node.attribute.extend(producer.attribute)
    draft.nodes.insert(draft.nodes.index(producer), node)
    return output


def _moved_constant(draft: Draft, name: str, wish: str, move: Move, rank: int, *, shape: tuple[int, ...] | None) -> str:
    """Scalars, such as a bit width, are the same in every layout; what is added gets the `shape` of its sum.

    A move may put in zeros, to which nothing is added.
    """
    array = draft.constants[name]
    if shape is not None:
        return draft.constant(f"{name}_{wish}", move(np.broadcast_to(array, shape)), name)
    if array.size == 1 and array.ndim != rank:
        return name
    return draft.constant(f"{name}_{wish}", move(array.reshape((1,) * (rank - array.ndim) + array.shape)), name)


def scaled_node(draft: Draft, codes: Array, scale: Array, output: str, origin: str | None = None) -> onnx.NodeProto:
    """The contract's Scaled of two new constants."""
    names = [
        draft.constant(f"{output}_codes", codes.astype(np.int64), origin),
        draft.constant(f"{output}_scale", scale.astype(np.float32)),
    ]
    return helper.make_node("Scaled", names, [output], name=output, domain=CONTRACT_DOMAIN)


def along(row: Array, axis: int, rank: int) -> Array:
    """A row of an axis as it broadcasts against a tensor; a single number as ()."""
    if row.size == 1:
        return row.reshape(())
    return row.reshape([-1 if at == axis % rank else 1 for at in range(rank)])
