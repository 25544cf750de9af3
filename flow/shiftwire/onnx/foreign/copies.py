"""Single pixels over a whole image, as a branch behind a global pool comes back: a Resize that repeats them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from shiftwire.onnx.canonical.constants import sizes_of_shapes
from shiftwire.onnx.canonical.draft import Draft, attribute, is_standard, remade

Shape = tuple[int, ...]
Sizes = Mapping[str, npt.NDArray[Any]]
"""Constants, and what a file computes of shapes, by their names."""

MODES = ("nearest", "linear", "cubic")
"""Ways to resize, all of which make copies of an only pixel."""


def unify_copies(draft: Draft) -> None:
    """Expand of axes of one element, and a Resize of any mode along such axes, are one to the nearest."""
    if any(is_standard(node, *_COPIED) for node in draft.nodes):
        sizes = {name: pair[0] for name, pair in sizes_of_shapes(draft).items()} | dict(draft.constants)
        for node in list(draft.nodes):
            copied = _COPIED.get(node.op_type) if is_standard(node, *_COPIED) else None
            shape = None if copied is None else copied(draft, node, sizes)
            if shape is not None:
                _repeat(draft, node, shape)


def _expanded(draft: Draft, node: onnx.NodeProto, sizes: Sizes) -> Shape | None:
    """What an Expand makes; None where channels or the batch become more."""
    before, wanted = draft.shape(node.input[0]), sizes.get(node.input[1])
    if before is None or wanted is None or len(before) < 3 or draft.is_parameter(node.input[0]):
        return None
    after = np.broadcast_shapes(before, tuple(map(int, wanted.ravel())))
    return after if after[:2] == before[:2] and len(after) == len(before) else None


def _resized(draft: Draft, node: onnx.NodeProto, sizes: Sizes) -> Shape | None:
    """What a Resize makes of axes of one element; None where it makes more of others as well."""
    before, after = draft.shape(node.input[0]), draft.shape(node.output[0])
    if before is None or after is None or len(before) < 3 or before[:2] != after[:2] or before == after:
        return None
    repeats = all(old in (new, 1) for old, new in zip(before, after, strict=True))
    is_within = attribute(node, "coordinate_transformation_mode", "half_pixel") != "tf_crop_and_resize"
    return after if repeats and is_within and attribute(node, "mode", "nearest") in MODES else None


def is_copy(draft: Draft, resize: onnx.NodeProto) -> bool:
    """Whether a Resize repeats single pixels, whatever its mode."""
    return _resized(draft, resize, {}) is not None


_COPIED: dict[str, Callable[[Draft, onnx.NodeProto, Sizes], Shape | None]] = {
    "Expand": _expanded,
    "Resize": _resized,
}


def _repeat(draft: Draft, node: onnx.NodeProto, after: Shape) -> None:
    before = draft.shape(node.input[0]) or ()
    if before == after:
        draft.bypass(node)
        return
    factors = [new / old for old, new in zip(before, after, strict=True)]
    scales = draft.constant(f"{node.output[0]}_scales", np.array(factors, np.float32))
    how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor", "mode": "nearest"}
    draft.replace(node, remade(node, "Resize", [node.input[0], "", scales], **how))
