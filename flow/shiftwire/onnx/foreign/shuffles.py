"""Splits are slices of one tensor, shuffles spelled by Reshape and Transpose are the operations that they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

import onnx
from onnx import helper
from shiftwire.errors import InputError, noted
from shiftwire.onnx.canonical.draft import Draft, attribute, axes_of, is_standard, place_of, remade
from shiftwire.onnx.canonical.front import MOVES
from shiftwire.onnx.canonical.opset import FILE_KIND, kind_in_file
from shiftwire.onnx.foreign.lowered import is_front

MOST_PLACES = 1 << 22
"""Numbers of a sample up to which it is worth following where each of them goes."""

Places = npt.NDArray[np.int64]


def unify_shuffles(draft: Draft) -> None:
    """Slice for every Split; Gather, DepthToSpace and SpaceToDepth for the moves that do the same."""
    for node in list(draft.nodes):
        if is_standard(node, "Split") and node.input[0] not in draft.constants:
            with noted(place_of(node)):
                _slices(draft, node)
    for node in list(draft.nodes):
        if is_standard(node, *MOVES):
            _shuffle(draft, node)


def _slices(draft: Draft, node: onnx.NodeProto) -> None:
    shape = draft.shape(node.input[0])
    if shape is None:
        return
    (axis,) = axes_of(node, [attribute(node, "axis", 0)], len(shape))
    sizes = _sizes(draft, node, shape[axis])
    if sizes is None:
        return
    if len(sizes) != len(node.output) or sum(sizes) != shape[axis] or min(sizes) < 0:
        raise InputError(
            f"parts of {sizes} do not make the {shape[axis]} of axis {axis}; give one for each of the "
            f"{len(node.output)} outputs"
        )
    ends = np.cumsum(sizes)
    slices = []
    for output, end, size in zip(node.output, ends, sizes, strict=True):
        numbers = (("start", end - size), ("end", end), ("axis", axis))
        names = [draft.constant(f"{output}_{key}", np.array([value], np.int64)) for key, value in numbers]
        part = helper.make_node("Slice", [node.input[0], *names], [output], name=output)
        part.metadata_props.add(key=FILE_KIND, value=kind_in_file(node))
        slices.append(part)
    draft.replace(node, *slices)


def _sizes(draft: Draft, node: onnx.NodeProto, whole: int) -> list[int] | None:
    """Of each part: by input since opset 13, by attribute before, or alike with the last one smaller."""
    if len(node.input) > 1 and node.input[1]:
        split = draft.constants.get(node.input[1])
        return None if split is None else [int(size) for size in split.ravel()]
    own = attribute(node, "split")
    if own is not None:
        return [int(size) for size in own]
    count = len(node.output)
    part = -(-whole // count)
    return [part] * (count - 1) + [whole - part * (count - 1)]


def _shuffle(draft: Draft, node: onnx.NodeProto) -> None:
    """The last of a chain of moves with a Transpose in it, unless it is the host's in front of the first layer."""
    chain = _chain(draft, node)
    source = chain[0].input[0]
    if len(chain) < 3 or not any(is_standard(move, "Transpose") for move in chain[1:-1]) or is_front(draft, source):
        return
    before, after = draft.shape(source), draft.shape(node.output[0])
    places = _followed(draft, chain)
    if before is None or after is None or places is None or len(before) != len(after):
        return
    image = np.arange(places.size).reshape(before[1:])
    candidates = (*_permutations(image, places), *_blocks(image, after[1:]))
    spelling = next((maker for maker, moved in candidates if np.array_equal(moved, places)), None)
    if spelling is not None:
        draft.replace(node, *spelling(draft, node, source))


def _chain(draft: Draft, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Moves that end in the node, each read by the next alone."""
    chain = [node]
    while (producer := draft.producer(chain[0].input[0])) is not None:
        if not is_standard(producer, *MOVES) or not draft.is_read_once(chain[0].input[0]):
            break
        chain.insert(0, producer)
    return chain


def _followed(draft: Draft, chain: list[onnx.NodeProto]) -> Places | None:
    """Where each number of a sample that the chain makes was before; None where the batch moves."""
    shapes = [draft.shape(name) for name in (chain[0].input[0], *(move.output[0] for move in chain))]
    known = [shape for shape in shapes if shape]
    if len(known) < len(shapes) or len({shape[0] for shape in known}) > 1:
        return None
    if np.prod(known[0][1:]) > MOST_PLACES:
        return None
    places = np.arange(np.prod(known[0][1:], dtype=np.int64)).reshape(known[0][1:])
    for move, shape in zip(chain, known[1:], strict=True):
        if is_standard(move, "Transpose"):
            perm = attribute(move, "perm", list(range(places.ndim + 1))[::-1])
            if perm[0] != 0:
                return None
            places = places.transpose([axis - 1 for axis in perm[1:]])
        else:
            places = places.reshape(shape[1:])
    return places


Maker = Callable[[Draft, onnx.NodeProto, str], list[onnx.NodeProto]]


def _permutations(image: Places, places: Places) -> Iterator[tuple[Maker, Places]]:
    """Whole channels in another order."""
    if image.shape == places.shape:
        order = places.reshape(len(image), -1)[:, 0] // (image.size // len(image))
        if order.tolist() != list(range(len(order))):
            yield _gather(order), image[order]


def _blocks(image: Places, after: tuple[int, ...]) -> Iterator[tuple[Maker, Places]]:
    """Samples `after` (C, H, W) that an image (C, H, W) makes where depth becomes space, or space depth."""
    if image.ndim != 3:
        return
    (channels, height, width), (rest, high, wide) = image.shape, after
    if wide * height != high * width:
        return
    if high > height and high % height == 0:
        block = high // height
        for mode, shape, perm in (
            ("DCR", (block, block, rest, height, width), (2, 3, 0, 4, 1)),
            ("CRD", (rest, block, block, height, width), (0, 3, 1, 4, 2)),
        ):
            yield _depth_to_space(block, mode), image.reshape(shape).transpose(perm).reshape(after)
    if high < height and height % high == 0:
        block = height // high
        blocks = image.reshape(channels, high, block, wide, block)
        yield _space_to_depth(block, None), blocks.transpose(2, 4, 0, 1, 3).reshape(after)
        order = np.arange(rest).reshape(block, block, channels).transpose(2, 0, 1).ravel()
        yield _space_to_depth(block, order), blocks.transpose(0, 2, 4, 1, 3).reshape(after)


def _gather(order: Places) -> Maker:
    def make(draft: Draft, node: onnx.NodeProto, source: str) -> list[onnx.NodeProto]:
        indices = draft.constant(f"{node.output[0]}_channels", order)
        return [remade(node, "Gather", [source, indices], axis=1)]

    return make


def _depth_to_space(block: int, mode: str) -> Maker:
    return lambda draft, node, source: [remade(node, "DepthToSpace", [source], blocksize=block, mode=mode)]


def _space_to_depth(block: int, order: Places | None) -> Maker:
    """With the channels in another order behind it, if one is given."""

    def make(draft: Draft, node: onnx.NodeProto, source: str) -> list[onnx.NodeProto]:
        if order is None:
            return [remade(node, "SpaceToDepth", [source], blocksize=block)]
        inner = draft.fresh(f"{node.output[0]}_blocks")
        blocks = helper.make_node("SpaceToDepth", [source], [inner], name=inner, blocksize=block)
        return [blocks, *_gather(order)(draft, node, inner)]

    return make
